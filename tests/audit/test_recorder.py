"""The recorder: every draft it makes becomes an entry that readers take, and no secret is in any of its bytes."""

import base64
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lockgate.audit.draft import Draft
from lockgate.audit.entry import MAX_ENTRY, parse_entry
from lockgate.audit.entry_text import finish
from lockgate.audit.recorder import MAX_ENVIRONMENT, MAX_MODEL, Recorder, Subject
from lockgate.audit.sealing import unseal, unwrap_key
from lockgate.audit.streams import StreamLink
from lockgate.audit.vault import Vault, VaultRow
from lockgate.engine.codegen.values import Number, Value, parse_json
from lockgate.engine.decision import Decision, Failure, NotEvaluated, PolicyKey, Violation

from tests.audit.trails import MASTER, POLICIES, START_MS, decision, pod, review


class Rows:
    """Keys of namespaces in memory."""

    def __init__(self) -> None:
        self.rows: list[VaultRow] = []

    def find(self, tag: bytes) -> VaultRow | None:
        return next((row for row in self.rows if row.tag == tag), None)

    def get(self, ref: bytes) -> VaultRow | None:
        return next((row for row in self.rows if row.ref == ref), None)

    def add(self, row: VaultRow) -> VaultRow:
        self.rows.append(row)
        return row


VAULT = Vault(MASTER, Rows())
RECORDER = Recorder(VAULT, "lockgate/test")


def entry_of(draft: Draft) -> bytes:
    """The entry of a draft whose streams are long already: as large as it gets."""
    links = [StreamLink(name, 2**52, b"\xff" * 32) for name in draft.streams]
    return finish(draft, START_MS, links, START_MS + 10_000)


def opened(draft: Draft) -> bytes:
    assert draft.body is not None
    held = VAULT.get(draft.body.vault_ref)
    assert held is not None
    return unseal(unwrap_key(held.key, draft.body.wrapped_key), draft.body.sealed)


def test_largest_entry() -> None:
    violations = tuple(
        [Violation(PolicyKey("K" * 40, f"{place:02}" + "n" * 100), "m", ("deny",)) for place in range(30)]
        + [Violation(PolicyKey("K" * 40, f"{place:02}" + "n" * 50), "m", ("deny",)) for place in range(30)]
    )
    made = Decision("deny", violations, (), (), POLICIES, "f" * 64, matched=60)
    asked = review(pod("p" * 253, "n" * 63), user="u" * 1024)
    asked.request["kind"] = {"group": "g" * 253, "version": "v" * 63, "kind": "K" * 63}
    asked.request["operation"] = "CONNECT"
    draft = RECORDER.decision(asked, made, Subject("m" * MAX_MODEL, "e" * MAX_ENVIRONMENT), "key")
    entry = entry_of(draft)
    assert len(entry) <= MAX_ENTRY
    assert [link.name for link in parse_entry(entry).links].count("policy/*") == 1


def test_body_keeps_what_was_judged_and_said() -> None:
    asked = review(pod("p", "team", ratio=Number("0.10"), on=None, big=2**70))
    made = Decision(
        "error",
        (Violation(PolicyKey("K", "a"), "wrong", ("warn",), {"n": Number("1e2")}, ("spec", 0)),),
        (Failure(PolicyKey("K", "b"), "broken"),),
        (NotEvaluated(PolicyKey("K", "c"), "labels"),),
        POLICIES,
        "f",
        matched=3,
    )
    draft = RECORDER.decision(asked, made, Subject())
    body = parse_json(opened(draft))
    assert isinstance(body, dict) and isinstance(body["input"], dict)
    object_ = body["input"]["object"]
    assert isinstance(object_, dict) and isinstance(object_["spec"], dict)
    spec = object_["spec"]
    assert isinstance(spec["ratio"], Number) and spec["ratio"].text == "0.10"
    assert (spec["on"], spec["big"]) == (None, 2**70)
    assert body["violations"] == [
        {
            "policy": "K/a",
            "message": "wrong",
            "actions": ["warn"],
            "details": {"n": Number("1e2")},
            "path": ["spec", 0],
        }
    ]
    assert body["failures"] == [{"policy": "K/b", "message": "broken"}]
    assert body["notEvaluated"] == [{"policy": "K/c", "needs": "labels"}]
    assert (body["verdict"], body["matched"], body["policies"]) == ("error", 3, POLICIES)
    assert opened(draft) == opened(draft).strip() and list(body) == sorted(body)


NAMES = ["\ud800", "a\ud800b", "ä" * 50, "\u0000", "a b", "x" * 300, "../..", "-"]


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names(name: str) -> None:
    obj = pod("p", name)
    asked = review(obj, user=name)
    asked.request["name"] = name
    asked.request["operation"] = "CREATE"
    asked.request["kind"] = {"group": name, "version": name, "kind": name}
    # A policy's name comes from files, whose text has no half pairs.
    policy = name.replace("\ud800", "u")
    failed = Decision("error", (), (Failure(PolicyKey(policy, policy), name),), (), POLICIES, "", matched=1)
    parse_entry(entry_of(RECORDER.decision(asked, failed, Subject(), name)))


