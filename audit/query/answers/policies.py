"""A3: what policies denied, as a replay starts from; A10: how policies, configuration and exclusions changed."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from lockgate.audit.query.answers.answer import MAX_LINES, Answer, Given, Opener, columns, proven, size_of
from lockgate.audit.query.answers.people import actor_of
from lockgate.audit.query.engine import Asking, Engine
from lockgate.audit.query.page import Completeness
from lockgate.audit.query.question import Question
from lockgate.audit.streams import policies_stream
from lockgate.audit.times import render_time

# Streams that have the entries of kind `policy`.
POLICY_STREAMS: Final = ("policy-change", "configuration", "exclusion")
_POLICY: Final = "policy/"


@dataclass(frozen=True, slots=True)
class Denials:
    """How often a policy denied in a namespace (its pseudonym). first: entry."""

    policy: str
    namespace: str
    denied: int
    first: int


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """A change of what decides. decisions: how many were made under the set that it brought, in all."""

    entry: int
    time: str
    what: str
    event: str
    policy: str
    before: str
    after: str
    by: str
    decisions: int


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


def a10_policies(engine: Engine, given: Given, opener: Opener | None) -> Answer[PolicyChange]:
    """Every change of policies, configuration and exclusions: when, by whom, and how much was decided under what it brought."""
    size = size_of(engine, given)
    lines: list[PolicyChange] = []
    complete: list[Completeness] = []
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
                )
            )
    lines.sort(key=lambda one: one.entry)
    missing = [
        "whether a change was tested is in no entry, but where a PolicyBundle was promoted with its tests: see A1 of it"
    ]
    if opener is None:
        missing.append("who made a change is sealed")
    return Answer(
        "a10",
        "Changes of policies, configuration and exclusions",
        columns(PolicyChange),
        tuple(lines),
        engine.as_of(size),
        proven(engine, [one.entry for one in lines], complete, [], missing),
    )
