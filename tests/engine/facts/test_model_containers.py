"""Archives, compressed files, arrays and checkpoints: what is safe, and what each trick is told as."""

import bz2
import gzip
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable

import pytest
from lockgate.engine.facts.budget import ScanLimits

from tests.engine.facts import written
from tests.engine.facts.scanning import facts_of, rules_of
from tests.engine.facts.written import EVIL, GOOD

FLOATS = struct.pack("<2d", 1, 2)
COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "zlib": zlib.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
}
NPY = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }"
OBJECTS = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"

SAFE: dict[str, tuple[str, bytes]] = {
    "zip": ("zip", written.zipped({"a": GOOD, "b/": b""})),
    "zip in zip": ("zip", written.zipped({"a": written.zipped({"b": GOOD}, zipfile.ZIP_DEFLATED)})),
    "zip of bzip2": ("zip", written.zipped({"a": GOOD}, zipfile.ZIP_BZIP2)),
    "tar": ("tar", written.tarred({"a": GOOD, "b" * 200: GOOD})),
    "pax": ("tar", written.tarred({"a": GOOD, "b" * 200: GOOD}, tarfile.PAX_FORMAT)),
    "tar.gz": ("gzip", gzip.compress(written.tarred({"a": GOOD}))),
    "two members of gzip": ("gzip", gzip.compress(GOOD[:9]) + gzip.compress(GOOD[9:])),
    "npy": ("npy", written.npy(NPY, FLOATS)),
    "two arrays": ("npy", written.npy(NPY, FLOATS) * 2),
    "npy of a structure": (
        "npy",
        written.npy("{'descr': [('a', '<f8'), ('b', '<u1', (3,))], 'fortran_order': False, 'shape': ()}", b"0" * 11),
    ),
    "npy of objects": ("npy", written.npy(OBJECTS, GOOD)),
    "npz": ("npz", written.zipped({"a.npy": written.npy(NPY, FLOATS), "b.npy": written.npy(OBJECTS, GOOD)})),
    "joblib": ("pickle", written.joblib_file(written.joblib_array(FLOATS, 2), written.joblib_array(FLOATS, 2, padding=7))),
    "joblib before alignment": ("pickle", written.joblib_file(written.joblib_array(FLOATS, 2, padding=None))),
    "joblib of objects": ("pickle", written.joblib_file(written.joblib_array(GOOD, 2, "O8", flags=63))),
    "joblib whose array looks like opcodes": ("pickle", written.joblib_file(written.joblib_array(b"N0" * 8, 2))),
    "torch": ("torch-zip", written.torch_zip(written.state_dict("0"))),
    "torch of bfloat16": ("torch-zip", written.torch_zip(written.state_dict("0", kind="BFloat16Storage"))),
    "torch legacy": (
        "torch-legacy",
        written.torch_legacy(written.state_dict("1", "2"), ["1", "2"], struct.pack("<q2fq2f", 2, 1, 2, 2, 3, 4)),
    ),
    "torchscript": (
        "torchscript",
        written.torch_zip(
            b"\x80\x02c__torch__.net\nNet\n)\x81}(" + written.text("w") + written.storage("0") + b"ub.",
            {"m/code/__torch__/net.py": b"def forward(self, x):\n  return torch.relu(ops.prim.device(x))\n"},
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAFE)
def test_safe(name: str) -> None:
    format_, data = SAFE[name]
    facts = facts_of(data)
    assert (facts.format, facts.findings, facts.tier) == (format_, (), "safe")


@pytest.mark.parametrize("method", COMPRESSORS)
@pytest.mark.parametrize(("data", "tier"), [(GOOD, "safe"), (EVIL, "unsafe")])
def test_what_is_compressed_is_what_it_holds(method: str, data: bytes, tier: str) -> None:
    facts = facts_of(COMPRESSORS[method](data))
    assert (facts.format, facts.tier) == (method, tier)


@pytest.mark.parametrize("method", COMPRESSORS)
def test_compressed_data_that_are_cut_are_unreadable(method: str) -> None:
    assert f"{method}-unreadable" in rules_of(COMPRESSORS[method](GOOD)[:-3])


@pytest.mark.parametrize("method", COMPRESSORS)
def test_what_follows_compressed_data_is_looked_at(method: str) -> None:
    assert {"compressed-trailing", "pickle-global-exec"} <= rules_of(COMPRESSORS[method](GOOD) + EVIL)


def patched(data: bytes, mark: bytes, at: int, value: bytes) -> bytes:
    """A zip archive in which some bytes of a header are others."""
    place = data.index(mark) + at
    return data[:place] + value + data[place + len(value) :]


LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"
ONE = written.zipped({"a": EVIL})
UNSAFE: dict[str, tuple[bytes, str]] = {
    "member": (ONE, "pickle-global-exec"),
    "deflated member": (written.zipped({"a": EVIL}, zipfile.ZIP_DEFLATED), "pickle-global-exec"),
    "other local name": (patched(ONE, LOCAL, 30, b"b"), "zip-headers-differ"),
    "other central name": (patched(ONE, CENTRAL, 46, b"b"), "zip-headers-differ"),
    "other method": (patched(ONE, LOCAL, 8, b"\x08"), "zip-headers-differ"),
    "other size": (patched(ONE, LOCAL, 22, b"\x01"), "zip-headers-differ"),
    "checksum": (patched(patched(ONE, LOCAL, 14, b"0000"), CENTRAL, 16, b"0000"), "zip-checksum"),
    "encrypted": (patched(patched(ONE, LOCAL, 6, b"\1"), CENTRAL, 8, b"\1"), "zip-encrypted"),
    "encrypted and plain": (patched(patched(ONE, LOCAL, 6, b"\1"), CENTRAL, 8, b"\1"), "pickle-global-exec"),
    "unknown method": (patched(patched(ONE, LOCAL, 8, b"\x63"), CENTRAL, 10, b"\x63"), "zip-method"),
    "before the archive": (EVIL + written.zipped({"a": GOOD}), "pickle-global-exec"),
    "something before the archive": (b"\0" * 9 + written.zipped({"a": GOOD}), "zip-gap"),
    "after the archive": (written.zipped({"a": GOOD}) + EVIL, "zip-unreadable"),
    "outside": (written.zipped({"../a": GOOD}), "archive-path"),
    "outside on Windows": (written.zipped({"..\\a": GOOD}), "archive-path"),
    "tar": (written.tarred({"a": EVIL}), "pickle-global-exec"),
    "tar outside": (written.tarred({"/etc/a": GOOD}), "archive-path"),
    "after tar": (written.tarred({"a": GOOD}) + EVIL, "tar-trailing"),
    "header of tar": (written.tarred({"a": GOOD})[:512] + b"x" * 512 * 4, "tar-unreadable"),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\4" + b"\0" * 40, "format-unvetted"),
    "lz4": (b"\x04\x22\x4d\x18" + b"\0" * 40, "format-unvetted"),
    "npy objects": (written.npy(OBJECTS, EVIL), "pickle-global-exec"),
    "npy tail": (written.npy(NPY, FLOATS + EVIL), "npy-trailing"),
    "npy code": (written.npy("{'descr': __import__('os'), 'fortran_order': 0, 'shape': ()}", b""), "npy-unreadable"),
    "npy keys": (written.npy("{'descr': '<f8', 'shape': (2,)}", FLOATS), "npy-unreadable"),
    "npy shape": (written.npy(NPY.replace("(2,)", "(-2,)"), FLOATS), "npy-unreadable"),
    "npy too short": (written.npy(NPY, FLOATS[:-1]), "npy-unreadable"),
    "npz": (written.zipped({"a.npy": written.npy(OBJECTS, EVIL)}), "pickle-global-exec"),
    "joblib tail": (
        written.joblib_file(written.joblib_array(FLOATS, 2), after=b"cos\nsystem\nU\x02id\x85R"),
        "pickle-global-exec",
    ),
    "joblib objects": (written.joblib_file(written.joblib_array(EVIL, 2, "O8", flags=63)), "pickle-global-exec"),
    "joblib flags that say objects": (
        written.joblib_file(written.joblib_array(EVIL, 3, flags=63)),
        "pickle-unreadable",
    ),
    "joblib array that is too long": (written.joblib_file(written.joblib_array(FLOATS, 200)), "pickle-unreadable"),
    "joblib array that is a pickle": (
        written.joblib_file(written.joblib_array(b"cos\nsystem\nU\x02id\x85R.", 2, "V9", padding=None)),
        "pickle-unreadable",
    ),
    "joblib array of bytes that is a pickle": (
        written.joblib_file(written.joblib_array(b"cos\nsystem\n(S'id'\ntR.", 22, "u1", padding=None)),
        "pickle-two-readings",
    ),
    "torch": (written.torch_zip(EVIL), "pickle-global-exec"),
    "torch with a pickle beside": (written.torch_zip(written.state_dict("0"), {"m/extra": EVIL}), "pickle-global-exec"),
    "torch whose storage is a pickle": (
        written.torch_zip(written.state_dict("0"), {"m/data/1": EVIL}),
        "torch-storage-content",
    ),
    "torch legacy": (written.torch_legacy(EVIL, [], b""), "pickle-global-exec"),
    "torch legacy tail": (
        written.torch_legacy(written.state_dict("1"), ["1"], struct.pack("<q2f", 2, 1, 2) + EVIL),
        "torch-trailing",
    ),
    "torch legacy keys": (written.torch_legacy(written.state_dict("1"), ["7"], b""), "torch-legacy-unreadable"),
    "torchscript that reads files": (
        written.torch_zip(GOOD, {"m/code/x.py": b"def f(x):\n  return torch.from_file('/etc/passwd')\n"}),
        "torchscript-files",
    ),
    "torchscript of others' operators": (
        written.torch_zip(GOOD, {"m/code/x.py": b"def f(x):\n  return ops.mine.run(x)\n"}),
        "torchscript-operator",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNSAFE)
def test_finding(name: str) -> None:
    data, rule = UNSAFE[name]
    facts = facts_of(data)
    assert rule in {finding.rule for finding in facts.findings}, facts.findings
    assert facts.tier != "safe"


def test_names_that_are_there_twice() -> None:
    data = written.zipped({"a": GOOD, "b": GOOD}).replace(b"\x01\0b", b"\x01\0a")
    data = data[: data.rindex(b"PK\x01\x02") + 46] + b"a" + data[data.rindex(b"PK\x01\x02") + 47 :]
    assert "zip-duplicate" in rules_of(data)


def test_code_of_torchscript_is_listed() -> None:
    facts = facts_of(SAFE["torchscript"][1])
    assert [(one.name, one.detail) for one in facts.code] == [("m/code/__torch__/net.py", "TorchScript")]


@pytest.mark.parametrize(
    ("data", "limits"),
    [
        (gzip.compress(b"\0" * 5000), ScanLimits(inflated_bytes=4000)),
        (gzip.compress(bytes(70 << 20)), ScanLimits()),
        (written.zipped({str(number): GOOD for number in range(20)}), ScanLimits(members=10)),
        (written.zipped({"a": written.zipped({"a": written.zipped({"a": GOOD})})}), ScanLimits(depth=2)),
    ],
)
def test_bound_that_is_reached_is_unreadable(data: bytes, limits: ScanLimits) -> None:
    facts = facts_of(data, limits)
    assert facts.tier == "unreadable"
    assert any(finding.rule == "limit" for finding in facts.findings)
    assert facts.limits
