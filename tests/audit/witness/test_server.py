"""The witness behind HTTP: its table through the client, and what a hostile or clumsy other end sends."""

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

import lockgate.audit.witness.server as server_module
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.cosignature import verify_cosignatures
from lockgate.audit.note import Note, parse_note
from lockgate.audit.witness.client import WitnessClient
from lockgate.audit.witness.errors import (
    ForkError,
    RefusedError,
    SplitViewError,
    StaleError,
    UnreachableError,
)
from lockgate.audit.witness.server import MAX_HEAD
from lockgate.audit.witness.wire import MAX_REQUEST, parse_add_checkpoint

from tests.audit.growing_log import GrowingLog, witness_signer
from tests.audit.witness.running import Witnesses, served
from tests.audit.witness.steps import request, steps

SIGNER = witness_signer("witness.example/w1")


def ask(url: str, body: bytes) -> tuple[int, int | None]:
    """What the client makes of an answer, as a status and the size of a 409."""
    asked = parse_add_checkpoint(body)
    with closing(WitnessClient(url)) as client:
        try:
            lines = client.add_checkpoint(asked.old_size, asked.proof, asked.note)
        except SplitViewError:
            return 409, asked.old_size
        except ForkError:
            return 422, None
        except StaleError as stale:
            return 409, stale.size
        except RefusedError as refused:
            return int(str(refused).partition("answered ")[2][:3]), None
    text = parse_note(asked.note).text
    assert verify_cosignatures(Note(text, lines), [SIGNER.verifier_key])
    return 200, None


@pytest.fixture
def log() -> GrowingLog:
    return GrowingLog().grow(20)


@pytest.fixture
def url(tmp_path: Path, witnesses: Witnesses, log: GrowingLog) -> Iterator[str]:
    with served(witnesses(tmp_path, {log.origin: log.keys}, SIGNER)) as url:
        yield url


def exchange(url: str, data: bytes) -> bytes:
    """What comes back for raw bytes until the other end closes; the sending side is closed first."""
    host, port = url.removeprefix("http://").split("/")[0].split(":")
    with socket.create_connection((host, int(port)), 30) as connection:
        received = b""
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65_536):
                received += chunk
        except ConnectionError:
            pass  # An answer before the whole request was read may end so.
        return received


def test_its_table_through_the_client(tmp_path: Path, witnesses: Witnesses) -> None:
    log = GrowingLog()
    with served(witnesses(tmp_path, {log.origin: log.keys}, SIGNER), prefix="/logs/w1") as url:
        for step in steps(log):
            if step.body:
                assert ask(url, step.body) == (step.status, step.size), step.name
        assert ask(url.removesuffix("/w1"), request(log, 400, 400))[0] == 404


def test_one_connection_serves_many_requests(url: str, log: GrowingLog) -> None:
    with closing(WitnessClient(url)) as client:
        client.add_checkpoint(0, (), log.note(5))
        kept = client._kept
        for size in range(5, 20):
            assert client.add_checkpoint(size, log.proof(size, size + 1), log.note(size + 1))
        assert client._kept is kept is not None


def post(body: bytes, *headers: str, target: str = "/add-checkpoint", method: str = "POST") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: w", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def test_requests_that_follow_each_other_at_once(url: str, log: GrowingLog) -> None:
    data = b"".join([post(request(log, old, new)) for old, new in [(0, 3), (3, 9), (3, 9), (9, 9)]])
    received = exchange(url, data)
    assert re.findall(rb"HTTP/1.1 (\d+) ", received) == [b"200", b"200", b"409", b"200"]
    assert b"Content-Type: text/x.tlog.size\r\n" in received


