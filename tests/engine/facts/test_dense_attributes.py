"""HDF5's heaps of attributes and links: what lies in them is found, and whatever does not fit together is unreadable."""

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.facts.hdf5.trees import width_of

from tests.engine.facts import writers as w
from tests.engine.facts.dense_writer import HEAP, LINK_INFO, NOWHERE, Dense, dense
from tests.engine.facts.scanning import facts_of, rules_of

EVIL = "cposix\nsystem\n(S'true'\ntR."


def attribute(name: str, value: str) -> bytes:
    return w.hdf5_attribute(name, value)[1]


def fill(count: int) -> list[bytes]:
    return [attribute(f"a{number}", f"text {number}" + "-" * 150) for number in range(count)]


BAD = attribute("p", EVIL)
LARGE = attribute("p", EVIL + "x" * 5000)
LINK = w.hdf5_external_link("a", "/etc/passwd")[1]
SOFT = struct.pack("<BBBB", 1, 8, 1, 1) + b"s" + struct.pack("<H", 2) + b"/x"

SAFE = {
    "one block": Dense(fill(2)),
    "no attribute": Dense(),
    "rows of blocks": Dense(fill(12), rows=2),
    "rows below a row": Dense(fill(55), rows=4),
    "a tree of two levels": Dense(fill(9), rows=2, depth=1),
    "a large one": Dense(fill(2), [attribute("b", "y" * 6000)]),
    "soft links": Dense([SOFT, SOFT], kind=LINK_INFO),
}
UNSAFE = {
    "in a block": (Dense([*fill(1), BAD]), "pickle-global-exec"),
    "in a later block": (Dense([*fill(9), BAD], rows=2), "pickle-global-exec"),
    "in a block of the third row": (Dense([*fill(30), BAD], rows=3), "pickle-global-exec"),
    "in rows below a row": (Dense([*fill(50), BAD], rows=4), "pickle-global-exec"),
    "between two leaves": (Dense([*fill(1), BAD, *fill(1)], rows=2, depth=1), "pickle-global-exec"),
    "in a leaf": (Dense([*fill(2), BAD], rows=2, depth=1), "pickle-global-exec"),
    "in a place of its own": (Dense(fill(2), [LARGE]), "pickle-global-exec"),
    "by creation alone": (Dense([*fill(1), BAD], in_names=[0]), "pickle-global-exec"),
    "a link": (Dense([SOFT, LINK], kind=LINK_INFO), "external-path"),
    "a link by creation alone": (Dense([SOFT, LINK], kind=LINK_INFO, in_names=[0]), "external-path"),
}


@pytest.mark.parametrize("made", SAFE.values(), ids=SAFE)
def test_what_is_harmless_is_safe(made: Dense) -> None:
    facts = facts_of(dense(made))
    assert (facts.format, facts.tier, facts.findings) == ("hdf5", "safe", ())


@pytest.mark.parametrize(("made", "rule"), UNSAFE.values(), ids=UNSAFE)
def test_code_is_found_wherever_it_lies(made: Dense, rule: str) -> None:
    data = dense(made)
    assert facts_of(data).tier == "unsafe"
    assert rule in rules_of(data)


def test_what_is_compressed_or_shared_is_unvetted() -> None:
    for made, rule in ((Dense([BAD], filters=8), "hdf5-dense"), (Dense([BAD], flags=2), "hdf5-shared")):
        data = dense(made)
        assert (facts_of(data).tier, rules_of(data)) == ("unvetted", {rule})


def change(place: Callable[[bytes], int], form: str, value: int) -> Callable[[bytes], bytes]:
    """Another value at a place of the file."""

    def changed(data: bytes) -> bytes:
        at = place(data)
        packed = struct.pack(form, value)
        return data[:at] + packed + data[at + len(packed) :]

    return changed


def after(magic: bytes, step: int) -> Callable[[bytes], int]:
    return lambda data: data.index(magic) + step


def heap(step: int) -> Callable[[bytes], int]:
    return lambda data: HEAP + step


