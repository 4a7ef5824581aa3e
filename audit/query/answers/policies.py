"""A3: what policies denied, as a replay starts from; A10: how policies, configuration and exclusions changed."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lockgate.audit.promotions.history import Promotion
from lockgate.audit.query.answers.answer import MAX_LINES, Answer, Given, Opener, columns, proven, size_of
from lockgate.audit.query.answers.people import actor_of
from lockgate.audit.query.answers.promoted import Promoted, read_promoted
from lockgate.audit.query.engine import Asking, Engine
from lockgate.audit.query.page import Completeness
from lockgate.audit.query.question import Question
from lockgate.audit.streams import policies_stream
from lockgate.audit.times import render_time

# Streams that have the entries of kind `policy`.
POLICY_STREAMS: Final = ("policy-change", "configuration", "exclusion")
_POLICY: Final = "policy/"
# How the log calls PolicyBundles, as what is promoted; their evidence; and what statements call the set of policies in them.
BUNDLES: Final = "policies:"
TESTS: Final = "tests"
SET: Final = "policies"


@dataclass(frozen=True, slots=True)
class Denials:
    """How often a policy denied in a namespace (its pseudonym). first: entry."""

    policy: str
    namespace: str
    denied: int
    first: int


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """A change of what decides, or the promotion of a PolicyBundle. decisions: how many were made under the set that it brought, in
    all. tests: of the bundle that brought it, as `12 passed, 0 failed`; "" where it had none, or bodies are sealed."""

    entry: int
    time: str
    what: str
    event: str
    policy: str
    before: str
    after: str
    by: str
    decisions: int
    tests: str


def a3_denied(engine: Engine, given: Given, opener: Opener | None) -> Answer[Denials]:
    """What was denied in a time, by policy and namespace, as it is recorded."""
    size = size_of(engine, given)
    rows, _ = engine.all(
        Question(
            kinds=("decision",),
            outcomes=("deny",),
            since_ms=given.since_ms,
            until_ms=given.until_ms,
            order="oldest",
        ),
        10 * MAX_LINES,
        Asking(as_of_size=size),
    )
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], int] = {}
    for row in rows:
        names = [link.name for link in row.entry.links]
        space = next((name for name in names if name.startswith("namespace/")), "")
        for name in names:
            if name.startswith(_POLICY):
                key = (name.removeprefix(_POLICY), space)
                counts[key] += 1
                first.setdefault(key, row.index)
    lines = [
        Denials(*key, count, first[key])
        for key, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    ]
    return Answer(
        "a3",
        "Denials by policy and namespace, as recorded",
        columns(Denials),
        tuple(lines),
        engine.as_of(size),
        proven(
            engine,
            [one.first for one in lines],
            (),
            [],
            [
                "what other policies would have said is not in the log: `lockgate audit replay` gives them the recorded inputs",
                "denials were found by the index, which whoever writes to the database can change: `audit verify` compares it",
            ],
        ),
    )


@dataclass(frozen=True, slots=True)
class _Bundle:
    """A PolicyBundle that was promoted. policies: the digest of its set, "" where nobody told or bodies are sealed."""

    made: Promotion
    by: str
    policies: str
    tests: str


def _bundles(promoted: Promoted, opener: Opener | None) -> Iterator[_Bundle]:
    for one in promoted.made():
        if not one.promoted.model.startswith(BUNDLES):
            continue
        statement = promoted.statement(one.request, opener)
        if statement is None:
            yield _Bundle(one, "", "", "")
            continue
        tests = next((used.values for used in statement.evidence if used.kind == TESTS), None)
        told = (
            "" if tests is None else f"{tests.get('passed', '0')} passed, {tests.get('failed', '0')} failed"
        )
        yield _Bundle(one, statement.requester, statement.change.get(SET, ""), told)


def _promotion(engine: Engine, size: int, promoted: Promoted, one: _Bundle) -> PolicyChange:
    made = one.made
    there = promoted.history.promotions(made.promoted.model, made.promoted.environment)
    before = [other for other in there if other.index < made.index]
    return PolicyChange(
        made.index,
        render_time(promoted.time_ms(made.index)),
        "promotion",
        "promoted" if made.request.target is None else "rolled-back",
        f"{made.promoted.model} to {made.promoted.environment}",
        before[-1].promoted.subject if before else "",
        made.promoted.subject,
        one.by,
        engine.stream_end(policies_stream(one.policies), size) if one.policies else 0,
        one.tests,
    )


def a10_policies(engine: Engine, given: Given, opener: Opener | None) -> Answer[PolicyChange]:
    """Every change of policies, configuration and exclusions: when, by whom, and how much was decided under what it brought."""
    size = size_of(engine, given)
    promoted = read_promoted(engine, size)
    bundles = [*_bundles(promoted, opener)]
    tests = {one.policies: one.tests for one in bundles if one.policies and one.tests}
    lines = [
        _promotion(engine, size, promoted, one)
        for one in bundles
        if given.covers(promoted.time_ms(one.made.index))
    ]
    if given.policy:
        lines = [one for one in lines if given.policy == one.policy]
    complete: list[Completeness] = [*promoted.complete] if bundles else []
    for name in POLICY_STREAMS:
        links, told = engine.whole(name, size)
        complete.append(told)
        for link in links:
            value = link.entry.value
            policy = str(value.get("policy", ""))
            if not given.covers(link.entry.time_ms) or (
                given.policy and given.policy not in (policy, policy.partition("/")[0])
            ):
                continue
            after = str(value["policies"])
            lines.append(
                PolicyChange(
                    link.index,
                    render_time(link.entry.time_ms),
                    name,
                    str(value["event"]),
                    policy,
                    str(value.get("before", "")),
                    after,
                    actor_of(opener, link.index, link.raw),
                    engine.stream_end(policies_stream(after), size),
                    tests.get(after, ""),
                )
            )
    lines.sort(key=lambda one: one.entry)
    missing = [
        "tests are those that a PolicyBundle was promoted with, in the words of whoever ran them; of a change that no promotion brought nothing is known"
    ]
    if opener is None:
        missing.append("who made a change, and which tests passed, is sealed")
    return Answer(
        "a10",
        "Changes of policies, configuration and exclusions",
        columns(PolicyChange),
        tuple(lines),
        engine.as_of(size),
        proven(engine, [one.entry for one in lines], complete, [], missing),
    )