def test_drafts_of_every_kind() -> None:
    drafts = [
        RECORDER.policy_change(
            "changed", POLICIES, before="4" * 64, policy="K/a", actor="a", source={"x": 1}
        ),
        RECORDER.policy_change("added", POLICIES),
        RECORDER.exemption(
            "used", "ex-1", POLICIES, namespace="team", subject="/v1/Pod/team/p/", actor="a", details=["d"]
        ),
        RECORDER.access("reveal", 1, "auditor", {"index": 3}, 3),
        RECORDER.statement("cd" * 32, "https://example.com/said/v1", "ab" * 32, "a"),
        RECORDER.statement("cd" * 32, "https://example.com/said/v1", "", ""),
        RECORDER.key_event("added", "log", "example.com/log+abc+def"),
        RECORDER.key_event("revoked", "statement", "key-id", actor="a", last_good=5),
        RECORDER.hold("placed", "h", "r" * 2000, "a", index=1),
        RECORDER.hold("lifted", "h", "r", "a"),
        RECORDER.erasure({"scope": "entry", "entries": 1, "index": 1, "reason": "r"}, "a"),
    ]
    assert [parse_entry(entry_of(draft)).kind for draft in drafts] == [draft.kind for draft in drafts]


def test_details_of_other_kinds_are_masked() -> None:
    draft = RECORDER.policy_change("added", POLICIES, source={"password": "hunter2-hunter2"})
    assert b"hunter2" not in opened(draft)


SECRET = st.text("abcdefghXYZ0123456789", min_size=12, max_size=30).map(lambda text: f"q7{text}")


def planted(secrets: list[str]) -> dict[str, Value]:
    """A Pod with the secrets where each class of them stands."""
    obj = pod("p", "team")
    meta = obj["metadata"]
    assert isinstance(meta, dict)
    meta["annotations"] = {
        "kubectl.kubernetes.io/last-applied-configuration": json.dumps(
            {"kind": "Secret", "stringData": {"p": secrets[0]}}
        )
    }
    obj["spec"] = {
        "containers": [
            {
                "name": "c",
                "env": [{"name": "API_KEY", "value": secrets[1]}],
                "args": ["--password", secrets[2]],
            },
            {"name": "d", "command": ["sh", "-c", f"login --token={secrets[3]}"]},
            {"name": "e", "image": f"https://user:{secrets[4]}@registry.example/app"},
        ]
    }
    return obj


@settings(max_examples=60, deadline=None)
@given(
    st.lists(SECRET, min_size=9, max_size=9, unique=True), st.sampled_from(["{}", "'{}'", "a={} b", '["{}"]'])
)
def test_planted_secrets_are_in_no_bytes(secrets: list[str], echo: str) -> None:
    asked = review(planted(secrets))
    encoded = base64.b64encode(secrets[5].encode()).decode()
    asked.request["oldObject"] = {"kind": "Secret", "data": {"a": encoded}, "stringData": {"b": secrets[6]}}
    asked.request["userInfo"] = {"username": "u", "extra": {"scopes": [secrets[7]]}}
    asked.request["options"] = {"token": secrets[8]}
    violations = tuple(
        [
            Violation(
                PolicyKey("K", f"n{place}"),
                echo.replace("{}", one),
                ("deny",),
                {"value": one, "list": [echo.replace("{}", one)], one: True},
                ("spec", one),
            )
            for place, one in enumerate([*secrets, encoded])
        ]
    )
    made = replace(decision("deny", 1), violations=violations)
    failed = replace(made, failures=(Failure(PolicyKey("K", "f"), " ".join(secrets)),))
    draft = RECORDER.decision(asked, failed, Subject("model", "prod"), "request")
    entry = entry_of(draft)
    assert draft.body is not None
    everything = entry + opened(draft) + draft.body.sealed + repr(draft.fields).encode()
    assert [one for one in [*secrets, encoded] if one.encode() in everything] == []


def test_kinds_of_a_credentials_shape_are_not_in_clear() -> None:
    asked = review(pod("p", "team"))
    asked.request["kind"] = {"group": "", "version": "v1", "kind": "AKIAIOSFODNN7EXAMPLE"}
    asked.request["operation"] = "ghp_abcdefghijklmnopqrst"
    entry = entry_of(RECORDER.decision(asked, decision(), Subject()))
    assert b"AKIA" not in entry and b"ghp_" not in entry


DETAILS: list[Value] = [
    {"password": "tooth-brush-4711"},
    {"env": [{"name": "API_KEY", "value": "tooth-brush-4711"}]},
    {"args": ["--token", "tooth-brush-4711"]},
]


@pytest.mark.parametrize("details", DETAILS, ids=str)
def test_what_a_policy_tells_is_searched_for_members_that_are_secret(details: Value) -> None:
    told = (
        Violation(PolicyKey("K", "a"), "the first one", ("deny",)),
        Violation(PolicyKey("K", "b"), "it is tooth-brush-4711", ("deny",), details),
    )
    made = replace(decision("deny", 1), violations=told)
    body = opened(RECORDER.decision(review(pod("web", "shop")), made, Subject()))
    assert b"tooth-brush-4711" not in body
    assert b"the first one" in body
