"""Fields of entries that fit together and that do not; both verifiers, and who makes drafts, have to agree on each."""

from dataclasses import dataclass

from lockgate.audit.canonical import Json

from tests.audit.trails import ORIGIN

DIGEST = "sha256:" + "a" * 64
HASH = "A" * 43 + "="
VKEY = f"{ORIGIN}+00000000+AAAA"
TIME = "2026-09-21T15:{}:00.000Z"
PREDECESSOR: dict[str, Json] = {
    "origin": "example.com/old",
    "size": 7,
    "root": HASH,
    "vkey": VKEY,
    "reason": "restored",
}


@dataclass(frozen=True, slots=True)
class Case:
    """`error` is what our parser says of it, or nothing for an entry that is right."""

    kind: str
    fields: dict[str, Json]
    error: str = ""


def opened(**more: Json) -> dict[str, Json]:
    return {"event": "opened", **more}


def coverage(start: str, stop: str) -> dict[str, Json]:
    return {
        "instance": "a",
        "from": start,
        "to": stop,
        "policies": DIGEST,
        "configuration": DIGEST,
        "evaluator": "lockgate/test",
        "judged": 1,
        "unmatched": 0,
        "refused": 0,
    }


def log_key(event: str, **more: Json) -> dict[str, Json]:
    return {"event": event, "use": "witness", **more}


def erasure(scope: str, **more: Json) -> dict[str, Json]:
    return {"scope": scope, "entries": 1, "reason": "asked for", **more}


def hold(event: str, **more: Json) -> dict[str, Json]:
    return {"event": event, "hold": "case-7", "reason": "a dispute", **more}


def glass(event: str, **more: Json) -> dict[str, Json]:
    return {"event": event, "grant": "night-1", **more}


TERMS: dict[str, Json] = {
    "reason": "the registry is down",
    "ticket": "OPS-1",
    "from": TIME.format("01"),
    "until": TIME.format("31"),
}
USE: dict[str, Json] = {"outcome": "deny", "operation": "CREATE", "resource": "v1/Pod"}


# Lists that are no ascending half-open ranges which do not touch.
NO_RANGES: list[Json] = [
    [],
    [0],
    [0, 1, 2],
    [1, 1],
    [1, 0],
    [0, 1, 1, 2],
    [-1, 1],
    [False, 1],
    ["0", 1],
    list(range(202)),
]


# Of an entry that opens a log.
OPENINGS = [
    Case("log", opened(origin=ORIGIN, vkey=VKEY)),
    Case("log", opened(origin=ORIGIN, vkey=VKEY, predecessor=PREDECESSOR)),
    Case("log", opened(origin=ORIGIN, vkey=VKEY, predecessor=PREDECESSOR, lost={"from": 7, "to": 9})),
    Case("log", opened(origin=ORIGIN, vkey=VKEY, predecessor=PREDECESSOR, lost={"from": 7, "to": 7})),
    Case("log", opened(origin=ORIGIN), "the entry (log opened) lacks vkey"),
    Case("log", opened(vkey=VKEY), "the entry (log opened) lacks origin"),
    Case(
        "log",
        opened(origin=ORIGIN, vkey=VKEY, successor={"origin": "b", "vkey": VKEY}),
        "the entry (log opened) may not have successor",
    ),
    Case(
        "log",
        opened(origin=ORIGIN, vkey=VKEY, reason="because"),
        "the entry (log opened) may not have reason",
    ),
    Case(
        "log",
        opened(origin=ORIGIN, vkey=VKEY, lost={"from": 7, "to": 9}),
        "the entry (log opened) tells what was lost, and of no predecessor",
    ),
    Case(
        "log",
        opened(origin=ORIGIN, vkey=VKEY, predecessor=PREDECESSOR, lost={"from": 9, "to": 7}),
        "the entry (log opened) has a lost range that ends before it begins",
    ),
    Case(
        "log",
        opened(origin=ORIGIN, vkey=VKEY, predecessor={**PREDECESSOR, "more": 1}),
        "the entry's predecessor is not as its kind demands",
    ),
]


def judged(**more: Json) -> dict[str, Json]:
    return {"outcome": "deny", "policies": DIGEST, "evaluator": "lockgate/test", **USE, **more}


def promotion(event: str, **more: Json) -> dict[str, Json]:
    given: dict[str, Json] = {
        "model": "hf:org/fraud",
        "environment": "prod",
        "subject": DIGEST,
        "statement": DIGEST,
    }
    return {"event": event, **given, **more}


