"""What is shown is what is signed: no two statements look alike, and changed bytes never pass for what they were."""

import json
import re
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.errors import FormatError
from lockgate.audit.promotions.approval import ApprovalStatement, parse_approval, render_approval
from lockgate.audit.promotions.statement import (
    EvidenceUsed,
    Happening,
    Place,
    PromotionStatement,
    parse_promotion,
    render_promotion,
)
from lockgate.engine.errors import InputError
from lockgate.engine.promotions.model_use import Beside
from lockgate.webhook.promoting.telling import statement_lines, statement_text
from lockgate.webhook.terminal import is_safe

AT = "2026-11-28T00:44:29.603Z"
DIGESTS = st.sampled_from(["sha256:" + one * 64 for one in "abc"])
# Few characters, among them all that lines are made of: what could look alike does so soon.
_TRICKY = [
    "a",
    "b",
    " ",
    ",",
    ":",
    '"',
    "\\",
    "=",
    "u0020",
    ", in ",
    ", from ",
    "cluster ",
    "  evidence    ",
    "é",
]
WORDS = st.lists(st.sampled_from(_TRICKY), max_size=5).map("".join)
NAMES = WORDS.filter(bool)
NUMBERS = st.sampled_from(["1", "1.0", "-0.5", "1e3"])
EVIDENCE = st.builds(
    EvidenceUsed,
    WORDS,
    DIGESTS,
    st.sampled_from([AT, AT.replace("6", "5")]),
    st.booleans(),
    st.dictionaries(WORDS, NUMBERS, max_size=2),
)
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s",]+|,')
LINKS = st.tuples(NAMES, st.integers(0, 3))


@st.composite
def statements(draw: st.DrawFn) -> PromotionStatement:
    """Any that may be signed."""
    happening: Happening = draw(st.sampled_from(["introduction", "promotion", "rollback"]))
    return PromotionStatement(
        happening,
        draw(NAMES),
        draw(WORDS),
        draw(NAMES),
        draw(DIGESTS),
        draw(NAMES) if happening == "promotion" else "",
        Place(draw(NAMES), draw(WORDS), draw(WORDS)),
        tuple(
            sorted(
                draw(st.lists(st.builds(Beside, WORDS, WORDS, WORDS), max_size=2)),
                key=lambda one: (one.kind, one.key, one.version),
            )
        ),
        tuple(sorted(draw(st.lists(WORDS, max_size=2)))),
        draw(NAMES),
        (draw(NAMES), draw(DIGESTS)),
        tuple(draw(st.lists(EVIDENCE, max_size=2))),
        draw(st.dictionaries(WORDS, WORDS, max_size=2)),
        draw(LINKS) if happening == "promotion" else None,
        draw(LINKS) if happening == "rollback" else None,
        AT,
        draw(NAMES),
    )


def shown(statement: PromotionStatement) -> list[str]:
    """The lines, but for the last, which has the digest of all."""
    return [*statement_lines(statement, "")][:-1]


def _words(text: str) -> list[str]:
    """The words of a line, unquoted, with commas by themselves."""
    found = _WORD.findall(text)
    return [json.loads(one) if one.startswith('"') else one for one in found]


def _parts(text: str) -> list[list[str]]:
    """The words between commas; a comma in quotes is none."""
    pieces: list[list[str]] = [[]]
    for one in _WORD.findall(text):
        if one == ",":
            pieces.append([])
        else:
            pieces[-1].append(json.loads(one) if one.startswith('"') else one)
    return pieces


def _pairs(rows: list[list[str]]) -> dict[str, str]:
    """Names and values."""
    assert all(len(one) == 2 for one in rows)
    return {one[0]: one[1] for one in rows}


def _evidence_of(text: str) -> EvidenceUsed:
    ((kind, of, at, *first), *values) = _parts(text)
    assert of == "of"
    if at.endswith(":"):
        values.insert(0, first)
    (within, envelope) = values.pop()
    assert within == "in"
    passed = not values or values[-1] != ["which", "did", "not", "pass"]
    return EvidenceUsed(
        kind, envelope, at.removesuffix(":"), passed, _pairs(values if passed else values[:-1])
    )