# What is changed; what then is told.
BROKEN = {
    "no heap": (change(heap(0), "<I", 0), "a heap is not where it should be"),
    "a heap of another version": (change(heap(4), "<B", 1), "a heap is not where it should be"),
    "names of another size": (change(heap(5), "<H", 9), "a name in a heap is none"),
    "blocks of no size": (change(heap(112), "<Q", 0), "of no power of two"),
    "blocks of odd sizes": (change(heap(112), "<Q", 513), "of no power of two"),
    "rows of no width": (change(heap(110), "<H", 0), "of no power of two"),
    "blocks larger than the largest": (change(heap(112), "<Q", 2048), "sizes that do not fit"),
    "too many rows": (change(heap(140), "<H", 65), "sizes that do not fit"),
    "offsets of too many bits": (change(heap(128), "<H", 65), "sizes that do not fit"),
    "no blocks": (change(heap(132), "<Q", NOWHERE), "a block of a heap is not where it should be"),
    "rows that are none": (change(heap(140), "<H", 1), "a block of a heap is not where it should be"),
    "no block": (change(after(b"FHDB", 0), "<I", 0), "a block of a heap is not where it should be"),
    "no tree": (change(after(b"BTHD", 0), "<I", 0), "a tree of kind 8 is not where it should be"),
    "another tree": (change(after(b"BTHD", 5), "<B", 5), "a tree of kind 8 is not where it should be"),
    "nodes of no size": (change(after(b"BTHD", 6), "<I", 10), "a tree whose nodes hold nothing"),
    "records of no size": (change(after(b"BTHD", 10), "<H", 0), "a tree whose nodes hold nothing"),
    "records of a byte": (change(after(b"BTHD", 10), "<H", 1), "a record of a tree is none"),
    "nodes that do not end": (change(after(b"BTHD", 24), "<H", 9), "has more records than"),
    "more records than fit": (change(after(b"BTHD", 24), "<H", 999), "a node of a tree is not where"),
    "no records in all": (change(after(b"BTHD", 26), "<Q", 0), "a tree has more records than the 0"),
    "fewer records": (change(after(b"BTHD", 24), "<H", 1), "a tree has 1 records, and says 2"),
    "no root": (change(after(b"BTHD", 16), "<Q", 8), "a node of a tree is not where it should be"),
    "a name of another kind": (change(after(b"BTLF", 6), "<B", 0x20), "an object lies in its own name"),
    "a name of another version": (change(after(b"BTLF", 6), "<B", 0x40), "a name in a heap is none"),
    "a large one that is not there": (change(after(b"BTLF", 6), "<B", 0x10), "is not in the heap"),
    "an object behind its block": (change(after(b"BTLF", 7), "<I", 500), "lies outside of its block"),
    "an object before its block": (change(after(b"BTLF", 12), "<H", 60_000), "lies outside of its block"),
    "too many records": (change(after(b"BTHD", 26), "<Q", 200_001), "a tree of 200001 records"),
    "too many levels": (change(after(b"BTHD", 12), "<H", 17), "records on 18 levels"),
}


@pytest.mark.parametrize(("changed", "detail"), BROKEN.values(), ids=BROKEN)
def test_what_does_not_fit_together_is_unreadable(changed: Callable[[bytes], bytes], detail: str) -> None:
    facts = facts_of(changed(dense(Dense(fill(2)))))
    assert facts.tier == "unreadable"
    assert any(detail in finding.detail for finding in facts.findings), facts.findings


def test_rows_end() -> None:
    data = dense(Dense(fill(12), rows=2))
    far = change(after(b"BTLF", 7), "<I", 1 << 30)(data)
    assert any("an object lies outside of its heap" in one.detail for one in facts_of(far).findings)


def test_a_tree_in_a_circle() -> None:
    data = dense(Dense(fill(3), rows=2, depth=1))
    node = data.index(b"BTIN")
    first = node + 6 + 17
    looped = data[:first] + data[first + 9 : first + 17] + data[first + 8 :]
    assert any("a tree runs in a circle" in one.detail for one in facts_of(looped).findings)


@given(st.integers(HEAP, 8000), st.integers(0, 255))
def test_no_byte_makes_code_safe_or_the_scan_fail(at: int, value: int) -> None:
    data = bytearray(dense(Dense([*fill(1), BAD, *fill(1)], [LARGE], rows=2, depth=1)))
    at = min(at, len(data) - 1)
    data[at] = value
    facts = facts_of(bytes(data))
    # Both hold code: one byte can break one of the two.
    assert facts.tier in ("unsafe", "unreadable", "unvetted")


def test_widths() -> None:
    assert [width_of(one) for one in (0, 1, 255, 256, 65535, 65536)] == [1, 1, 1, 2, 2, 3]
