"""Flips single bits in the files of exports, of every kind of file, and shows them to both verifiers."""

import io
import random
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from lockgate.audit.export import ExportRequest, export_trail
from lockgate.webhook.cli import run

from tests.adversaries.running import stand_alone
from tests.audit.golden.make import fill
from tests.audit.trails import Clock, make_trail

# Before any clock that verifies it.
START_MS = 1_700_000_000_000


@dataclass(frozen=True, slots=True)
class Export:
    """An export, its files by kind, and the key that it is verified with."""

    place: Path
    vkey: str
    files: dict[str, list[str]]


def kind_of(name: str) -> str:
    """What a file of an export is, such as `tile/0` or `proofs`."""
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] == "tile" else parts[0]


def make_export(folder: Path, more: int) -> Export:
    """A log of entries of every kind and so many decisions more, with opened bodies and three proofs."""
    trail = make_trail(f"sqlite:///{folder / 'trail.db'}", clock=Clock(START_MS))
    fill(trail)
    trail.fill(more)
    trail.appender.close()
    place = folder / "export"
    export_trail(trail.store, place, trail.vkey, ExportRequest((0, 3, 17), open_key=trail.vault.entry_key))
    trail.store.close()
    files: dict[str, list[str]] = {}
    for path in sorted(place.rglob("*")):
        if path.is_file():
            name = path.relative_to(place).as_posix()
            files.setdefault(kind_of(name), []).append(name)
    return Export(place, trail.vkey, files)


def told_by(verifier: Callable[[list[str]], int], *arguments: str) -> tuple[int, str]:
    """The exit code of a command in this process, and what it wrote."""
    data = io.BytesIO()
    out = io.TextIOWrapper(data, encoding="utf-8", write_through=True)
    with redirect_stdout(out), redirect_stderr(out):
        code = verifier(list(arguments))
    return code, data.getvalue().decode()


def run_flips(folder: Path, count: int, seed: int) -> Counter[str]:
    """Flips so many bits, one at a time; returns how many by kind of file.

    Raises AssertionError for one that a verifier does not notice, or that it ends with another code for.
    """
    chance = random.Random(seed)
    small, large = folder / "small", folder / "large"
    for place in (small, large):
        place.mkdir()
    exports = (make_export(small, 0), make_export(large, 560))
    counts: Counter[str] = Counter()
    verifier = stand_alone()
    for number in range(count):
        # A large one has tiles and bundles that are full; one in twenty, since it takes that much longer.
        export = exports[number % 20 == 19]
        kind = chance.choice(sorted(export.files))
        path = export.place / chance.choice(export.files[kind])
        data = path.read_bytes()
        at, bit = chance.randrange(len(data)), chance.randrange(8)
        path.write_bytes(data[:at] + bytes((data[at] ^ 1 << bit,)) + data[at + 1 :])
        flip = f"bit {bit} of byte {at} of {path.name} ({kind})"
        ours = told_by(run, "audit", "verify", str(export.place), "--log-key", export.vkey)
        theirs = told_by(verifier.main, str(export.place), "--log-key", export.vkey)
        path.write_bytes(data)
        assert ours[0] == 3, f"{flip}: {ours}"
        assert theirs[0] == 3, f"{flip}: {theirs} (stand-alone)"
        counts[kind] += 1
    for export in exports:
        arguments = (str(export.place), "--log-key", export.vkey)
        for code, told in (told_by(run, "audit", "verify", *arguments), told_by(verifier.main, *arguments)):
            assert code == 0, told
        shutil.rmtree(export.place)
    return counts
