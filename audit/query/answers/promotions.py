"""A1: promotions of a model; A4: the lineage of bytes; A5: duties that one person had; A8: evidence that was old."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lockgate.audit.promotions.history import Promotion
from lockgate.audit.query.answers.answer import (
    DAY_MS,
    Answer,
    Given,
    Opener,
    columns,
    look_ahead,
    proven,
    size_of,
)
from lockgate.audit.query.answers.promoted import Approver, Promoted, read_promoted
from lockgate.audit.query.engine import Engine
from lockgate.audit.times import parse_time, render_time

_WHO: Final = "who people are is what keys, tokens and forges said of them when they asked and approved; the log keeps it, and asks nobody"
# Promotions whose bodies are fetched at once, of some entries each.
_TOGETHER: Final = 64
_SEALED: Final = "names and evidence are sealed: pseudonyms stand for people"


@dataclass(frozen=True, slots=True)
class MadePromotion:
    """A promotion that was made. entry: that made it; requester: a pseudonym, requester_name: where it may be shown."""

    entry: int
    time: str
    event: str
    model: str
    version: str
    environment: str
    subject: str
    requester: str
    requester_name: str
    approvers: tuple[Approver, ...]
    policy: str
    statement: str
    evidence: tuple[str, ...]
    standing: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step of bytes from environment to environment. before: the entry that it rests on."""

    entry: int
    time: str
    model: str
    version: str
    environment: str
    source: str
    before: int | None
    standing: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Duties:
    """A promotion in which one person had several duties, or that one person alone approved, or nobody."""

    entry: int
    time: str
    model: str
    environment: str
    what: str
    requester: str
    approvers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OldEvidence:
    """Evidence that was older than it may be when a promotion was made, or that was not there at all (at: "")."""

    entry: int
    time: str
    model: str
    environment: str
    kind: str
    at: str
    days: int | None


def _wanted(promoted: Promoted, given: Given) -> list[Promotion]:
    made: list[Promotion] = []
    for one in promoted.made():
        what = one.promoted
        if given.model and what.model != given.model:
            continue
        if given.environment and what.environment != given.environment:
            continue
        if given.requester and one.request.requester != given.requester:
            continue
        people = {promoted.history.approval(index).approver for index in one.approvals}
        if given.approver and given.approver not in people:
            continue
        if given.covers(promoted.time_ms(one.index)):
            made.append(one)
    return made


def _fetched(made: Sequence[Promotion], opener: Opener | None) -> Iterator[Promotion]:
    """The same, with their bodies fetched some at a time."""
    for start in range(0, len(made), _TOGETHER):
        block = made[start : start + _TOGETHER]
        look_ahead(opener, [index for one in block for index in (one.request.index, *one.approvals)])
        yield from block


def a1_promotions(engine: Engine, given: Given, opener: Opener | None) -> Answer[MadePromotion]:
    """Every promotion of a model into an environment in a time: who asked, who approved, by which policy, on which evidence."""
    size = size_of(engine, given)
    promoted = read_promoted(engine, size)
    lines: list[MadePromotion] = []
    entries: list[int] = []
    for one in _fetched(_wanted(promoted, given), opener):
        entries += promoted.entries(one)
        statement = promoted.statement(one.request, opener)
        evidence = () if statement is None else tuple([f"{e.kind} of {e.at}" for e in statement.evidence])
        what = one.promoted
        lines.append(
            MadePromotion(
                one.index,
                render_time(promoted.time_ms(one.index)),
                "promoted" if one.request.target is None else "rolled-back",
                what.model,
                what.version,
                what.environment,
                what.subject,
                one.request.requester,
                "" if statement is None else statement.requester,
                promoted.approvers(one, opener),
                one.policy,
                what.statement,
                evidence,
                promoted.standing(one),
            )
        )
    missing = [_WHO] if opener is not None else [_WHO, _SEALED]
    return Answer(
        "a1",
        "Promotions: who asked, who approved, under which policy, on which evidence",
        columns(MadePromotion),
        tuple(lines),
        engine.as_of(size),
        proven(
            engine,
            entries,
            promoted.complete,
            [
                "each promotion follows from its request and approvals by the rules of the log, with keys that were good"
            ],
            missing,
        ),
    )