def read_back(lines: list[str]) -> PromotionStatement:
    """The statement that lines show: where this can be read from every statement's, no two look alike."""
    (happening, of, model, *version) = _words(lines[0])
    assert of == "of"
    told: dict[str, list[str]] = {}
    for line in lines[1:]:
        told.setdefault(line[2:14].strip(), []).append(line[14:])

    def one(name: str) -> list[str]:
        (line,) = told[name]
        return _words(line)

    def link(name: str) -> tuple[str, int] | None:
        if name not in told:
            return None
        (_, index, _, origin) = one(name)
        return origin, int(index)

    ((environment,), *places) = _parts(told["to"][0])
    place = _pairs(places)
    ((requester,), (made_at,), (_, nonce)) = _parts(told["asked by"][0])
    (policy, digest) = one("policy")
    return PromotionStatement(
        cast(Happening, happening),
        model,
        "".join(version),
        one("reference")[0],
        one("bytes")[0],
        place.get("from", ""),
        Place(environment, place.get("cluster", ""), place.get("namespace", "")),
        tuple([Beside(*words, *[""] * (3 - len(words))) for words in map(_words, told.get("runs in", []))]),
        tuple([_words(line)[0] for line in told.get("brings code", [])]),
        requester,
        (policy, digest),
        tuple([_evidence_of(line) for line in told.get("evidence", [])]),
        _pairs([_words(line) for line in told.get("change", [])]),
        link("rests on"),
        link("back to"),
        made_at,
        nonce,
    )


@given(statements())
def test_no_two_statements_look_alike(statement: PromotionStatement) -> None:
    assert read_back(shown(statement)) == statement


@given(statements())
def test_what_is_shown_moves_nothing_on_a_terminal(statement: PromotionStatement) -> None:
    text = statement_text(statement, "")
    assert all(one == "\n" or is_safe(one) for one in text)
    assert len(text.split("\n")) == len(shown(statement)) + 1
    # Two spaces stand before a line's words and behind its name, and nowhere else.
    assert all("  " not in line[14:] for line in shown(statement))


def _mutated(data: bytes, draw: st.DataObject) -> bytes:
    made = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 3))):
        at = draw.draw(st.integers(0, len(made)))
        match draw.draw(st.sampled_from(["flip", "insert", "cut", "copy"])):
            case "flip" if at < len(made):
                made[at] ^= 1 << draw.draw(st.integers(0, 7))
            case "insert":
                made[at:at] = draw.draw(
                    st.sampled_from(
                        [b" ", b'"', b"\\u0041", b"\xff", b"{", b"}", b",", b"0", b"null", b"\x00"]
                    )
                )
            case "cut":
                del made[at : at + draw.draw(st.integers(1, 40))]
            case _:
                start = draw.draw(st.integers(0, len(made)))
                made[at:at] = made[start : start + draw.draw(st.integers(1, 40))]
    return bytes(made)


@given(statements(), st.data())
def test_changed_bytes_are_refused_or_show(statement: PromotionStatement, data: st.DataObject) -> None:
    payload = render_promotion(statement)
    changed = _mutated(payload, data)
    try:
        other = parse_promotion(changed)
    except (FormatError, InputError):
        return
    assert render_promotion(other) == changed
    assert (changed == payload) == (shown(other) == shown(statement))


@pytest.mark.parametrize("length", [32, 62, 66, 128])
def test_a_digest_has_one_length(length: int) -> None:
    whole = json.loads(render_approval(ApprovalStatement("sha256:" + "ab" * 32, "a", AT)))
    whole["subject"][0]["digest"]["sha256"] = "a" * length
    with pytest.raises(InputError, match="is no SHA-256 in hex"):
        parse_approval(json.dumps(whole).encode())


@given(st.data())
def test_changed_approvals_are_refused_or_are_of_another_statement(data: st.DataObject) -> None:
    made = ApprovalStatement("sha256:" + "ab" * 32, "sha256:" + "cd" * 32, AT)
    changed = _mutated(render_approval(made), data)
    try:
        other = parse_approval(changed)
    except (FormatError, InputError):
        return
    assert other.statement.startswith("sha256:") and len(other.statement) == 71


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(WORDS, below, max_size=3),
    max_leaves=8,
)


@given(statements(), st.data(), _JSON)
def test_any_value_anywhere_is_refused_or_shows(
    statement: PromotionStatement, data: st.DataObject, value: Any
) -> None:
    whole = json.loads(render_promotion(statement))
    holder: Any = whole
    while True:
        keys: list[Any] = [*range(len(holder))] if isinstance(holder, list) else [*holder]
        key = data.draw(st.sampled_from(keys))
        if not isinstance(holder[key], (dict, list)) or not holder[key] or data.draw(st.booleans()):
            break
        holder = holder[key]
    changed_part: Any = holder
    changed_part[key] = value
    changed = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    for parse in (parse_promotion, parse_approval):
        try:
            other = parse(changed)
        except (FormatError, InputError):
            continue
        assert isinstance(other, PromotionStatement)
        assert (shown(other) == shown(statement)) == (other == statement)


@pytest.mark.parametrize("depth", [101, 100_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    with pytest.raises((FormatError, InputError)):
        parse_promotion(b"[" * depth + b"]" * depth)
