"""A7 on histories in which denials of many objects overlap: what is found is what looking from each denial on would find."""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import TrailError
from lockgate.audit.query.answers import retried
from lockgate.audit.query.answers.answer import Given
from lockgate.audit.query.answers.catalogue import answer
from lockgate.audit.recorder import Subject
from lockgate.engine.codegen.values import Value

from tests.audit.query.asked import engine_of
from tests.audit.query.year import Opening
from tests.audit.trails import Trail, decision, make_trail, pod, review

HOUR_MS = 3_600_000


class History:
    """Decisions on a few objects in two namespaces, some minutes apart."""

    def __init__(self, folder: Path, seed: int, count: int = 300) -> None:
        rng = random.Random(seed)
        self.trail: Trail = make_trail(f"sqlite:///{folder / 'trail.db'}")
        self.made: list[tuple[int, int, str, str, str]] = []
        for number in range(count):
            self.trail.clock.now_ms += rng.choice((1, 60_000, 600_000, 2 * HOUR_MS))
            space, name = rng.choice(("a", "b")), f"pod-{rng.randrange(6)}"
            verdict = rng.choice(("deny", "deny", "allow", "warn", "error"))
            obj = pod(name, space)
            meta = obj["metadata"]
            assert isinstance(meta, dict)
            labels: dict[str, Value] = {"try": str(number)}
            meta["labels"] = labels
            drafted = self.trail.recorder.decision(
                review(obj), decision(verdict, int(verdict == "deny")), Subject()
            )
            receipt = self.trail.appender.append(drafted)
            (raw,) = self.trail.store.entries(receipt.index, receipt.index + 1)
            self.made.append((receipt.index, parse_entry(raw).time_ms, space, name, verdict))
        self.trail.appender.close()

    def expected(self, hours: int, by_name: bool) -> list[tuple[int, int]]:
        pairs: list[tuple[int, int]] = []
        for place, (index, time, space, name, verdict) in enumerate(self.made):
            if verdict != "deny":
                continue
            for later, then, other, named, said in self.made[place + 1 :]:
                if other != space:
                    continue
                if then > time + hours * HOUR_MS:
                    break
                if said in ("allow", "warn") and (named == name or not by_name):
                    pairs.append((index, later))
                    break
        return pairs


@pytest.mark.parametrize("hours", [0, 1, 5, 48])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_overlapping_denials(tmp_path: Path, seed: int, hours: int) -> None:
    history = History(tmp_path, seed)
    engine = engine_of(history.trail, now_ms=history.trail.clock.now_ms)
    for opener in (Opening(history.trail), None):
        found = answer("a7", engine, Given(hours=hours), opener)
        pairs = [(line.denied, line.allowed) for line in found.lines]
        assert pairs == history.expected(hours, opener is not None)
        assert hours == 0 or pairs
    history.trail.store.close()


def test_a_body_is_opened_once(tmp_path: Path) -> None:
    history = History(tmp_path, 4)
    engine = engine_of(history.trail, now_ms=history.trail.clock.now_ms)
    opener = Opening(history.trail)
    answer("a7", engine, Given(hours=48), opener)
    assert len(opener.opened) == len({*opener.opened}) > 100
    history.trail.store.close()


def test_no_answer_opens_bodies_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(tmp_path, 5)
    monkeypatch.setattr(retried, "MAX_OPENED", 20)
    engine = engine_of(history.trail, now_ms=history.trail.clock.now_ms)
    with pytest.raises(TrailError, match="more than 20 bodies"):
        answer("a7", engine, Given(hours=48), Opening(history.trail))
    # Without bodies none is opened.
    assert answer("a7", engine, Given(hours=48), None).lines
    history.trail.store.close()


def test_openers_that_look_ahead_are_told_what_comes(tmp_path: Path) -> None:
    history = History(tmp_path, 6)
    engine = engine_of(history.trail, now_ms=history.trail.clock.now_ms)

    class Ahead(Opening):
        def __init__(self, trail: Trail) -> None:
            super().__init__(trail)
            self.told: set[int] = set()

        def ahead(self, indices: Any) -> None:
            assert len(indices) <= 256
            self.told |= {*indices}

        def __call__(self, index: int, raw: bytes) -> Mapping[str, object] | None:
            assert index in self.told
            return super().__call__(index, raw)

    assert answer("a7", engine, Given(hours=48), Ahead(history.trail)).lines
    history.trail.store.close()