def a4_lineage(engine: Engine, given: Given, opener: Opener | None) -> Answer[Step]:
    """How bytes (`sha256:<hex>`), or a model's, came from environment to environment, and where they are now."""
    size = size_of(engine, given)
    promoted = read_promoted(engine, size)
    lines = [
        Step(
            one.index,
            render_time(promoted.time_ms(one.index)),
            one.promoted.model,
            one.promoted.version,
            one.promoted.environment,
            one.request.source,
            one.request.predecessor if one.request.target is None else one.request.target,
            promoted.standing(one),
            promoted.standing(one) == "current",
        )
        for one in promoted.made()
        if (not given.subject or one.promoted.subject == given.subject)
        and (not given.model or one.promoted.model == given.model)
    ]
    return Answer(
        "a4",
        "Lineage: from environment to environment, and where it is now",
        columns(Step),
        tuple(lines),
        engine.as_of(size),
        proven(
            engine,
            [one.entry for one in lines],
            promoted.complete,
            ["each step rests on the entry that it names, of the same bytes"],
            ["what was deployed without a promotion is in no entry: `lockgate audit reconcile` looks for it"],
        ),
    )


def a5_duties(engine: Engine, given: Given, opener: Opener | None) -> Answer[Duties]:
    """Promotions that whoever asked approved too, or that fewer than two people approved."""
    size = size_of(engine, given)
    promoted = read_promoted(engine, size)
    lines: list[Duties] = []
    for one in _wanted(promoted, given):
        people = tuple([promoted.history.approval(index).approver for index in one.approvals])
        if one.request.requester in people:
            what = "approved by whoever asked"
        elif len(people) == 1:
            what = "approved by one person"
        elif not people:
            what = "approved by nobody"
        else:
            continue
        time = render_time(promoted.time_ms(one.index))
        place = one.promoted
        lines.append(
            Duties(one.index, time, place.model, place.environment, what, one.request.requester, people)
        )
    return Answer(
        "a5",
        "Separation of duties: own approvals, single approvals, none",
        columns(Duties),
        tuple(lines),
        engine.as_of(size),
        proven(
            engine,
            [one.entry for one in lines],
            promoted.complete,
            ["one pseudonym is one person of the identity map at that time"],
            [_WHO, "two people of whom the identity map did not know that they are one count as two"],
        ),
    )


def a8_old_evidence(engine: Engine, given: Given, opener: Opener | None) -> Answer[OldEvidence]:
    """Promotions whose report on drift was older than some days when they were made, or that had none."""
    size = size_of(engine, given)
    promoted = read_promoted(engine, size)
    lines: list[OldEvidence] = []
    sealed = 0
    for one in _fetched(_wanted(promoted, given), opener):
        statement = promoted.statement(one.request, opener)
        if statement is None:
            sealed += 1
            continue
        made_ms = promoted.time_ms(one.index)
        reports = [e for e in statement.evidence if e.kind == "drift"]
        newest = max(reports, key=lambda e: parse_time(e.at), default=None)
        if newest is not None and made_ms - parse_time(newest.at) <= given.days * DAY_MS:
            continue
        days = None if newest is None else (made_ms - parse_time(newest.at)) // DAY_MS
        at = "" if newest is None else newest.at
        place = one.promoted
        lines.append(
            OldEvidence(one.index, render_time(made_ms), place.model, place.environment, "drift", at, days)
        )
    missing = ["when a report was made is its signer's word"]
    if sealed:
        missing.append(f"{sealed} statements are sealed or erased, and were not looked at")
    return Answer(
        "a8",
        f"Evidence: reports on drift older than {given.days} days at promotion",
        columns(OldEvidence),
        tuple(lines),
        engine.as_of(size),
        proven(
            engine,
            [one.entry for one in lines],
            promoted.complete,
            ["each statement is the one whose digest its entry has"],
            missing,
        ),
    )
