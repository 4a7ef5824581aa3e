"""Messages of the appender's socket: there and back, in any pieces, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.draft import Draft, SealedBody
from lockgate.audit.errors import (
    BackPressureError,
    ClosedLogError,
    ErasedKeyError,
    FormatError,
    TrailError,
    UnverifiableError,
    VerificationError,
)
from lockgate.audit.receipt import Place, Receipt
from lockgate.audit.store.erasure import HeldError
from lockgate.audit.store.socket_messages import (
    MAX_FRAME,
    MAX_HEADER,
    Asked,
    Frames,
    parse_answers,
    parse_drafts,
    render_draft,
    render_drafts,
    render_error,
    render_places,
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


PLACES = st.builds(Place, st.integers(0, 1 << 60), HASH, st.booleans())
NUMBERS = st.integers(0, 1 << 60)


def parsed(message: bytes, cuts: list[int]) -> list[tuple[dict[str, object], bytes]]:
    frames, found = Frames(), []
    places = sorted({cut % len(message) for cut in cuts} - {0})
    for start, end in zip([0, *places], [*places, len(message)], strict=True):
        found += frames.feed(message[start:end])
        assert frames.has_begun or found
    assert not frames.has_begun
    return found


CUTS = st.lists(st.integers(0, 1 << 30), max_size=5)
ASKED = st.builds(Asked, NUMBERS, DRAFTS, st.floats(0.001, 3600), st.booleans())


@given(st.lists(st.lists(ASKED, min_size=1, max_size=3), min_size=1, max_size=2), CUTS)
def test_drafts(asked: list[list[Asked]], cuts: list[int]) -> None:
    message = b"".join([render_drafts([render_draft(one) for one in together]) for together in asked])
    found = [parse_drafts(*frame) for frame in parsed(message, cuts)]
    assert found == [[(one.number, one) for one in together] for together in asked]


def test_drafts_that_do_not_fit_into_one_frame() -> None:
    body = SealedBody(b"s" * 400_000, b"k" * 40, b"r" * 16)
    large = [Asked(number, Draft("policy", {}, (), body), 1.0, wants_proof=False) for number in range(6)]
    long = [
        Asked(number, Draft("policy", {"policy": "x" * 30_000}), 1.0, wants_proof=False)
        for number in range(6, 18)
    ]
    frames = parsed(render_drafts([render_draft(one) for one in (*large, *long)]), [])
    assert len(frames) > 3
    assert [one for frame in frames for one in parse_drafts(*frame)] == [
        (one.number, one) for one in (*large, *long)
    ]


@pytest.mark.parametrize(
    "draft",
    [
        Draft("policy", {"policy": "x" * MAX_HEADER}),
        Draft("policy", {}, (), SealedBody(b"s" * MAX_FRAME, b"k" * 40, b"r" * 16)),
    ],
    ids=["header", "body"],
)
def test_a_draft_that_is_too_large_is_its_senders_trouble(draft: Draft) -> None:
    with pytest.raises(FormatError, match="too large"):
        render_draft(Asked(1, draft, 1.0, wants_proof=False))


def test_halves_of_surrogate_pairs_come_as_they_are() -> None:
    asked = Asked(1, Draft("policy", {"reason": "x\ud800", "size": 2**70}), 1.0, wants_proof=True)
    assert [
        one for frame in parsed(render_drafts([render_draft(asked)]), []) for one in parse_drafts(*frame)
    ] == [(1, asked)]


@given(NUMBERS, RECEIPTS, st.lists(st.tuples(NUMBERS, PLACES), max_size=5), CUTS)
def test_answers(number: int, receipt: Receipt, places: list[tuple[int, Place]], cuts: list[int]) -> None:
    message = render_receipt(number, receipt) + render_places(places)
    told = [answer for frame in parsed(message, cuts) for answer in parse_answers(*frame)]
    assert told == [(number, receipt), *places]


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
    (frame,) = parsed(render_error(3, error), [])
    ((number, told),) = parse_answers(*frame)
    assert number == 3
    assert type(told) is kind
    assert isinstance(told, TrailError)
    assert (told.message, told.hint) == (error.message, "b")
    assert getattr(told, "where", "") == getattr(error, "where", "")


# A draft as a header lists it.
LISTED: list[object] = [1, 1.0, True, "policy", {}, [], 0, 0]


def listed(place: int, value: object) -> list[object]:
    return [*LISTED[:place], value, *LISTED[place + 1 :]]


# By place: what is not taken there.
WRONG: dict[int, list[object]] = {
    1: [0, -1, float("nan"), float("inf"), 1e9, True, "1", None],
    3: [1, None, []],
    4: [[], "x", None],
    5: [{}, "log", [1], ["a stream"], [""]],
}


@pytest.mark.parametrize(
    ("place", "value"), [(place, value) for place, values in WRONG.items() for value in values]
)
def test_a_draft_that_is_none_is_told_by_its_number_and_others_are_taken(place: int, value: object) -> None:
    (wrong, right) = parse_drafts({"drafts": [listed(place, value), listed(0, 2)]}, b"")
    assert wrong[0] == 1
    assert isinstance(wrong[1], FormatError)
    assert right == (2, Asked(2, Draft("policy", {}), 1.0, wants_proof=True))


@pytest.mark.parametrize(
    "drafts",
    [
        None,
        {},
        [1],
        [LISTED[:-1]],
        *([listed(place, value)] for place in (0, 6, 7) for value in ("1", True, -1, 1.0, None, 4)),
    ],
)
def test_drafts_of_which_it_is_not_known_whose_they_are(drafts: object) -> None:
    with pytest.raises(FormatError):
        parse_drafts({"drafts": drafts}, b"raw")


@pytest.mark.parametrize(
    "change",
    [
        {"index": "1"},
        {"size": None},
        {"hashes": -1},
        {"hashes": 1 << 60},
        {"entry": -1},
        {"entry": True},
        {"number": "1"},
        {"places": 1},
        {"places": [[1, 1, False]]},
        {"places": [1] * 3},
        {"places": [[1, 1, False], [1, -1, False], [2, 1, False]]},
        {"places": [[1, 1], [1, 1], [2, 1]]},
    ],
)
def test_receipts_that_are_none(change: dict[str, object]) -> None:
    receipt = Receipt(1, b"l" * 32, b"entry", 2, (b"h" * 32,), b"note")
    ((header, rest),) = parsed(render_receipt(1, receipt), [])
    whole = rest[: 3 * 32] if "places" in change else rest
    with pytest.raises(FormatError):
        parse_answers({**header, **change}, whole)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xff\xff\xff", "too large"),
        (b"\0\0\0\x03", "too large"),
        (b"\0\0\0\x08\0\0\0\x04none", "no JSON"),
        (b"\0\0\0\x06\0\0\0\x02[]", "no JSON object"),
        (b"\0\0\0\x06\0\0\0\x63{}", "no header"),
        (b"\0\0\xff\xff\0\0\xff\xfb" + b"[" * 0xFFFB, "no JSON"),
    ],
)
def test_what_is_no_frame(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        Frames().feed(data)


def test_draft_that_is_too_large_is_not_sent() -> None:
    with pytest.raises(FormatError, match="too large"):
        render_draft(Asked(1, Draft("policy", {"reason": "x" * (1 << 18)}), 1.0, wants_proof=True))


@pytest.mark.parametrize("name", ["", "a b", "\ud800", "a\x00", "x" * 301])
def test_a_stream_name_that_is_none_is_its_sender_s_alone(name: str) -> None:
    """Names of a whole batch are looked for in one query, which such a one would end for all of its callers."""
    refused, taken = parse_drafts({"drafts": [listed(5, [name]), listed(5, ["access"])]}, b"")
    assert isinstance(refused[1], FormatError)
    assert isinstance(taken[1], Asked)
    assert taken[1].draft.streams == ("access",)
