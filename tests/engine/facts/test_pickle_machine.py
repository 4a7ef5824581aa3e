"""Pickles: what is safe, and what each trick is told as. Every file is written here, by hand or by `pickle`."""

import collections
import datetime
import decimal
import fractions
import pathlib
import pickle
import random
import uuid
from typing import Any

import pytest
from lockgate.engine.facts.budget import ScanLimits

from tests.engine.facts.scanning import facts_of, rules_of

VALUES: dict[str, Any] = {
    "constants": [None, True, False, 0, 255, 65535, -1, 1 << 40, 1 << 3000, 1.5, "text", "ü", b"bytes", ()],
    "containers": {
        "list": [[1], [2, [3]]],
        "tuple": (1, (2,), (1, 2, 3, 4)),
        "set": {1, 2},
        "frozen": frozenset("ab"),
    },
    "long list": list(range(5000)),
    "long tuple": tuple(range(5000)),
    "long text": "x" * 300_000,
    "bytes at block ends": [b"\x80\x04c" * n for n in (1, 300, 21_845, 65_535, 65_536)],
    "many texts": [str(n) for n in range(2000)],
    "shared": [["a"]] * 3,
    "bytearray": bytearray(b"12"),
    "ordered": collections.OrderedDict(a=1),
    "default": collections.defaultdict(list, a=[1]),
    "deque": collections.deque([1, 2]),
    "dates": [datetime.datetime(2026, 1, 1), datetime.date(2026, 1, 1), datetime.timedelta(1)],
    "numbers": [decimal.Decimal("1.5"), fractions.Fraction(1, 3), 1j],
    "path": pathlib.PurePosixPath("a/b"),
    "uuid": uuid.UUID(int=1),
    "random": random.Random(1),
    "range": range(3),
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", VALUES)
def test_plain_values_are_safe_in_every_protocol(name: str, protocol: int) -> None:
    facts = facts_of(pickle.dumps(VALUES[name], protocol))
    assert (facts.format, facts.tier, facts.findings) == ("pickle", "safe", ())


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_recursive_values_are_safe(protocol: int) -> None:
    inner: list[Any] = []
    inner.append((inner, {"self": inner}))
    assert facts_of(pickle.dumps(inner, protocol)).tier == "safe"


# Text: SHORT_BINUNICODE and its length.
def text(value: str) -> bytes:
    data = value.encode()
    return b"\x8c" + bytes([len(data)]) + data


OS, SYSTEM, RUN = text("os"), text("system"), b"\x8c\x02id\x85R."
ORDERED = b"ccollections\nOrderedDict\n"
FINDINGS = {
    "GLOBAL": (b"\x80\x02cos\nsystem\nU\x02id\x85R.", "pickle-global-exec"),
    "without a protocol": (b"cos\nsystem\n(S'id'\ntR.", "pickle-global-exec"),
    "of Python 2": (b"c__builtin__\neval\n(S'1'\ntR.", "pickle-global-exec"),
    "INST": (b"(S'id'\nios\nsystem\n.", "pickle-global-exec"),
    "OBJ": (b"\x80\x04(cos\nsystem\n" + text("id") + b"o.", "pickle-global-exec"),
    "OBJ that is dropped": (b"\x80\x04(cos\nsystem\n" + text("id") + b"o0N.", "pickle-global-exec"),
    "NEWOBJ": (b"\x80\x02csubprocess\nPopen\nU\x02id\x85\x81.", "pickle-global-exec"),
    "NEWOBJ_EX": (b"\x80\x04csubprocess\nPopen\n" + text("id") + b"\x85}\x92.", "pickle-global-exec"),
    "STACK_GLOBAL": (b"\x80\x04" + OS + SYSTEM + b"\x93" + RUN, "pickle-global-exec"),
    "STACK_GLOBAL of decoys": (b"\x80\x04" + OS + text("x") + b"0" + SYSTEM + text("y") + b"0\x93" + RUN, "pickle-global-exec"),
    "STACK_GLOBAL of the memo": (b"\x80\x04" + SYSTEM + b"\x94" + OS + b"\x9400h\x01h\x00\x93" + RUN, "pickle-global-exec"),
    "memo by MEMOIZE after PUT": (
        b"\x80\x04" + SYSTEM + b"q\x05" + OS + b"\x9400h\x01h\x05\x93" + RUN,
        "pickle-global-exec",
    ),
    "memo that is written anew": (
        b"\x80\x04" + text("collections") + b"q\x00" + OS + b"q\x0000h\x00" + SYSTEM + b"\x93" + RUN,
        "pickle-global-exec",
    ),
    "DUP": (b"\x80\x04" + text("code") + b"2\x93N\x85R.", "pickle-global-exec"),
    "texts as STRING": (b"\x80\x04S'o\\x73'\nS'sys\\164em'\n\x93" + RUN, "pickle-global-exec"),
    "texts as UNICODE": (b"\x80\x04V\\u006fs\nVsystem\n\x93" + RUN, "pickle-global-exec"),
    "a computed name": (
        b"\x80\x04" + OS + b"c_codecs\nencode\n" + SYSTEM + text("latin1") + b"\x86R\x93" + RUN,
        "pickle-opaque-import",
    ),
    "EXT1": (b"\x80\x02\x82\x01U\x02id\x85R.", "pickle-opaque-import"),
    "EXT4": (b"\x80\x02\x84\x01\x00\x00\x00.", "pickle-opaque-import"),
    "call of a value that was made": (b"\x80\x02" + ORDERED + b")R)R.", "pickle-opaque-call"),
    "BUILD of an imported name": (b"\x80\x02" + ORDERED + b"}b.", "pickle-changes-global"),
    "items of an imported name": (b"\x80\x02" + ORDERED + b"(NNu.", "pickle-changes-global"),
    "BUILD of a list": (b"\x80\x02]}b.", "pickle-build-opaque"),
    "a dotted name": (b"\x80\x04" + text("collections") + text("abc.sys.modules") + b"\x93.", "pickle-global-exec"),
    "a dotted name of known parts": (
        b"\x80\x04" + text("torch") + text("_utils._rebuild_tensor_v2") + b"\x93.",
        "pickle-global-unvetted",
    ),
    "a dunder": (b"\x80\x02cnumpy\n__builtins__\n.", "pickle-global-exec"),
    "a name in other letters": ("\x80\x02cnumpy\n\uff4coad\n.".encode("latin1", "replace"), "pickle-global-unvetted"),
    "an unknown name": (b"\x80\x02cmy.models\nModel\n)\x81.", "pickle-global-unvetted"),
    "PERSID": (b"\x80\x02Pid\n.", "pickle-persistent"),
    "BINPERSID": (b"\x80\x02(U\x07storageNNNNtQ.", "pickle-persistent"),
    "NEXT_BUFFER": (b"\x80\x05\x97.", "pickle-buffer"),
    "another codec": (b"\x80\x02c_codecs\nencode\nU\x01xU\x03zip\x86R.", "pickle-call-arguments"),
    "numpy's import by text": (
        b"\x80\x02cnumpy.core\n_ufunc_reconstruct\n(U\x02osU\x06systemtRU\x02id\x85R.",
        "pickle-global-exec",
    ),
    "torch's load of bytes": (
        b"\x80\x03ctorch.storage\n_load_from_bytes\nC\x14\x80\x02cos\nsystem\nU\x02id\x85R.\x85R.",
        "pickle-global-exec",
    ),
    "torch's call by a type": (
        b"\x80\x02ctorch._tensor\n_rebuild_from_type_v2\n(ctorch.storage\n_load_from_bytes\nNU\x00\x85}tR.",
        "pickle-call-arguments",
    ),
    "a base with an __init__ of its own": (
        b"\x80\x02ccopy_reg\n_reconstructor\n(ccollections\nOrderedDict\nccollections\nOrderedDict\nNtR.",
        "pickle-call-arguments",
    ),
    "a second pickle": (b"\x80\x02N.\x80\x02cos\nsystem\n.", "pickle-global-exec"),
    "a pickle after others": (b"\x80\x02N." * 20 + b"cos\nsystem\n.", "pickle-global-exec"),
    "padding": (b"\x80\x02N." + b"\0" * 100, "pickle-trailing"),
    "a call before the stream breaks": (b"\x80\x02cos\nsystem\nU\x02id\x85R\xff", "pickle-unreadable"),
    "a place of the memo without a value": (b"\x80\x02h\x07.", "pickle-unreadable"),
    "a stack that is empty": (b"\x80\x020.", "pickle-unreadable"),
    "an empty STOP": (b"\x80\x02.", "pickle-unreadable"),
    "no STOP": (b"\x80\x02N", "pickle-unreadable"),
    "values below a MARK": (b"\x80\x02N(\x85.", "pickle-unreadable"),
    "no MARK": (b"\x80\x02Nt.", "pickle-unreadable"),
    "a length below zero": (b"\x80\x02T\xff\xff\xff\xff.", "pickle-unreadable"),
    "a length beyond the end": (b"\x80\x04\x8e" + b"\xff" * 8 + b".", "pickle-unreadable"),
    "a length of a frame beyond the end": (b"\x80\x04\x95" + b"\xff" * 8 + b"N.", "pickle-unreadable"),
    "an opcode that crosses its frame": (
        b"\x80\x04\x95\x02" + b"\0" * 7 + b"K\x01K\x02.",
        None,
    ),
    "an argument that crosses its frame": (b"\x80\x04\x95\x02" + b"\0" * 7 + b"M\x01\x02.", "pickle-unreadable"),
    "a frame that goes on": (b"\x80\x04\x95\x05" + b"\0" * 7 + b"N.N00", "pickle-unreadable"),
    "a frame in a frame": (b"\x80\x04\x95\x20" + b"\0" * 7 + b"\x95\x01" + b"\0" * 7 + b"N" * 40 + b".", "pickle-unreadable"),
    "a protocol to come": (b"\x80\x04\x80\x06N.", "pickle-unreadable"),
    "a string without quotes": (b"\x80\x02Sabc\n.", "pickle-unreadable"),
    "a number that is none": (b"\x80\x02Iabc\n.", "pickle-unreadable"),
}  # fmt: skip


@pytest.mark.parametrize("name", FINDINGS)
def test_finding(name: str) -> None:
    data, rule = FINDINGS[name]
    rules = rules_of(data)
    assert rules == set() if rule is None else rule in rules, rules


def test_an_import_and_its_call_are_facts() -> None:
    facts = facts_of(b"\x80\x02cos\nsystem\nU\x02id\x85R.")
    assert [(use.module, use.name, use.tier, use.call, use.offset) for use in facts.globals] == [
        ("os", "system", "exec", False, 2),
        ("os", "system", "exec", True, 18),
    ]


def test_waivable_finding_has_the_name() -> None:
    assert facts_of(b"\x80\x02cmy.models\nModel\n)\x81.").findings[0].name == "my.models.Model"


def test_too_many_opcodes_are_a_limit() -> None:
    facts = facts_of(pickle.dumps(list(range(5000))), ScanLimits(opcodes=4000))
    assert (facts.tier, facts.findings[0].rule) == ("unreadable", "limit")


def test_payload_at_every_place_of_a_block_is_found() -> None:
    """Blocks are read with a margin; an opcode that lies across two is read as a whole."""
    filling = (text("x" * 255) + b"0") * 252
    for shift in range(330):
        before = b"\x80\x04" + b"N0" * shift + filling
        assert "pickle-global-exec" in rules_of(before + b"cos\nsystem\n" + text("x" * 255) + b"\x85R."), (
            shift
        )
        assert facts_of(before + text("x" * 255) + b"\x94M\x00\x00G" + b"\0" * 8 + b"000N.").tier == "safe"


def test_frames_of_one_opcode_do_not_take_longer() -> None:
    """A block is not read again for each frame."""
    frame = b"\x95\x02" + b"\0" * 7 + b"N0"
    assert facts_of(b"\x80\x04" + frame * 20_000 + b"N.").tier == "safe"


BYTES = b"U\x04\x80\x02N."
# Calls of names that are known, which call in turn what they are handed.
CALLS_THAT_CALL = {
    "jax's arrays": b"cjax._src.array\n_reconstruct_array\n(ctorch.storage\n_load_from_bytes\n("
    + BYTES
    + b"tNNtR.",
    "numpy's generators": b"cnumpy.random._pickle\n__generator_ctor\n("
    + BYTES
    + b"ctorch.storage\n_load_from_bytes\ntR.",
    "numpy's random states": b"cnumpy.random._pickle\n__randomstate_ctor\n("
    + BYTES
    + b"ctorch.storage\n_load_from_bytes\ntR.",
    "layers by functions": b"ctorchvision.ops.misc\nConvNormActivation\n(K\x01"
    + BYTES
    + b"K\x03K\x01NK\x01ctorch.storage\n_load_from_bytes\nNK\x01Nctorch.nn.modules.linear\nIdentity\ntR.",
    "a function in a tuple": b"ctorchvision.ops.misc\nMLP\n(K\x01(ccopyreg\n_reconstructor\nttR.",
    "arguments that are forgotten": b"ctorchvision.ops.misc\nMLP\n(K\x01ccopyreg\n_reconstructor\nt"
    + b"K\x01\x850" * 100_000
    + b"R.",
    "a task's configuration": b"cultralytics.nn.tasks\nDetectionModel\n(}U\x0aactivationU\x01xstR.",
    "a booster by another way": b"cxgboost.callback\nBooster\n(N)U\x06/modeltR.",
    "a booster that is handed on": b"ctorchvision.ops.misc\nMLP\n(K\x01cxgboost.core\nBooster\ntR.",
}


@pytest.mark.parametrize("name", sorted(CALLS_THAT_CALL))
def test_a_call_that_calls_its_arguments_is_no_safe_one(name: str) -> None:
    assert "pickle-call-arguments" in rules_of(b"\x80\x02" + CALLS_THAT_CALL[name])


def test_random_generators_of_numpy_are_safe() -> None:
    maker = b"cnumpy.random._pickle\n__bit_generator_ctor\n"
    call = b"\x80\x02cnumpy.random._pickle\n__generator_ctor\n("
    assert not rules_of(call + b"U\x05PCG64" + maker + b"tR.")
    assert not rules_of(call + maker + b"(U\x05PCG64tRtR.")
