"""One exchange with a server: connecting, with TLS or through a Unix socket, sending, and reading what comes back."""

import http.client
import os
import socket
import ssl
import tempfile
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, urlencode

from lockgate.engine.record import record
from lockgate.engine.rego.http.deadline import Deadline, DeadlineSocket
from lockgate.engine.rego.http.errors import NetworkError, RequestError
from lockgate.engine.rego.http.options import Request

# A policy's document; more is not read.
MAX_ANSWER: Final = 10_000_000
_SLOW_BODY: Final = "context deadline exceeded (Client.Timeout or context cancellation while reading body)"
_CHUNK: Final = 65_536
_AGENT: Final = "lockgate"


@record
class Answer:
    """What a server said."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def exchange(request: Request, url: SplitResult, method: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Sends the request to a URL. Raises NetworkError and RequestError."""
    deadline = Deadline(request.timeout)
    try:
        connected, target = _connected(request, url, headers.get("Host", ""), deadline)
    except (OSError, UnicodeError) as error:
        raise _failed(method, url, error) from error
    connection = http.client.HTTPConnection("unused.invalid")
    connection.sock = DeadlineSocket(connected, deadline)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in _sent_headers(url, method, body, headers):
            connection.putheader(name, value.encode("utf-8", "replace"))
        connection.endheaders(body or None)
        response = connection.getresponse()
    except (OSError, http.client.HTTPException, ValueError) as error:
        connected.close()
        raise _failed(method, url, error) from error
    # What fails from here on is no failure of the network to OPA.
    try:
        return _read(response)
    except TimeoutError as error:
        raise RequestError(_SLOW_BODY) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise RequestError("unexpected EOF") from error
    finally:
        response.close()
        connected.close()


def _failed(method: str, url: SplitResult, error: Exception) -> NetworkError:
    start = f'{method.capitalize()} "{url.geturl()}"'
    if isinstance(error, TimeoutError):
        return NetworkError(f"{start}: request timed out")
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return NetworkError(f"{start}: {reason.lower() if reason.istitle() else reason}")


def _connected(
    request: Request, url: SplitResult, named: str, deadline: Deadline
) -> tuple[socket.socket, str]:
    """A socket that is connected to the server, and what to ask it for."""
    query = url.query
    if url.scheme == "unix":
        pairs = parse_qsl(query, keep_blank_values=True)
        path = next((value for name, value in pairs if name == "socket"), "")
        query = urlencode(sorted([pair for pair in pairs if pair[0] != "socket"]))
        connected = _through_file(path, deadline)
    else:
        secure = url.scheme == "https"
        host, port = url.hostname or "", url.port or (443 if secure else 80)
        connected = socket.create_connection((host, port), timeout=deadline.left())
        if secure:
            connected = _secured(request, connected, named.partition(":")[0] or host, deadline)
    target = (url.path or "/") + (f"?{query}" if query else "")
    return connected, target.encode("ascii", "replace").decode()


def _through_file(path: str, deadline: Deadline) -> socket.socket:
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connected.settimeout(deadline.left())
        connected.connect(path)
    except BaseException:
        connected.close()
        raise
    return connected


def _secured(request: Request, connected: socket.socket, host: str, deadline: Deadline) -> socket.socket:
    try:
        context = tls_context(request)
        connected.settimeout(deadline.left())
        return context.wrap_socket(connected, server_hostname=request.texts.get("tls_server_name") or host)
    except BaseException:
        connected.close()
        raise


def tls_context(request: Request) -> ssl.SSLContext:
    """What is trusted and what is shown, by the request's options. Raises RequestError."""
    texts = request.texts
    authorities = [texts["tls_ca_cert"].replace("\\n", "\n")] if texts.get("tls_ca_cert") else []
    if texts.get("tls_ca_cert_file"):
        authorities.append(_file(texts["tls_ca_cert_file"]))
    if texts.get("tls_ca_cert_env_variable"):
        authorities.append(os.environ.get(texts["tls_ca_cert_env_variable"], ""))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not authorities or request.has("tls_use_system_certs"):
        context.load_default_certs()
    for authority in authorities:
        try:
            context.load_verify_locations(cadata=authority)
        except (ssl.SSLError, ValueError) as error:
            raise RequestError("could not append certificates") from error
    if request.has("tls_insecure_skip_verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    for certificate, key in _key_pairs(texts):
        _load_pair(context, certificate, key)
    return context


def _key_pairs(texts: Any) -> list[tuple[str, str]]:
    """Client certificates with their keys, as PEM: given so, by file, or by environment variable."""
    pairs = []
    if texts.get("tls_client_cert") and texts.get("tls_client_key"):
        pairs.append((texts["tls_client_cert"], texts["tls_client_key"]))
    if texts.get("tls_client_cert_file") and texts.get("tls_client_key_file"):
        pairs.append((_file(texts["tls_client_cert_file"]), _file(texts["tls_client_key_file"])))
    names = texts.get("tls_client_cert_env_variable"), texts.get("tls_client_key_env_variable")
    if all(names):
        pairs.append((os.environ.get(names[0], ""), os.environ.get(names[1], "")))
    return pairs


def _load_pair(context: ssl.SSLContext, certificate: str, key: str) -> None:
    # The standard library takes them from files only; `mkstemp` lets nobody else read this one.
    handle, path = tempfile.mkstemp()
    try:
        with os.fdopen(handle, "w") as file:
            file.write(f"{certificate}\n{key}\n")
        # A password that is asked for on the terminal would wait for ever.
        context.load_cert_chain(path, password="")
    except (ssl.SSLError, ValueError) as error:
        raise RequestError("tls: failed to read the client's certificate and key") from error
    finally:
        os.unlink(path)


def _file(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(MAX_ANSWER)
    except OSError as error:
        raise RequestError(f"open {path}: {(error.strerror or 'cannot be read').lower()}") from error


def _sent_headers(
    url: SplitResult, method: str, body: bytes, headers: dict[str, str]
) -> list[tuple[str, str]]:
    host = headers.get("Host") or url.netloc.rpartition("@")[2]
    sent = [("Host", host)]
    if "User-Agent" not in headers:
        sent.append(("User-Agent", _AGENT))
    sent += [
        (name, value)
        for name, value in headers.items()
        if name not in ("Host", "Content-Length", "Transfer-Encoding", "Connection")
    ]
    if body or method not in ("GET", "HEAD", "OPTIONS", "TRACE", "DELETE"):
        sent.append(("Content-Length", str(len(body))))
    return [*sent, ("Connection", "close")]


def _read(response: http.client.HTTPResponse) -> Answer:
    chunks: list[bytes] = []
    size = 0
    while chunk := response.read1(_CHUNK):
        size += len(chunk)
        if size > MAX_ANSWER:
            raise RequestError(f"the answer is larger than {MAX_ANSWER} bytes")
        chunks.append(chunk)
    if response.length:
        raise http.client.IncompleteRead(b"".join(chunks))
    headers = tuple((name.lower(), value) for name, value in response.getheaders())
    return Answer(response.status, response.reason, headers, b"".join(chunks))
