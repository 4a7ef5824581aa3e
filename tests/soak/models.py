"""Mutated models: no crash of the scanner, no hang, and no malicious file that a change behind its payload makes safe.

The material are our own small files, and those of the shared folder where it is there (none is ever loaded). Of a
malicious file each byte up to the end of its payload stays in part of the runs: whoever reads forward meets the payload,
so that such a file may never be safe. Of pickles, what pickletools still reads to its end may not be safe either.
"""

import csv
import io
import json
import pickletools
import random
import struct
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lockgate.engine.facts.artifact import FileFacts, scan_source
from lockgate.engine.facts.budget import ScanLimits
from lockgate.engine.facts.source import BytesSource

from tests.engine.facts import writers as w
from tests.engine.facts.dense_writer import Dense, dense

# Larger files mutate as well, at more cost.
MOST_BYTES = 1 << 16
# Of processor time for a file, at the limits below: some hundred times what the slowest takes.
MOST_SECONDS = 5.0
LIMITS = ScanLimits(inflated_bytes=1 << 24, opcodes=200_000, members=500)
_IMPORTS = ("GLOBAL", "INST")
_BAD = frozenset(
    f"{module} {name}"
    for module, names in (
        ("os", ("system", "popen", "execv")),
        ("posix", ("system", "popen")),
        ("nt", ("system",)),
        ("subprocess", ("Popen", "call", "run", "check_output")),
        ("builtins", ("eval", "exec", "compile", "__import__", "getattr")),
        ("__builtin__", ("eval", "exec", "execfile", "compile", "__import__", "getattr")),
        ("runpy", ("_run_code", "run_path")),
        ("importlib", ("import_module",)),
    )
    for name in names
)
_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, (1 << 63) - 1, (1 << 64) - 1)
_TEMPLATE = "{{ ''.__class__.__mro__ }}"


@dataclass(frozen=True, slots=True)
class Material:
    """A file to mutate. `payload` is where what is malicious in it ends; 0 for an honest one."""

    name: str
    data: bytes
    payload: int = 0


def own_material() -> Iterator[Material]:
    """Small files of each format, honest and not."""
    evil = b"\x80\x04cposix\nsystem\n\x8c\x02id\x85R."
    lambda_ = json.dumps({"class_name": "Lambda", "config": {"function": "x"}})
    for name, data, payload in (
        ("evil.pkl", evil, evil),
        ("evil0.pkl", b"cos\nsystem\n(S'id'\ntR.", b"R"),
        ("evil.safetensors", w.safetensors({"__metadata__": {"chat_template": _TEMPLATE}}, b""), b'}}"}}'),
        ("evil.gguf", w.gguf([("tokenizer.chat_template", _TEMPLATE), ("a", "b" * 99)]), _TEMPLATE.encode()),
        ("evil.onnx", w.onnx(w.node("PyOp"), w.node("Relu"), w.field(10, "documentation")), b""),
        ("evil.pb", w.saved_model("Const", "WriteFile", metadata="{}"), b""),
        ("evil.tflite", w.tflite(32, "FlexPyFunc"), b"FlexPyFunc"),
        ("evil.json", json.dumps({"a": {"auto_map": {"AutoModel": "x--y.Z"}}, "b": [1, 2, {"c": None}]}), b""),
        ("keras.json", json.dumps({"config": {"layers": [json.loads(lambda_)]}, "d": "e" * 50}), b""),
        ("evil.jinja", _TEMPLATE + " and more text {% if a %}b{% endif %}", b""),
        ("evil.pmml", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "c">]><PMML>&b;</PMML>', b"<!DOCTYPE a ["),
        ("MLmodel", "flavors:\n  python_function:\n    loader_module: os\nrun_id: abc\n", b""),
        ("evil.h5", w.hdf5(w.hdf5_attribute("model_config", lambda_)), b""),
        ("dense.h5", dense(Dense([w.hdf5_attribute(name, lambda_)[1] for name in "ab"], depth=1)), b""),
    ):  # fmt: skip
        raw = data.encode() if isinstance(data, str) else data
        mark = payload or raw
        yield Material(name, raw, raw.index(mark) + len(mark))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("archive/data.pkl", evil)
    yield Material("evil.zip", out.getvalue(), len(out.getvalue()))
    for name, data in (
        ("good.safetensors", w.safetensors({"a": w.tensor(0, 8), "b": w.tensor(8, 16)}, bytes(16))),
        ("good.gguf", w.gguf([("k", "v")], [("a", 32, 0)], bytes(32))),
        ("good.ubj", b"{i\x01aSi\x03abci\x01b[$d#i\x04" + bytes(16) + b"}"),
        ("good.index", w.checkpoint_index(b"abc", b"d" * 40)),
        ("good.vectors", b"2 1\na \xff\0\0\0b \xff\0\0\0"),
        ("good.mlmodel", w.coreml(500, w.field(1, w.field(1, "conv")))),
        ("good.cbm", b"CBM1" + struct.pack("<II", 12, 4) + bytes(8)),
    ):
        yield Material(name, data)


