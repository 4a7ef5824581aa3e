"""HTTP/1.1 requests that are nearly right, by chance (RFC 9112): their lines, headers, lengths and chunks."""

import random
from dataclasses import dataclass
from typing import Final

from lockgate.webhook.app.request_reader import MAX_BODY

from tests.fuzz.reviews import fuzzed_body

# Without HEAD, whose answers say a length and have no body.
_METHODS: Final = (
    b"GET",
    b"PUT",
    b"OPTIONS",
    b"CONNECT",
    b"post",
    b"PRI",
    b"P\x00ST",
    b"",
    b"A" * 300,
)
_PATHS: Final = (
    b"/v1/admit", b"/v1/admit?timeout=", b"/v1/admit?timeout=-1s", b"/v1/admit?timeout=1e9h", b"/v1/admit?timeout=5",
    b"/v1/admit?timeout=3s&timeout=1ns", b"/v1/admit?" + b"a=b&" * 500, b"/v1/admit/", b"/v1/admit/%00%ff/..",
    b"/v1/admitlabel?timeout=2s", b"/v1//admit", b"//v1/admit", b"/v1/%61dmit", b"*", b"", b"v1/admit",
    b"http://a/v1/admit", b"/\xff\xfe", b"/v1/admit?\xc3\x28", b"/v1/admit#x", b"/healthz", b"/metrics",
    b"/" + b"a" * 70_000,
)  # fmt: skip
_VERSIONS: Final = (
    b"HTTP/1.0",
    b"HTTP/2.0",
    b"HTTP/0.9",
    b"HTTP/1.1 ",
    b"http/1.1",
    b"HTTP/9.9",
    b"",
    b"ICY",
)
_HEADERS: Final = (
    b"Expect: 100-continue", b"Expect: nothing", b"Connection: close", b"Connection: keep-alive, upgrade",
    b"Upgrade: websocket", b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ", b"Content-Type: application/json",
    b"Content-Encoding: gzip", b"Transfer-Encoding: identity", b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: xchunked", b"Transfer-Encoding : chunked", b"Content-Length: 5", b"Content-Length: +5",
    b"Content-Length: -1", b"Content-Length: 1_0", b"Content-Length: 99999999999999999999", b"Content-Length: 0x5",
    b"Content-Length:", b"Host: a\r\nHost: b", b"No colon", b": nothing", b" folded: yes", b"X: a\r\n b",
    b"X: \x00", b"X\x01: y", b"X: " + b"y" * 70_000, b"X-Forwarded-For: 127.0.0.1", b"Trailer: X",
    b"X: a\nContent-Length: 3", b"\xff\xfe: a", b"X: \xff",
)  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """What goes over one connection, in parts. bodies: of the requests; is_whole: whether all of them are framed as they
    should be, so that each has an answer."""

    parts: tuple[bytes, ...]
    bodies: tuple[bytes, ...]
    is_whole: bool


def fuzzed_requests(decide: random.Random, uid: str) -> Sent:
    """One to three requests, in parts as they may arrive."""
    count = decide.choice([1, 1, 1, 2, 3])
    made: list[bytes] = []
    bodies = tuple([fuzzed_body(decide, f"{uid}-{number}") for number in range(count)])
    is_whole = True
    for body in bodies:
        request, is_right = _request(decide, body)
        made.append(request)
        # The connection ends behind one that is too large.
        is_whole = is_whole and is_right and len(body) <= MAX_BODY
    return Sent(tuple(_parts(decide, b"".join(made))), bodies, is_whole)


def _request(decide: random.Random, body: bytes) -> tuple[bytes, bool]:
    if decide.random() < 0.5:
        return _framed(decide, b"POST", b"/v1/admit?timeout=10s", b"HTTP/1.1", [], body), True
    method = decide.choice(_METHODS) if decide.random() < 0.3 else b"POST"
    path = decide.choice(_PATHS) if decide.random() < 0.6 else b"/v1/admit?timeout=10s"
    version = decide.choice(_VERSIONS) if decide.random() < 0.2 else b"HTTP/1.1"
    headers = [decide.choice(_HEADERS) for _ in range(decide.choice([0, 1, 1, 2]))]
    made = _framed(decide, method, path, version, headers, body)
    for _ in range(decide.choice([0, 0, 0, 1, 2])):
        made = _noisy(decide, made)
    return made, False


def _framed(
    decide: random.Random, method: bytes, path: bytes, version: bytes, headers: list[bytes], body: bytes
) -> bytes:
    lines = [b" ".join([method, path, version]), b"Host: a", *headers]
    if decide.random() < 0.5:
        lines.append(b"Content-Length: %d" % len(body))
    else:
        lines.append(b"Transfer-Encoding: chunked")
        body = _chunked(decide, body)
    return b"\r\n".join([*lines, b"", body])


def _chunked(decide: random.Random, body: bytes) -> bytes:
    made = bytearray()
    while body:
        size = decide.choice([1, 7, 100, len(body)])
        chunk, body = body[:size], body[size:]
        made += b"%x%s\r\n%s\r\n" % (len(chunk), decide.choice([b"", b"", b";a=b"]), chunk)
    return bytes(made) + b"0\r\n" + decide.choice([b"", b"", b"X: trailer\r\n"]) + b"\r\n"


def _noisy(decide: random.Random, data: bytes) -> bytes:
    """Noise within what frames the request, mostly."""
    head = data.find(b"\r\n\r\n") + 4 or len(data)
    at = decide.randrange(min(head, len(data)) + 1)
    kind = decide.randrange(5)
    if kind == 0:
        return data[:at] + bytes([decide.randrange(256)]) + data[at + 1 :]
    if kind == 1:
        return data[:at] + decide.randbytes(decide.choice([1, 4, 2_000])) + data[at:]
    if kind == 2:
        return data[:at]
    if kind == 3:
        return data.replace(b"\r\n", decide.choice([b"\n", b"\r", b"\r\r\n"]), decide.choice([1, 2, -1]))
    return decide.choice([b"\r\n", b"\x16\x03\x01", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b" "]) + data


def _parts(decide: random.Random, data: bytes) -> list[bytes]:
    """As it may arrive: whole, in two, or the first bytes one by one."""
    kind = decide.random()
    if kind < 0.6:
        return [data]
    if kind < 0.9:
        at = decide.randrange(len(data) + 1)
        return [one for one in (data[:at], data[at:]) if one]
    return [*[data[at : at + 1] for at in range(min(len(data), 64))], data[64:]]