GOOD = request(GrowingLog().grow(20), 0, 3)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(post(GOOD, "Connection: close"), 200, id="closing"),
        pytest.param(post(GOOD).replace(b"HTTP/1.1", b"HTTP/1.0"), 200, id="http-1.0"),
        pytest.param(post(GOOD, target="/"), 404, id="another-path"),
        pytest.param(post(GOOD, target="/add-checkpoint/"), 404, id="path-with-a-slash"),
        pytest.param(post(GOOD, target="/add-checkpoint?x=1"), 404, id="path-with-a-query"),
        pytest.param(post(b"", method="GET"), 405, id="get"),
        pytest.param(post(GOOD, method="PUT"), 405, id="put"),
        pytest.param(post(b"x" * (MAX_REQUEST + 1)), 413, id="one-byte-too-long"),
        pytest.param(
            post(b"").replace(b"Content-Length: 0", b"Content-Length: 999999999999"), 411, id="absurd"
        ),
        pytest.param(post(b"").replace(b"Content-Length: 0\r\n", b""), 411, id="no-length"),
        pytest.param(post(GOOD, f"Content-Length: {len(GOOD)}"), 400, id="two-lengths"),
        pytest.param(post(b"").replace(b"th: 0", b"th: +0"), 411, id="signed-length"),
        pytest.param(post(b"").replace(b"th: 0", b"th: 0x1"), 411, id="hexadecimal-length"),
        pytest.param(post(GOOD, "Transfer-Encoding: chunked"), 411, id="chunked"),
        pytest.param(post(GOOD, "Expect: 100-continue"), 417, id="expecting"),
        pytest.param(post(GOOD, "X: " + "y" * MAX_HEAD), 431, id="long-head"),
        pytest.param(post(GOOD, "X y"), 400, id="no-colon"),
        pytest.param(post(GOOD, "X : y"), 400, id="space-before-colon"),
        pytest.param(post(GOOD, "X: y", " folded"), 400, id="folded-header"),
        pytest.param(post(GOOD, "X: a\x00b"), 400, id="zero-byte"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400, id="a-tls-hello"),
        pytest.param(b"GET / HTTP/2.0\r\n\r\n", 400, id="another-version"),
        pytest.param(b"\r\n\r\n\r\n", 400, id="nothing-but-lines"),
    ],
)
def test_what_else_may_come(url: str, log: GrowingLog, data: bytes, status: int) -> None:
    received = exchange(url, data)
    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert received.count(b"HTTP/1.1 ") == 1
    # And the server is as it was.
    assert ask(url, request(log, 3 if status == 200 else 0, 5)) == (200, None)


@pytest.mark.parametrize("data", [b"", b"P", post(GOOD)[:40], post(GOOD)[:-1]])
def test_a_request_that_breaks_off_changes_nothing(url: str, log: GrowingLog, data: bytes) -> None:
    assert exchange(url, data) == b""
    assert ask(url, request(log, 0, 5)) == (200, None)


def test_a_slow_other_end_is_cut_off_and_holds_nobody_up(
    url: str, log: GrowingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "REQUEST_S", 0.2)
    monkeypatch.setattr(server_module, "IDLE_S", 0.2)
    host, port = url.removeprefix("http://").split(":")
    for start in (b"", b"POST /add-", post(GOOD)[:-5]):
        with socket.create_connection((host, int(port)), 30) as slow:
            slow.sendall(start)
            assert ask(url, request(log, 0, 1))[0] in (200, 409)
            assert slow.recv(100) == b""


def test_more_connections_than_it_bears(url: str, log: GrowingLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "MAX_CONNECTIONS", 2)
    with closing(WitnessClient(url)) as first, closing(WitnessClient(url)) as second:
        first.add_checkpoint(0, (), log.note(5))
        second.add_checkpoint(5, (), log.note(5))
        # It is told 503, or finds the connection closed before it has sent anything.
        with closing(WitnessClient(url)) as third, pytest.raises(UnreachableError):
            third.add_checkpoint(5, (), log.note(5))
        first.add_checkpoint(5, (), log.note(5))


def test_a_stop_waits_for_what_is_being_cosigned(tmp_path: Path, witnesses: Witnesses) -> None:
    """A request whose checkpoint was made durable gets its answer, although the server was told to stop meanwhile."""
    log = GrowingLog().grow(9)
    asked = []
    stopping: list[Thread] = []

    def clock() -> int:
        # In the middle of judging: the server is told to stop, and the answer is still to come.
        stopping.append(Thread(target=lambda: block.__exit__(None, None, None)))
        stopping[0].start()
        return 1_800_000_000

    witness = witnesses(tmp_path, {log.origin: log.keys}, SIGNER, clock)
    block = served(witness)
    url = block.__enter__()
    asked.append(ask(url, request(log, 0, 9)))
    stopping[0].join(30)
    assert asked == [(200, None)]
    with pytest.raises(UnreachableError):
        ask(url, request(log, 9, 9))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "witness")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
    )
    return path


def test_over_tls(tmp_path: Path, witnesses: Witnesses, certificate: Path) -> None:
    log = GrowingLog().grow(9)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with served(witnesses(tmp_path, {log.origin: log.keys}, SIGNER), context=context) as url:
        trusting = ssl.create_default_context(cafile=str(certificate))
        with closing(WitnessClient(url, context=trusting)) as client:
            assert client.add_checkpoint(0, (), log.note(5))
            assert client.add_checkpoint(5, log.proof(5, 9), log.note(9))
        with closing(WitnessClient(url)) as client, pytest.raises(UnreachableError, match="certificate"):
            client.add_checkpoint(9, (), log.note(9))
        with closing(WitnessClient(url.replace("https", "http"))) as client, pytest.raises(UnreachableError):
            client.add_checkpoint(9, (), log.note(9))


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda one: post(b"")[:-2] + one + b"\r\n\r\n"))
def test_any_head_is_read_or_refused(data: bytes) -> None:
    try:
        head = server_module._parse_head(data)
    except server_module._BadRequest as refused:
        assert refused.answer.status in (400, 411, 413, 417)
    else:
        assert 0 <= head.length <= MAX_REQUEST