def shared_material(folder: Path) -> Iterator[Material]:
    """The labelled files of a folder that are small. Where their payload ends is not known: their whole is one."""
    with (folder / "SOURCES.tsv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            path = folder / row["file"]
            if path.stat().st_size <= MOST_BYTES:
                data = path.read_bytes()
                yield Material(row["file"], data, len(data) if row["label"] == "malicious" else 0)


def mutate(chance: random.Random, data: bytes, other: bytes, first: int) -> bytes:
    """A few changes of bytes from a place on."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        at = chance.randint(min(first, len(out)), len(out))
        kind = chance.randrange(8)
        if kind == 0 and at < len(out):
            out[at] ^= 1 << chance.randrange(8)
        elif kind == 1 and at < len(out):
            out[at] = chance.randrange(256)
        elif kind == 2:
            out[at:at] = chance.randbytes(chance.randint(1, 9))
        elif kind == 3:
            del out[at : at + chance.randint(1, 9)]
        elif kind == 4:
            del out[at:]
        elif kind == 5:
            width = chance.choice((1, 2, 4, 8))
            number = chance.choice(_EXTREMES) & ((1 << 8 * width) - 1)
            out[at : at + width] = number.to_bytes(width, "little")
        elif kind == 6 and out:
            start = chance.randrange(len(out))
            out[at:at] = out[start : start + chance.randint(1, 64)]
        elif other:
            start = chance.randrange(len(other))
            out[at:at] = other[start : start + chance.randint(1, 256)]
    return bytes(out)


def still_calls(data: bytes) -> bool:
    """Whether pickletools, which minds the stack, reads a stream to its end in which GLOBAL imports what runs code."""
    try:
        pickletools.dis(data, out=io.StringIO())
        names = [str(argument) for opcode, argument, _ in pickletools.genops(data) if opcode.name in _IMPORTS]
    except Exception:  # noqa: BLE001 - it is no pickle any more
        return False
    return not _BAD.isdisjoint(names)


def judge(material: Material, data: bytes) -> tuple[str, FileFacts] | None:
    """What is wrong with the scan of a mutated file; None when nothing is."""
    started = time.process_time()
    facts = scan_source(BytesSource(material.name, data), LIMITS)
    if time.process_time() - started > MOST_SECONDS:
        return "hang", facts
    mistake = next((finding for finding in facts.findings if finding.rule == "scanner-mistake"), None)
    if mistake:
        return f"crash: {mistake.detail}", facts
    if facts.tier == "safe" and material.payload:
        whole = data.startswith(material.data[: material.payload])
        if whole and len(data) >= material.payload:
            return "safe with its payload whole", facts
        if still_calls(data):
            return "safe and still a pickle that calls", facts
    return None


def run_models(seed: int, count: int, folder: Path | None, most_shown: int) -> int:
    """Mutates and scans so many files, and prints what was found. 1 when something was."""
    material = [*own_material(), *(shared_material(folder) if folder else ())]
    print(f"{len(material)} files to mutate, {sum(1 for one in material if one.payload)} of them malicious")
    tiers: Counter[str] = Counter()
    problems: list[str] = []
    for number in range(count):
        chance = random.Random(seed + number)
        one = chance.choice(material)
        other = chance.choice(material)
        first = one.payload if one.payload and chance.random() < 0.5 else 0
        data = mutate(chance, one.data, other.data, first)
        found = judge(one, data)
        if found:
            problems.append(f"seed {seed + number}: {one.name}: {found[0]} ({found[1].format})")
        else:
            tiers["malicious" if one.payload else "honest"] += 1
    print("\n".join(problems[:most_shown]))
    print(f"{count} mutated files: {sum(tiers.values())} judged as they should be, {len(problems)} not")
    return 1 if problems else 0
