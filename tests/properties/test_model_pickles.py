"""Facts of pickles: the same for the same bytes, and never safe while the call is there for pickletools."""

import io
import pickle
import pickletools
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.facts.artifact import artifact_facts, scan_source
from lockgate.engine.facts.document import render_document
from lockgate.engine.facts.source import BytesSource

from tests.engine.facts import written
from tests.engine.facts.scanning import facts_of

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(), inner)
        | st.tuples(inner, inner)
        | st.frozensets(st.integers())
    ),
    max_leaves=30,
)


@given(values, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_plain_values_are_safe(value: object, protocol: int) -> None:
    assert facts_of(pickle.dumps(value, protocol)).tier == "safe"


@given(st.binary(max_size=300))
def test_any_bytes_have_facts_and_the_same_ones_twice(data: bytes) -> None:
    first, second = (scan_source(BytesSource("m", data)) for _ in range(2))
    assert render_document(artifact_facts("m", [first])) == render_document(artifact_facts("m", [second]))
    assert not any(finding.rule == "scanner-mistake" for finding in first.findings)


def _opcodes(data: bytes) -> list[tuple[str, object]] | None:
    """What pickletools reads, to the STOP; None when it cannot."""
    try:
        return [(opcode.name, argument) for opcode, argument, _ in pickletools.genops(io.BytesIO(data))]
    except Exception:  # noqa: BLE001 - pickletools raises whatever it meets
        return None


def _calls(data: bytes) -> bool:
    """Whether a pickle that can be read to its end imports os or posix by its own opcodes, and calls something."""
    read = _opcodes(data)
    if read is None:
        return False
    names = [name for name, _ in read]
    texts = {str(argument) for name, argument in read if name in ("SHORT_BINUNICODE", "GLOBAL", "INST")}
    imported = any(text.startswith(("os ", "posix ")) for text in texts) or (
        "STACK_GLOBAL" in names and {"posix", "system"} <= texts
    )
    return imported and bool({"REDUCE", "INST", "OBJ", "NEWOBJ"} & set(names))


def _malicious(protocol: int, seed: int) -> bytes:
    """A pickle with a payload among honest values."""
    random_ = random.Random(seed)
    before = [random_.choice([1, 1.5, "text", b"bytes", None, (1, 2)]) for _ in range(random_.randrange(6))]
    honest = pickle.dumps(before, protocol)[:-1]
    call = (
        b"cos\nsystem\n(S'id'\ntR"
        if protocol < 4
        else written.text("posix") + written.text("system") + b"\x93" + written.text("id") + b"\x85R"
    )
    # The value before is dropped; a frame that was begun would end too soon.
    return b"\x80" + bytes([max(protocol, 2)]) + call + b"0" + (honest if protocol < 4 else b"N") + b"."


def _flip(data: bytes, random_: random.Random) -> bytes:
    at = random_.randrange(len(data))
    return data[:at] + bytes([random_.randrange(256)]) + data[at + 1 :]


def _drop(data: bytes, random_: random.Random) -> bytes:
    at = random_.randrange(len(data))
    return data[:at] + data[at + random_.randrange(1, 4) :]


def _insert(data: bytes, random_: random.Random) -> bytes:
    at = random_.randrange(len(data) + 1)
    return (
        data[:at]
        + random_.choice([b"N", b"0", b"2", b"(", b"1", b"\x94", b"}", b"]", b")", b"N0", b"b"])
        + data[at:]
    )


CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (_flip, _drop, _insert)


@pytest.mark.parametrize("seed", range(150))
def test_changed_pickle_that_still_calls_is_never_safe(seed: int) -> None:
    random_ = random.Random(seed)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        data = _malicious(protocol, seed)
        assert facts_of(data).tier == "unsafe"
        for _ in range(10):
            data = random_.choice(CHANGES)(data, random_)
            facts = facts_of(data)
            assert not any(finding.rule == "scanner-mistake" for finding in facts.findings), data
            if _calls(data):
                assert facts.tier != "safe", data