# Malformed by themselves; what they say together is in tests/audit/promotions.
PROMOTIONS = [
    Case("promotion", promotion("requested"), "the entry (promotion requested) lacks requester"),
    Case(
        "promotion",
        promotion("requested", requester="a", policy=DIGEST),
        "the entry (promotion requested) may not have policy",
    ),
    Case(
        "promotion",
        promotion("approved", approver="a", assurance="key"),
        "the entry (promotion approved) lacks request",
    ),
    Case(
        "promotion",
        promotion("approved", approver="a", assurance="word", request=1),
        "the entry's assurance is not as its kind demands",
    ),
    Case("promotion", promotion("promoted", request=1), "the entry (promotion promoted) lacks policy"),
    Case(
        "promotion",
        promotion("promoted", request=1, policy=DIGEST, approvals=[2, 2]),
        "the entry's approvals is not as its kind demands",
    ),
    Case(
        "promotion",
        promotion("rolled-back", request=1, policy=DIGEST, reason="x"),
        "the entry (promotion rolled-back) may not have reason",
    ),
    Case("promotion", promotion("revoked", reason="x"), "the entry (promotion revoked) lacks promotion"),
    Case("promotion", promotion("asked", reason="x"), "the entry's event is not as its kind demands"),
]

# Of an entry behind the opening.
LATER = [
    *PROMOTIONS,
    *[Case("decision", judged(caller=caller)) for caller in ("mtls", "token", "unauthenticated")],
    Case("decision", judged(caller="mtls", mode="observe")),
    Case("decision", judged(mode="enforce"), "the entry's mode is not as its kind demands"),
    Case("decision", judged(caller="anybody"), "the entry's caller is not as its kind demands"),
    Case("log", {"event": "closed", "reason": "full"}),
    Case("log", {"event": "closed", "reason": "full", "successor": {"origin": "b", "vkey": VKEY}}),
    Case("log", {"event": "closed"}, "the entry (log closed) lacks reason"),
    Case(
        "log",
        {"event": "closed", "reason": "full", "origin": ORIGIN},
        "the entry (log closed) may not have origin",
    ),
    Case(
        "log",
        {"event": "closed", "reason": "full", "predecessor": PREDECESSOR, "lost": {"from": 1, "to": 2}},
        "the entry (log closed) may not have lost, predecessor",
    ),
    Case(
        "log",
        {"event": "closed", "reason": "full", "successor": {"origin": "b"}},
        "the entry's successor is not as its kind demands",
    ),
    Case("key", log_key("added", key="w")),
    Case("key", log_key("retired", vkey=VKEY)),
    Case("key", log_key("revoked", key="w", lastGood=0)),
    Case("key", log_key("revoked", key="w")),
    Case("key", log_key("added"), "the entry (key added) has to have either vkey or key"),
    Case("key", log_key("added", key="w", vkey=VKEY), "the entry (key added) has to have either vkey or key"),
    Case("key", log_key("revoked", lastGood=1), "the entry (key revoked) has to have either vkey or key"),
    Case("key", log_key("added", key="w", lastGood=1), "the entry (key added) may not have lastGood"),
    Case("key", log_key("retired", key="w", lastGood=1), "the entry (key retired) may not have lastGood"),
    Case("key", log_key("lost", key="w"), "the entry's event is not as its kind demands"),
    Case("key", log_key("revoked", key="w", lastGood=-1), "the entry's lastGood is not as its kind demands"),
    Case("erasure", erasure("entry", index=0)),
    Case("erasure", erasure("namespace", stream="namespace/a")),
    Case("erasure", erasure("entry"), "the entry (erasure entry) lacks index"),
    Case("erasure", erasure("namespace"), "the entry (erasure namespace) lacks stream"),
    Case("erasure", erasure("namespace", index=0), "the entry (erasure namespace) lacks stream"),
    Case(
        "erasure",
        erasure("entry", index=0, stream="namespace/a"),
        "the entry (erasure entry) may not have stream",
    ),
    Case(
        "erasure",
        erasure("namespace", index=0, stream="namespace/a"),
        "the entry (erasure namespace) may not have index",
    ),
    Case("erasure", erasure("all", index=0), "the entry's scope is not as its kind demands"),
    Case("break-glass", glass("granted", **TERMS)),
    Case("break-glass", glass("granted", **TERMS, claimed=TIME.format("01"))),
    Case("break-glass", glass("used", **USE)),
    Case("break-glass", glass("used", **USE, policies=DIGEST, claimed=TIME.format("01"))),
    Case("break-glass", glass("revoked")),
    Case("break-glass", glass("expired")),
    Case("break-glass", glass("refused", reason="it is not signed")),
    Case(
        "break-glass",
        glass("granted"),
        "the entry (break-glass granted) lacks from, reason, ticket, until",
    ),
    Case(
        "break-glass",
        glass("used", **TERMS),
        "the entry (break-glass used) lacks operation, outcome, resource",
    ),
    Case(
        "break-glass",
        glass("used", **USE, ticket="x"),
        "the entry (break-glass used) may not have ticket",
    ),
    Case(
        "break-glass",
        glass("used", **{**USE, "outcome": "allow"}),
        "the entry's outcome is not as its kind demands",
    ),
    Case("break-glass", glass("expired", reason="x"), "the entry (break-glass expired) may not have reason"),
    Case("break-glass", glass("refused"), "the entry (break-glass refused) lacks reason"),
    Case("break-glass", glass("lost"), "the entry's event is not as its kind demands"),
    Case("hold", hold("placed", index=0)),
    Case("hold", hold("placed", stream="namespace/a")),
    Case("hold", hold("lifted")),
    Case("hold", hold("placed"), "the entry (hold placed) has to have either index or stream"),
    Case(
        "hold",
        hold("placed", index=0, stream="namespace/a"),
        "the entry (hold placed) has to have either index or stream",
    ),
    Case("hold", hold("lifted", index=0), "the entry (hold lifted) may not have index"),
    Case("coverage", coverage(TIME.format("01"), TIME.format("02"))),
    Case("coverage", coverage(TIME.format("01"), TIME.format("11"))),
    Case(
        "coverage",
        coverage(TIME.format("01"), TIME.format("12")),
        "the entry (coverage) is not of 1 to 10 minutes",
    ),
    Case(
        "coverage",
        coverage(TIME.format("01"), TIME.format("01")),
        "the entry (coverage) is not of 1 to 10 minutes",
    ),
    Case(
        "coverage",
        coverage(TIME.format("02"), TIME.format("01")),
        "the entry (coverage) is not of 1 to 10 minutes",
    ),
    Case(
        "coverage",
        coverage("2026-09-21T15:00:00.001Z", TIME.format("01")),
        "the entry (coverage) is not of whole minutes",
    ),
    Case(
        "coverage",
        coverage(TIME.format("01"), "2026-09-21T15:01:30.000Z"),
        "the entry (coverage) is not of whole minutes",
    ),
    Case(
        "coverage",
        coverage("2026-02-30T15:01:00.000Z", TIME.format("01")),
        "'2026-02-30T15:01:00' is no time",
    ),
    Case("statement", {"envelope": DIGEST, "predicate": "https://example.com/said/v1"}),
    Case("statement", {"envelope": DIGEST, "predicate": "p", "subject": DIGEST}),
    Case(
        "statement", {"envelope": "ab", "predicate": "p"}, "the entry's envelope is not as its kind demands"
    ),
    Case(
        "statement", {"envelope": DIGEST, "predicate": ""}, "the entry's predicate is not as its kind demands"
    ),
    Case(
        "statement",
        {"envelope": DIGEST, "predicate": "p", "subject": "x"},
        "the entry's subject is not as its kind demands",
    ),
    Case("access", {"action": "reveal", "entries": 1}),
    Case("access", {"action": "look", "entries": 1}, "the entry's action is not as its kind demands"),
    Case("access", {"action": "reveal", "entries": True}, "the entry's entries is not as its kind demands"),
    Case(
        "access",
        {"action": "reveal", "entries": 1, "more": 1},
        "an entry of kind access has other fields than these: action, entries, more",
    ),
    Case("verification", {"verdict": "verified", "size": 7, "opened": 0, "root": HASH}),
    Case("verification", {"verdict": "unverifiable", "size": 0, "opened": 0}),
    Case(
        "verification",
        {"verdict": "fine", "size": 7, "opened": 0},
        "the entry's verdict is not as its kind demands",
    ),
    Case(
        "verification",
        {"verdict": "tampered", "size": 7, "opened": 0, "root": "AAAA"},
        "the entry's root is not as its kind demands",
    ),
    Case(
        "verification",
        {"verdict": "verified", "size": 7},
        "an entry of kind verification has other fields than these: size, verdict",
    ),
    Case("policy", {"event": "added", "policies": DIGEST, "policy": "K8s/x"}),
    Case(
        "policy",
        {"event": "added", "policies": "a" * 64},
        "the entry's policies is not as its kind demands",
    ),
    Case(
        "policy",
        {"event": "added", "policies": DIGEST, "policy": "x" * 1025},
        "the entry's policy is not as its kind demands",
    ),
    Case(
        "policy",
        {"event": "added", "policies": DIGEST, "commitments": {"input": HASH}},
        "the entry's commitments is not as its kind demands",
    ),
    Case(
        "policy",
        {"event": "added", "policies": DIGEST, "commitments": {}},
        "the entry's commitments is not as its kind demands",
    ),
    Case("policy", {"event": "added", "policies": DIGEST, "commitments": {"actor": HASH}}),
    Case("seen", {"instance": "a", "records": [0, 1]}),
    *[
        Case("seen", {"instance": "a", "records": records}, "the entry's records is not as its kind demands")
        for records in NO_RANGES
    ],
    Case("seen", {"records": [0, 1]}, "an entry of kind seen has other fields than these: records"),
    Case("nothing", {}, "the entry is of no kind that is known here"),
]
