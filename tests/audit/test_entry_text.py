"""Entries are written by their parts: the text has to be the one canonical form of the value all the same."""

import os
from collections.abc import Mapping
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.canonical import Json, canonical_bytes
from lockgate.audit.draft import Draft, SealedBody
from lockgate.audit.entry import SCHEMAS, parse_entry
from lockgate.audit.entry_text import finish
from lockgate.audit.errors import FormatError
from lockgate.audit.note import encode_base64
from lockgate.audit.streams import StreamLink
from lockgate.audit.times import render_time

from tests.audit.entry_cases import HASH, LATER, OPENINGS, Case
from tests.audit.trails import POLICIES, START_MS

DECISION: dict[str, Json] = {
    "outcome": "deny",
    "policies": f"sha256:{POLICIES}",
    "evaluator": "lockgate/test",
    "operation": "CREATE",
    "resource": "v1/Pod",
}
RIGHT = [Case("decision", DECISION), *[one for one in (*OPENINGS, *LATER) if not one.error]]
BODY = SealedBody(b"sealed", b"k" * 40, b"r" * 16)


def value_of(draft: Draft, links: list[StreamLink], *, anomaly: bool) -> dict[str, Json]:
    """The value of an entry, put together as the format's page has it."""
    value: dict[str, Json] = {**draft.fields, "v": 1, "kind": draft.kind, "time": render_time(START_MS)}
    value["streams"] = [
        {"k": one.name, "n": one.n, **({} if one.prev is None else {"prev": encode_base64(one.prev)})}
        for one in links
    ]
    if anomaly:
        value["clockAnomaly"] = True
    if draft.idempotency:
        value["idempotency"] = encode_base64(draft.idempotency)
    if draft.body is not None:
        sealed = draft.body.sealed
        value["body"] = {"sha256": f"sha256:{sha256(sealed).hexdigest()}", "size": len(sealed)}
    return value


@given(
    case=st.sampled_from(RIGHT),
    names=st.lists(
        st.sampled_from(["log", "policy/A/b", 'a"quote', "back\\slash", "model/x/%20"]), unique=True
    ),
    has_commitments=st.booleans(),
    has_body=st.booleans(),
    key=st.sampled_from([b"", b"i" * 16]),
    anomaly=st.booleans(),
)
def test_the_text_is_the_canonical_one(
    case: Case, names: list[str], has_commitments: bool, has_body: bool, key: bytes, anomaly: bool
) -> None:
    fields: dict[str, Json] = dict(case.fields)
    committed = sorted(SCHEMAS[case.kind].commitments)
    if has_commitments and committed:
        fields["commitments"] = dict.fromkeys(committed, HASH)
    commitments = fields.get("commitments", {})
    body = BODY if has_body and isinstance(commitments, dict) and "body" in commitments else None
    draft = Draft(case.kind, fields, tuple(names), body, key)
    links = [
        StreamLink(name, place + 1, os.urandom(32) if place else None) for place, name in enumerate(names)
    ]
    made = finish(draft, START_MS, links, START_MS + 10_000 if anomaly else START_MS)
    assert made == canonical_bytes(value_of(draft, links, anomaly=anomaly))
    assert parse_entry(made).clock_anomaly is anomaly


def test_what_is_remembered_of_one_entry_does_not_pass_for_another() -> None:
    """`1 == True`, and both have one hash."""
    right: dict[str, Json] = {"action": "reveal", "entries": 1}
    assert b'"entries":1' in finish(Draft("access", right), START_MS, (), 0)
    with pytest.raises(FormatError):
        finish(Draft("access", {**right, "entries": True}), START_MS, (), 0)


@pytest.mark.parametrize(
    "fields",
    [
        {**DECISION, "outcome": "perhaps"},
        {**DECISION, "time": "2026-09-21T15:20:00.123Z"},
        {**DECISION, "commitments": {}},
        {**DECISION, "commitments": {"body": HASH[:-1]}},
        {**DECISION, "commitments": {'"': HASH}},
        {**DECISION, "evaluator": "half of a pair \ud800"},
        {"outcome": "deny"},
    ],
)
def test_wrong_fields_are_refused_each_time(fields: Mapping[str, Json]) -> None:
    finish(Draft("decision", DECISION), START_MS, (), 0)
    for _ in range(2):
        with pytest.raises(FormatError):
            finish(Draft("decision", fields), START_MS, (), 0)
