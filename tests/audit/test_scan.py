"""The fast scan accepts nothing that the strict parser refuses."""

import random

import pytest
from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import TrailError
from lockgate.audit.verify.scan import _DECISION

from tests.audit.trails import open_trail


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    with open_trail(tmp_path_factory.mktemp("scan")) as trail:
        trail.fill(8)
        trail.appender.append(trail.decide(1, request="r", model="", environment=""))
        return list(trail.store.entries(0, 100))


def test_decisions_are_known(entries: list[bytes]) -> None:
    assert sum(_DECISION.fullmatch(entry) is not None for entry in entries) == 9


def mutated(chance: random.Random, entry: bytes, others: list[bytes]) -> bytes:
    data = bytearray(entry)
    place = chance.randrange(len(data))
    kind = chance.randrange(5)
    if kind == 0:
        data[place] = chance.randrange(256)
    elif kind == 1:
        del data[place : place + chance.randrange(1, 60)]
    elif kind == 2:
        data[place:place] = bytes([chance.choice(b'",:{}[]0129aZ+/= \\\x7f\xc3')])
    elif kind == 3:
        other = chance.choice(others)
        start = chance.randrange(len(other))
        data[place : place + 20] = other[start : start + 20]
    else:
        start = chance.randrange(len(data))
        data[place:place] = data[start : start + chance.randrange(1, 80)]
    return bytes(data)


def test_mutations(entries: list[bytes]) -> None:
    chance = random.Random(20261126)
    accepted = 0
    for _ in range(30_000):
        data = mutated(chance, chance.choice(entries), entries)
        if _DECISION.fullmatch(data) is None:
            continue
        accepted += 1
        try:
            parse_entry(data)
        except TrailError as error:
            # Dates and links are looked at one by one, after the expression.
            assert "time" in error.message or "stream" in error.message, (data, error.message)
    assert accepted > 500
