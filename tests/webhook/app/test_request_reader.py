"""What arrives is read the same however it is cut, and whatever arrives is answered or waited for, within bounds."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from lockgate.webhook.app.http_application import Head, Reading, Unread
from lockgate.webhook.app.request_reader import Held, Request, RequestReader
from lockgate.webhook.serving.answer import HttpAnswer

MAX_HEAD = 400
REFUSED = HttpAnswer(401, b"")


class Seen:
    """Takes bodies, but for those of /refused, and notes what is given."""

    def __init__(self) -> None:
        self.client_names: frozenset[str] | None = None
        self.asker_names: frozenset[str] | None = None
        self.told: list[object] = []

    def begin(self, head: Head) -> Reading | HttpAnswer:
        self.told.append((head.method, head.path, head.query, *head.headers))
        return REFUSED if head.path == "/refused" else lambda body: HttpAnswer(200, body)

    def unread(self, reason: Unread, path: str) -> HttpAnswer:
        self.told.append(reason)
        return HttpAnswer(400, b"")

    def awaits_continue(self) -> None:
        self.told.append("continue?")

    def complete(self, request: Request) -> None:
        is_taken = not isinstance(request.taken_by, HttpAnswer)
        self.told.append((is_taken, request.body, request.keeps, request.wants_body))


def read(parts: Sequence[bytes]) -> tuple[list[object], RequestReader, Held]:
    seen, held = Seen(), Held()
    reader = RequestReader(seen, held, MAX_HEAD)
    for part in parts:
        reader.feed(part)
    return seen.told, reader, held


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False) if end > start]


def request_of(method: str, path: str, body: bytes, chunk: int, extra: str) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\n{extra}"
    if not chunk:
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    chunks = [body[start : start + chunk] for start in range(0, len(body), chunk)]
    return (
        f"{head}Transfer-Encoding: chunked\r\n\r\n".encode()
        + b"".join([b"%x\r\n%b\r\n" % (len(one), one) for one in chunks])
        + b"0\r\n\r\n"
    )


requests = st.builds(
    request_of,
    st.sampled_from(["POST", "GET", "HEAD"]),
    st.sampled_from(["/v1/admit?timeout=1s", "/refused", "/a%20b", "http://x/y?z"]),
    st.binary(max_size=40),
    st.sampled_from([0, 1, 7]),
    st.sampled_from(["", "Expect: 100-continue\r\n", "Connection: close\r\n", "A: b\r\nA: c\r\n"]),
)


@given(st.lists(requests, min_size=1, max_size=5), st.lists(st.integers(0, 2_000), max_size=12))
def test_requests_are_the_same_however_they_are_cut(sent: list[bytes], places: list[int]) -> None:
    data = b"".join(sent)
    whole, _, _ = read([data])
    assert whole
    assert read(cut(data, places))[0] == whole


@given(
    st.lists(st.one_of(requests, st.binary(max_size=60)), max_size=4),
    st.lists(st.integers(0, 500), max_size=6),
)
def test_whatever_arrives_is_bounded(sent: list[bytes], places: list[int]) -> None:
    told, reader, held = read(cut(b"".join(sent), places))
    given_back = sum(len(one[1]) for one in told if isinstance(one, tuple) and isinstance(one[0], bool))
    # Bodies that were given are let go of by who answers them; the reader has what is there of the last one.
    reader.drop()
    assert held.size == given_back
    if reader.is_over:
        seen = len(told)
        reader.feed(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert len(told) == seen
