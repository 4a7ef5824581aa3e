"""The published schemas of promotion and approval statements say what is written and what is read."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import lockgate.webhook
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.errors import FormatError
from lockgate.audit.promotions.approval import ApprovalStatement, parse_approval, render_approval
from lockgate.audit.promotions.statement import (
    EvidenceUsed,
    Place,
    PromotionStatement,
    parse_promotion,
    render_promotion,
)
from lockgate.engine.errors import InputError
from lockgate.engine.promotions.model_use import Beside

_FOLDER = Path(lockgate.webhook.__file__).parent / "schemas"
SCHEMA = json.loads((_FOLDER / "promotion-statement.schema.json").read_text())
APPROVAL = json.loads((_FOLDER / "approval-statement.schema.json").read_text())
_DIGEST = "sha256:" + "ab" * 32
_AT = "2026-01-02T03:04:05.678Z"

WHOLE = PromotionStatement(
    "promotion",
    "s3:models/fraud",
    "7",
    "s3://models/fraud/7",
    _DIGEST,
    "staging",
    Place("prod", "prod-eu", "ml"),
    (Beside("image", "server", "1.2"), Beside("adapter", "lora", "")),
    ("trust-remote-code",),
    "asker",
    ("models", _DIGEST),
    (EvidenceUsed("evaluation", _DIGEST, _AT, True, {"auc": "0.93", "loss": "1e-3"}),),
    {"repository": "example/models", "commit": "ab" * 20},
    ("example.com/lockgate/ci", 4),
    None,
    _AT,
    "00ff",
)
ROLLBACK = replace(
    WHOLE, happening="rollback", source="", predecessor=None, target=("example.com/lockgate/ci", 4)
)
INTRODUCTION = replace(WHOLE, happening="introduction", source="", predecessor=None)


def _is_by_schema(value: Any, schema: Any = SCHEMA) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(value))


def _is_read(value: Any) -> bool:
    data = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    try:
        parse_promotion(data)
    except (FormatError, InputError):
        return False
    return True


@pytest.mark.parametrize("made", [WHOLE, ROLLBACK, INTRODUCTION])
def test_what_is_written_is_by_the_schema(made: PromotionStatement) -> None:
    jsonschema.validate(json.loads(render_promotion(made)), SCHEMA)


def test_a_schema_is_one() -> None:
    for schema in (SCHEMA, APPROVAL):
        jsonschema.Draft202012Validator.check_schema(schema)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place below a value."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, one in below for found in [(*path, key), *_paths(one, (*path, key))]]


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


# Of these, any may be there or not.
_FREE = ("values", "change")


@pytest.mark.parametrize("made", [WHOLE, ROLLBACK, INTRODUCTION])
def test_what_lacks_a_field_or_has_one_more_is_neither_by_the_schema_nor_read(
    made: PromotionStatement,
) -> None:
    for path in _paths(json.loads(render_promotion(made))):
        value = json.loads(render_promotion(made))
        holder = _at(value, path[:-1])
        if isinstance(holder, dict) and not set(path[:-1]) & set(_FREE):
            del holder[path[-1]]
            assert not _is_by_schema(value) and not _is_read(value), path
        value = json.loads(render_promotion(made))
        found = _at(value, path)
        if isinstance(found, dict) and path[-1] not in _FREE:
            found["more"] = "x"
            assert not _is_by_schema(value) and not _is_read(value), path


@pytest.mark.parametrize("other", [7, None, [], {}, True, "\u202e", "x" * 1_100])
def test_what_has_another_value_somewhere_is_read_only_if_it_is_by_the_schema(other: Any) -> None:
    for path in _paths(json.loads(render_promotion(WHOLE))):
        value = json.loads(render_promotion(WHOLE))
        _at(value, path[:-1])[path[-1]] = other
        assert _is_by_schema(value) or not _is_read(value), path


_TEXT = st.text(st.characters(categories=("L", "N", "P", "S")), max_size=12)
_NAME = _TEXT.filter(bool)
_NUMBER = st.integers().map(str) | st.floats(allow_nan=False, allow_infinity=False).map(repr)
_EVIDENCE = st.builds(
    EvidenceUsed,
    _NAME,
    st.just(_DIGEST),
    st.just(_AT),
    st.booleans(),
    st.dictionaries(_NAME, _NUMBER.filter(lambda one: len(one) < 100), max_size=3),
)


@given(
    st.sampled_from([WHOLE, ROLLBACK, INTRODUCTION]),
    _NAME,
    _TEXT,
    st.lists(st.builds(Beside, _NAME, _NAME, _TEXT), max_size=3),
    st.lists(_EVIDENCE, max_size=3),
    st.dictionaries(_NAME, _TEXT, max_size=3),
)
def test_whatever_is_written_is_by_the_schema_and_read_again(
    made: PromotionStatement,
    model: str,
    version: str,
    serving: list[Beside],
    evidence: list[EvidenceUsed],
    change: dict[str, str],
) -> None:
    other = replace(
        made,
        model=model,
        version=version,
        serving=tuple(sorted(serving, key=lambda one: (one.kind, one.key, one.version))),
        evidence=tuple(evidence),
        change=change,
    )
    payload = render_promotion(other)
    jsonschema.validate(json.loads(payload), SCHEMA)
    assert parse_promotion(payload) == other


def test_approvals_are_by_their_schema() -> None:
    payload = render_approval(ApprovalStatement(_DIGEST, "risk-1", _AT))
    value = json.loads(payload)
    jsonschema.validate(value, APPROVAL)
    for path in _paths(value):
        changed = json.loads(payload)
        holder = _at(changed, path[:-1])
        if isinstance(holder, dict) and path[-1] != "name":
            del holder[path[-1]]
            assert not _is_by_schema(changed, APPROVAL), path
            with pytest.raises((FormatError, InputError)):
                parse_approval(json.dumps(changed).encode())
