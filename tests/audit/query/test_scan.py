"""Streams that are read fast: the same entries as by the careful way, and nothing that was changed goes unseen."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.coverage import Coverage, InForce
from lockgate.audit.errors import TrailError, VerificationError
from lockgate.audit.merkle import leaf_hash
from lockgate.audit.query.engine import Asking
from lockgate.audit.query.question import Question
from lockgate.audit.query.scan import scan
from lockgate.audit.store.store import open_store

from tests.audit.query.asked import engine_of
from tests.audit.trails import POLICIES, START_MS, Trail, make_trail, reopen_trail, tampered

MINUTE_MS = 60_000
NAME = "coverage/server-1"
COUNT = 2_500
SPAN = 1 << 40


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("covered")
    trail = make_trail(f"sqlite:///{folder / 'trail.db'}")
    trail.appender.close()
    start = START_MS - START_MS % MINUTE_MS + MINUTE_MS
    coverage = Coverage("server-1", InForce(POLICIES, POLICIES, "lockgate/test"), start)
    batches = trail.store.batch_appender(trail.vault.master.seal_key)
    with trail.store.write() as connection:
        for minute in range(1, COUNT + 1):
            trail.clock.now_ms = start + minute * MINUTE_MS
            for draft in coverage.tick(trail.clock.now_ms):
                batches.append(connection, [draft], trail.clock.now_ms)
    trail.store.close()
    opened = reopen(folder)
    opened.close()
    return folder


def reopen(folder: Path) -> Trail:
    trail = reopen_trail(f"sqlite:///{folder / 'trail.db'}")
    trail.clock.now_ms = START_MS + (COUNT + 60) * MINUTE_MS
    return trail


@pytest.mark.parametrize(
    "times", [{}, {"since_ms": START_MS + 300 * MINUTE_MS}, {"until_ms": START_MS + 700 * MINUTE_MS},
              {"since_ms": START_MS + 300 * MINUTE_MS, "until_ms": START_MS + 700 * MINUTE_MS},
              {"since_ms": START_MS + 90 * 24 * 60 * MINUTE_MS}],
)  # fmt: skip
def test_it_reads_what_the_careful_way_reads(home: Path, times: dict[str, Any]) -> None:
    trail = reopen(home)
    engine = engine_of(trail, now_ms=trail.clock.now_ms)
    question = Question(stream=NAME, order="oldest", walk="complete", **times)
    rows, pages = engine.all(question, 10_000, Asking(as_of_size=engine.size))
    found, complete = scan(engine, question, engine.size, 10_000)
    assert [(one.index, one.value) for one in found] == [(row.index, row.entry.value) for row in rows]
    told = [one.completeness for one in pages if one.completeness is not None and one.completeness.last]
    if told:
        assert (complete.first, complete.last) == (told[0].first, told[-1].last)
    assert complete.end == COUNT
    trail.close()


def test_it_reads_no_more_than_it_may(home: Path) -> None:
    trail = reopen(home)
    engine = engine_of(trail, now_ms=trail.clock.now_ms)
    with pytest.raises(TrailError, match="has 2500 entries"):
        scan(engine, Question(stream=NAME), engine.size, COUNT - 1)
    trail.close()


def _changed(raw: bytes, **fields: Any) -> bytes:
    value = {**json.loads(raw), **fields}
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize("case", ["removed", "edited", "edited with its hash", "edited at the end", "no JSON", "not listed", "another in its place"])  # fmt: skip
def test_what_was_changed_shows(home: Path, tmp_path: Path, case: str) -> None:
    shutil.copytree(home, tmp_path / "copy")
    folder = tmp_path / "copy"
    trail = reopen(folder)
    n = COUNT if case == "edited at the end" else 1_200
    ((_, index),) = trail.store.stream_entries(NAME, n - 1, 1)
    (raw,) = trail.store.entries(index, index + 1)
    trail.close()
    at = f"place % {SPAN} = {index}"
    made = _changed(raw, judged=77) if case != "no JSON" else b"\xff{"
    leaf = leaf_hash(made).hex()
    statements = {
        "removed": f"DELETE FROM leaf WHERE {at}",
        "edited": f"UPDATE leaf SET entry = x'{made.hex()}' WHERE {at}",
        "not listed": f"DELETE FROM stream_entry WHERE n = {n} AND {at}",
        "another in its place": f"UPDATE stream_entry SET place = place + 1 WHERE n = {n} AND {at}",
    }
    both = f"UPDATE leaf SET entry = x'{made.hex()}', leaf_hash = x'{leaf}' WHERE {at}"
    tampered(folder / "trail.db", statements.get(case, both))
    # Who appends would notice some of it at once.
    changed = replace(trail, store=open_store(f"sqlite:///{folder / 'trail.db'}", trail.store.origin))
    with pytest.raises(VerificationError):
        engine = engine_of(changed, now_ms=START_MS + (COUNT + 60) * MINUTE_MS)
        scan(engine, Question(stream=NAME), engine.size, 10_000)
    changed.store.close()
