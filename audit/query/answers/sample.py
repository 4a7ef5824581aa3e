"""A13: a random sample that anybody can draw again: of all that fits a question, those whose leaf hash comes first under a seed."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from heapq import nsmallest

from lockgate.audit.merkle import Hash
from lockgate.audit.note import encode_base64
from lockgate.audit.query.answers.answer import Answer, Given, Opener, columns, proven, size_of
from lockgate.audit.query.engine import MAX_WHOLE, Asking, Engine
from lockgate.audit.query.page import Row
from lockgate.audit.query.question import Question
from lockgate.audit.times import render_time


@dataclass(frozen=True, slots=True)
class Sampled:
    """An entry of the sample. rank: SHA-256 of `lockgate-sample/v1`, the seed in decimal and the leaf hash, hexadecimal."""

    entry: int
    time: str
    kind: str
    what: str
    model: str
    environment: str
    leaf: str
    rank: str


def rank(seed: int, leaf: Hash) -> bytes:
    """By which entries of a sample come first: nobody chooses it who does not choose the seed after the entries."""
    return sha256(f"lockgate-sample/v1\n{seed}\n".encode() + leaf).digest()


def draw(rows: Iterable[Row], count: int, seed: int) -> list[Row]:
    """A sample of rows, in the order of the log."""
    return sorted(nsmallest(count, rows, key=lambda row: rank(seed, row.leaf)), key=lambda row: row.index)


def sample(engine: Engine, question: Question, given: Given) -> Answer[Sampled]:
    """A sample of all that fits a question. Raises TrailError where more than MAX_WHOLE entries do."""
    size = size_of(engine, given)
    rows, pages = engine.all(question, MAX_WHOLE, Asking(as_of_size=size))
    drawn = draw(rows, given.count, given.seed)
    lines = [
        Sampled(
            row.index,
            render_time(row.entry.time_ms),
            row.entry.kind,
            str(row.entry.value.get("event", row.entry.value.get("outcome", ""))),
            str(row.entry.value.get("model", "")),
            str(row.entry.value.get("environment", "")),
            encode_base64(row.leaf),
            rank(given.seed, row.leaf).hex(),
        )
        for row in drawn
    ]
    for row in drawn:
        # By an index they were only listed.
        engine.standing.prove(row.index)
    complete = [page.completeness for page in pages if page.completeness is not None]
    missing = ["a seed that was chosen after somebody knew the entries is none: let the auditor choose it"]
    if not complete:
        missing.append(
            "what was drawn from was found by the index, which whoever writes to the database can change"
        )
    return Answer(
        "a13",
        f"A sample of {len(lines)} of {len(rows)}, seed {given.seed}",
        columns(Sampled),
        tuple(lines),
        engine.as_of(size),
        proven(engine, [one.entry for one in lines], complete, [f"drawn from {len(rows)} entries"], missing),
    )


def a13_sample(engine: Engine, given: Given, opener: Opener | None) -> Answer[Sampled]:
    """A sample of the promotions that were made."""
    question = Question(
        kinds=("promotion",),
        events=("promoted", "rolled-back"),
        model=given.model,
        environment=given.environment,
        since_ms=given.since_ms,
        until_ms=given.until_ms,
        order="oldest",
        walk="complete",
    )
    return sample(engine, question, given)
