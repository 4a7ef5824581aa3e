"""A server on this machine for the tests of `http.send`, with or without TLS, that answers as its paths say."""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Handler(BaseHTTPRequestHandler):
    """Answers."""

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self) -> None:
        server: Any = self.server
        server.requests.append(f"{self.command} {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        path = self.path.partition("?")[0]
        if path == "/echo":
            seen = {name: value for name, value in self.headers.items() if name.startswith("X-")}
            seen["Content-Type"] = self.headers.get("Content-Type") or ""
            self.send(
                200, json.dumps({"method": self.command, "path": self.path, "body": body, "headers": seen})
            )
        elif path == "/yaml":
            self.send(200, "a: [1, 2]\n", {"Content-Type": "application/yaml"})
        elif path == "/text":
            self.send(200, '{"a": 1}', {"Content-Type": "text/plain"})
        elif path == "/broken":
            self.send(200, "{", {"Content-Type": "application/json; charset=utf-8"})
        elif path == "/bytes":
            self.send(200, b"\xff\xfe", {"Content-Type": "application/octet-stream"})
        elif path == "/headers":
            self.send(200, "", {"X-One": "1", "X-ONE": "2", "x-Two": "é"})
        elif path.startswith("/status/"):
            self.send(int(path.rpartition("/")[2]), "{}")
        elif path.startswith("/redirect/"):
            _, _, status, *rest = path.split("/")
            self.send(int(status), "", {"Location": "/" + "/".join(rest)})
        elif path == "/away":
            self.send(302, "", {"Location": f"http://localhost:{server.server_port}/echo"})
        elif path == "/loop":
            self.send(302, "", {"Location": "/loop"})
        elif path == "/count":
            server.count += 1
            self.send(200, json.dumps(server.count), {"Cache-Control": "max-age=100"})
        elif path == "/slow":
            self.drip(b"x" * 50)
        elif path == "/slow-headers":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n")
            self.drip(b"X-A: " + b"b" * 50)
        elif path == "/large":
            self.send(200, b"x" * 10_000_001)
        elif path == "/truncated":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 100\r\n\r\nabc")
        elif path == "/chunked":
            self.wfile.write(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            self.wfile.write(b"3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n")
        elif path == "/flaky" and server.count == 0:
            server.count += 1
            self.connection.close()
        elif path == "/garbage":
            self.wfile.write(b"\x00\x01\x02\r\n\r\n")
        else:
            self.send(200, "null")

    def send(self, status: int, body: str | bytes, headers: dict[str, str] | None = None) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.wfile.write(f"HTTP/1.1 {status} {self.responses[status][0]}\r\nConnection: close\r\n".encode())
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.wfile.write(f"{name}: {value}\r\n".encode())
        self.wfile.write(f"Date: {format_datetime(datetime.now(UTC), usegmt=True)}\r\n".encode())
        self.wfile.write(f"Content-Length: {len(data)}\r\n\r\n".encode())
        if self.command != "HEAD":
            self.wfile.write(data)

    def drip(self, data: bytes) -> None:
        """Sends a byte at a time, for ever so long."""
        try:
            if not data.startswith(b"X"):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            for byte in data:
                self.wfile.write(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            pass


class Server(ThreadingHTTPServer):
    """The server; `requests` are those that came, `count` is for the paths that count."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 32

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[str] = []
        self.count = 0
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"


@contextmanager
def running(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """The server while it runs."""
    server = Server(tls)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def certificate(folder: Path, *names: str) -> tuple[Path, Path]:
    """A certificate that signs itself, for names and addresses, and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    alternatives: list[x509.GeneralName] = [
        x509.IPAddress(ip_address(one)) if one[0].isdigit() else x509.DNSName(one) for one in names
    ]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def tls_of(paths: tuple[Path, Path], clients: Path | None = None) -> ssl.SSLContext:
    """What a server shows; with `clients`, it asks for a certificate that this one has signed."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*paths)
    if clients is not None:
        made.load_verify_locations(clients)
        made.verify_mode = ssl.CERT_REQUIRED
    return made


class _UnixServer(ThreadingUnixStreamServer):
    """The same answers through a file."""

    daemon_threads = True
    requests: list[str] = []


@contextmanager
def listening(path: Path) -> Iterator[None]:
    """A server on a socket's file while it runs."""
    server = _UnixServer(str(path), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
