"""The fast scan accepts nothing that the strict parser refuses."""

import random
from base64 import b64encode
from collections.abc import Iterator

import pytest
from lockgate.audit.canonical import Json, canonical_bytes
from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import TrailError
from lockgate.audit.merkle import leaf_hash
from lockgate.audit.note import decode_base64, encode_base64
from lockgate.audit.reader import StoredBody
from lockgate.audit.streams import StreamHead, heads_root
from lockgate.audit.verify.findings import Findings
from lockgate.audit.verify.layout import DECISION, Layouts, are_base64, are_hex
from lockgate.audit.verify.merge import merge
from lockgate.audit.verify.scan import IrregularError, scan_range
from lockgate.audit.verify.walk import EntryWalk

from tests.adversaries.memory import MemoryTrail, read_into_memory
from tests.audit.trails import ORIGIN, open_trail


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    with open_trail(tmp_path_factory.mktemp("scan")) as trail:
        trail.fill(8)
        trail.appender.append(trail.decide(1, request="r", model="", environment=""))
        trail.appender.append(trail.decide(2, caller="mtls"))
        return list(trail.store.entries(0, 100))


def test_decisions_are_known(entries: list[bytes]) -> None:
    assert sum(DECISION.fullmatch(entry) is not None for entry in entries) == 10


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
        if DECISION.fullmatch(data) is None:
            continue
        accepted += 1
        try:
            parse_entry(data)
        except TrailError as error:
            # Dates and links are looked at one by one, after the expression.
            assert "time" in error.message or "stream" in error.message, (data, error.message)
    assert accepted > 500


def test_layouts_cut_what_the_expression_takes(entries: list[bytes]) -> None:
    layouts = Layouts()
    for _ in range(2):
        for entry in entries:
            found = DECISION.fullmatch(entry)
            cut = layouts.cut(entry)
            assert (cut is None) == (found is None)
            if cut is None or found is None:
                continue
            layout, parts = cut
            assert (parts[0], parts[1], parts[-1]) == (found["digest"], found["size"], found["time"])
            assert parts[layout.committed] == found["commitments"].split(b'"body":"')[1][:44]
            assert layout.has_request == (found["request"] is not None)
            names = [parts[place] for place, _, _ in layout.links]
            assert names == [link.name.encode() for link in parse_entry(entry).links]


def test_a_scan_that_knows_the_layout_takes_nothing_that_the_walk_refuses(entries: list[bytes]) -> None:
    """Entries from which layouts are learned, and behind them one that was changed."""
    chance = random.Random(20261127)
    taken = refused = 0
    for _ in range(6_000):
        place = chance.randrange(2, len(entries))
        data = mutated(chance, entries[place], entries)
        trail = MemoryTrail(ORIGIN, [*entries[:place], data], {}, has_bodies=False)
        try:
            made = scan_range(trail, None, 0, len(trail.data), frozenset())
            merge([made], trail, None, ORIGIN, frozenset())
        except IrregularError:
            refused += 1
            continue
        taken += 1
        findings = Findings()
        walk = EntryWalk(ORIGIN, findings)
        for entry in trail.data:
            walk.step(entry, leaf_hash(entry))
        assert not findings.found, data
    assert refused > 3_000
    assert taken > 100


@pytest.mark.parametrize("size", [1, 2, 16, 31, 32, 33])
def test_base64_of_many_is_as_of_one(size: int) -> None:
    chance = random.Random(size)
    texts = [b64encode(chance.randbytes(size)) for _ in range(50)]
    assert are_base64(texts, size)
    letters = b"AQgw4+/=-_\n \x00\xff9zB"
    for _ in range(2_000):
        changed = list(texts)
        place, at = chance.randrange(50), chance.randrange(len(texts[0]))
        text = bytearray(changed[place])
        text[at] = chance.choice(letters)
        changed[place] = bytes(text)
        assert are_base64(changed, size) == is_canonical(bytes(text), size), (text, size)
    assert not are_base64([*texts, texts[0][:-1]], size)


def is_canonical(text: bytes, size: int) -> bool:
    try:
        return len(decode_base64(text.decode(), "a text")) == size
    except (TrailError, UnicodeDecodeError):
        return False


def test_hexadecimal_of_many() -> None:
    assert are_hex([b"00ff", b"a9"])
    assert are_hex([])
    for bad in (b"0G", b"0A", b"\xff0", b" 0"):
        assert not are_hex([b"00", bad])


def test_a_commitment_that_is_no_text(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Bodies are opened before the digits of their commitments are looked at."""
    with open_trail(tmp_path_factory.mktemp("opened")) as trail:
        trail.fill(8)
        memory = read_into_memory(trail.store)
        keys = {body.index: trail.vault.entry_key(body) for body in trail.store.bodies(0, 100)}
        stored = {body.index: body for body in trail.store.bodies(0, 100)}
    place = next(
        index
        for index in range(2, len(memory.data))
        if len(memory.data[index]) in {len(one) for one in memory.data[1:index]}
    )
    start = memory.data[place].index(b'"body":"') + len(b'"body":"')
    data = bytearray(memory.data[place])
    data[start] = 0xFF
    memory.data[place] = bytes(data)

    class Keyed(MemoryTrail):
        def bodies(self, start: int, stop: int) -> Iterator[StoredBody]:
            return iter([body for index, body in stored.items() if start <= index < stop])

    reader = Keyed(memory.origin, memory.data, {})
    with pytest.raises(IrregularError):
        scan_range(reader, None, 0, len(memory.data), frozenset(), lambda body: keys[body.index])


def heads_entry(index: int, heads: list[StreamHead]) -> bytes:
    return canonical_bytes(
        {
            "v": 1,
            "kind": "stream-heads",
            "time": "2026-11-26T09:30:00.123Z",
            "streams": [],
            "size": index,
            "count": 1,
            "root": encode_base64(heads_root(heads)),
        }
    )


def test_heads_behind_heads_are_refused_before_many_are_kept() -> None:
    """Each keeps a copy of where the streams stand: those that come too soon end the scan, whatever count they claim."""
    names = [f"coverage/{number}" for number in range(40)]
    links: list[Json] = [{"k": name, "n": 1} for name in names]
    many = canonical_bytes(
        {
            "v": 1,
            "kind": "access",
            "time": "2026-11-26T09:30:00.123Z",
            "streams": links,
            "action": "reveal",
            "entries": 1,
        }
    )
    trail = MemoryTrail(ORIGIN, [many, *[heads_entry(index, []) for index in (1, 2)]], {}, has_bodies=False)
    with pytest.raises(IrregularError):
        scan_range(trail, None, 0, 3, frozenset())
    trail = MemoryTrail(ORIGIN, [many, heads_entry(1, [])], {}, has_bodies=False)
    assert len(scan_range(trail, None, 0, 2, frozenset()).special) == 2
