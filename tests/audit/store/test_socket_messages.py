"""Messages of the appender's socket: there and back, in any pieces, and what is refused."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.draft import Draft, SealedBody
from lockgate.audit.errors import FormatError, TrailError, UnverifiableError, VerificationError
from lockgate.audit.store.append import ClosedLogError
from lockgate.audit.store.appender import BackPressureError, Receipt
from lockgate.audit.store.batch import ErasedKeyError
from lockgate.audit.store.erasure import HeldError
from lockgate.audit.store.socket_messages import (
    Frames,
    parse_answer,
    parse_draft,
    render_draft,
    render_error,
    render_receipt,
)
from lockgate.audit.witness.errors import ForkError

HASH = st.binary(min_size=32, max_size=32)
DRAFTS = st.builds(
    Draft,
    st.text(max_size=20),
    st.dictionaries(st.text(max_size=9), st.text(max_size=9) | st.integers() | st.booleans(), max_size=4),
    st.lists(
        st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=9), max_size=3
    ).map(tuple),
    st.none()
    | st.builds(
        SealedBody,
        st.binary(min_size=1, max_size=90),
        st.binary(min_size=40, max_size=40),
        st.binary(min_size=16, max_size=16),
    ),
    st.sampled_from([b"", b"0123456789abcdef"]),
)
RECEIPTS = st.builds(
    Receipt,
    st.integers(0, 1 << 60),
    HASH,
    st.binary(max_size=200),
    st.integers(0, 1 << 60),
    st.lists(HASH, max_size=9).map(tuple),
    st.binary(max_size=300),
    st.booleans(),
)


def parsed(message: bytes, cuts: list[int]) -> tuple[dict[str, object], bytes]:
    frames, found = Frames(), None
    places = sorted({cut % len(message) for cut in cuts} - {0})
    for start, end in zip([0, *places], [*places, len(message)], strict=True):
        found = frames.feed(message[start:end])
        assert (found is not None) == (end == len(message))
        assert frames.has_begun == (end != len(message))
    assert found is not None
    return found


@given(DRAFTS, st.lists(st.integers(0, 1 << 30), max_size=5))
def test_draft(draft: Draft, cuts: list[int]) -> None:
    assert parse_draft(*parsed(render_draft(draft, 2.5), cuts)) == (draft, 2.5)


@given(RECEIPTS, st.lists(st.integers(0, 1 << 30), max_size=5))
def test_receipt(receipt: Receipt, cuts: list[int]) -> None:
    assert parse_answer(*parsed(render_receipt(receipt), cuts)) == receipt


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TrailError("a", hint="b"), TrailError),
        (FormatError("a", hint="b"), FormatError),
        (UnverifiableError("a", hint="b"), UnverifiableError),
        (BackPressureError("a", hint="b"), BackPressureError),
        (ClosedLogError("a", hint="b"), ClosedLogError),
        (ErasedKeyError("a", hint="b"), ErasedKeyError),
        (VerificationError("a", where="entry 3", hint="b"), VerificationError),
        (VerificationError("a", hint="b"), VerificationError),
        # Of a class that callers do not tell apart.
        (HeldError("a", hint="b"), TrailError),
        (ForkError("a", where="entry 3", hint="b"), VerificationError),
    ],
)
def test_error(error: TrailError, kind: type[TrailError]) -> None:
    told = parse_answer(*parsed(render_error(error), []))
    assert type(told) is kind
    assert isinstance(told, TrailError)
    assert (told.message, told.hint) == (error.message, "b")
    assert getattr(told, "where", "") == getattr(error, "where", "")


def without(name: str) -> Callable[[dict[str, object]], None]:
    def change(header: dict[str, object]) -> None:
        del header[name]

    return change


@pytest.mark.parametrize("name", ["kind", "fields", "streams", "timeout"])
def test_draft_that_lacks_a_part(name: str) -> None:
    header, rest = parsed(render_draft(Draft("policy", {}), 1.0), [])
    del header[name]
    with pytest.raises(FormatError):
        parse_draft(header, rest)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), 1e9, True, "1", None])
def test_time_outs_that_are_none(timeout: object) -> None:
    header, rest = parsed(render_draft(Draft("policy", {}), 1.0), [])
    with pytest.raises(FormatError):
        parse_draft({**header, "timeout": timeout}, rest)


@pytest.mark.parametrize(
    "change",
    [{"index": "1"}, {"size": None}, {"hashes": -1}, {"hashes": 1 << 60}, {"entry": -1}, {"entry": True}],
)
def test_receipts_that_are_none(change: dict[str, object]) -> None:
    receipt = Receipt(1, b"l" * 32, b"entry", 2, (b"h" * 32,), b"note")
    header, rest = parsed(render_receipt(receipt), [])
    with pytest.raises(FormatError):
        parse_answer({**header, **change}, rest)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xff\xff\xff", "too large"),
        (b"\0\0\0\x03", "too large"),
        (b"\0\0\0\x08\0\0\0\x04none", "no JSON"),
        (b"\0\0\0\x06\0\0\0\x02[]", "no JSON object"),
        (b"\0\0\0\x06\0\0\0\x63{}", "no header"),
        (b"\0\0\0\x06\0\0\0\x02{}\0", "one at a time"),
        (b"\0\0\xff\xff\0\0\xff\xfb" + b"[" * 0xFFFB, "no JSON"),
    ],
)
def test_what_is_no_frame(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        Frames().feed(data)


def test_draft_that_is_too_large_is_not_sent() -> None:
    with pytest.raises(FormatError, match="too large"):
        render_draft(Draft("policy", {"reason": "x" * (1 << 18)}), 1.0)


@pytest.mark.parametrize("name", ["", "a b", "\ud800", "a\x00", "x" * 301])
def test_a_stream_name_that_is_none_is_its_sender_s_alone(name: str) -> None:
    """Names of a whole batch are looked for in one query, which such a one would end for all of its callers."""
    header = {"kind": "access", "fields": {}, "streams": [name], "timeout": 1}
    with pytest.raises(FormatError):
        parse_draft(header, b"")
    assert parse_draft({**header, "streams": ["access"]}, b"")[0].streams == ("access",)
