"""What lies in an export beside the log: both verifiers look at all of it, and name what was changed.

Each change comes with a manifest that agrees with it, as somebody makes it who knows what they do, unless the manifest
itself is what is changed.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from lockgate.audit.export import ExportRequest, export_trail
from lockgate.audit.store.erasure import Eraser

from tests.audit.test_export import Made, stand_alone, verified
from tests.audit.test_hostile_exports import list_files
from tests.audit.test_key_history import VKEYS, rotate
from tests.audit.trails import make_trail


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("made")
    trail = make_trail(f"sqlite:///{folder / 'trail.db'}")
    trail.fill(20)
    trail.appender.append(trail.recorder.key_event("added", "witness", "w"))
    rotate(trail, 0, 1)
    Eraser(trail.appender, trail.recorder, trail.vault).erase_entry(5, "asked for", "a")
    trail.appender.close()
    request = ExportRequest((3, 4), open_key=trail.vault.entry_key)
    export_trail(trail.store, folder / "export", VKEYS[1], request)
    trail.store.close()
    return Made(folder / "export", VKEYS[0])


Change = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Case:
    """What is done to an export, what the verifier finds, and what the stand-alone one says."""

    change: Change
    found: str
    told: str
    is_listed: bool = True


def edit(name: str, old: str, new: str) -> Change:
    def change(place: Path) -> None:
        text = (place / name).read_text()
        assert old in text
        (place / name).write_text(text.replace(old, new, 1))

    return change


def line(name: str, number: int, new: str = "") -> Change:
    """Another line in the place of one, or none."""

    def change(place: Path) -> None:
        lines = (place / name).read_text().splitlines(keepends=True)
        lines[number] = new
        (place / name).write_text("".join(lines))

    return change


def stream_place(place: Path) -> None:
    """Another index, which nothing else in the line tells of."""
    path = place / "streams.jsonl"
    lines = [json.loads(one) for one in path.read_text().splitlines()]
    lines[0]["index"] -= 1
    made = [json.dumps(one, separators=(",", ":"), sort_keys=True) for one in lines]
    path.write_text("".join(f"{one}\n" for one in made))


def more(name: str, data: bytes = b"x") -> Change:
    def change(place: Path) -> None:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)

    return change


def without(name: str) -> Change:
    return lambda place: (place / name).unlink()


def link(name: str, target: str) -> Change:
    return lambda place: (place / name).symlink_to(target)


def proof_of_another(place: Path) -> None:
    shutil.copy(place / "proofs" / "3.tlog-proof", place / "proofs" / "4.tlog-proof")


def checkpoint_elsewhere(place: Path) -> None:
    """An earlier checkpoint under the name of another size."""
    first = min((place / "checkpoints").iterdir())
    first.rename(first.with_name(f"{2:016}"))


def checkpoint_to_come(place: Path) -> None:
    """A copy of the last under the name of a larger one."""
    shutil.copy(place / "checkpoint", place / "checkpoints" / f"{999:016}")


CASES = {
    "a stream left out": Case(
        line("streams.jsonl", 0),
        "export-changed: streams.jsonl: it does not tell the last entry of the stream erasure",
        "streams.jsonl: does not tell the last entries of the streams",
    ),
    "the last stream left out": Case(
        line("streams.jsonl", -1),
        "export-changed: streams.jsonl: it does not tell the last entry of the stream policy/K8sRequired/rule-1",
        "streams.jsonl: does not tell of every stream",
    ),
    "another counter": Case(
        edit("streams.jsonl", '"k":"log","leaf":', '"k":"log","leav":'),
        "export-changed: streams.jsonl: it does not tell the last entry of the stream log",
        "streams.jsonl: does not tell the last entries of the streams",
    ),
    "another place of a stream's last entry": Case(
        stream_place,
        "export-changed: streams.jsonl: it tells another place of the last entry of the stream erasure",
        "streams.jsonl: does not tell the last entries of the streams",
    ),
    "a stream more": Case(
        edit("streams.jsonl", "\n", "\n{}\n"),
        "export-changed: streams.jsonl: it does not tell the last entry of the stream key",
        "streams.jsonl: does not tell the last entries of the streams",
    ),
    "no list of streams": Case(
        without("streams.jsonl"),
        "export-changed: MANIFEST.sha256: it does not name streams.jsonl",
        "streams.jsonl: No such file or directory",
    ),
    "a key that no entry names": Case(
        edit("keys.json", '"key":"w"', '"key":"x"'),
        "export-changed: keys.json: it does not tell the keys that the entries name",
        "keys.json: does not tell the keys that the entries name",
    ),
    "a key left out": Case(
        edit("keys.json", '"event":"retired",', ""),
        "export-changed: keys.json: it does not tell the keys that the entries name",
        "keys.json: does not tell the keys that the entries name",
    ),
    "keys in another spelling": Case(
        edit("keys.json", ",", ", "),
        "export-changed: keys.json: it does not tell the keys that the entries name",
        "keys.json: does not tell the keys that the entries name",
    ),
    "another key": Case(
        more("log.vkey", f"{VKEYS[3]}\n".encode()),
        "export-changed: log.vkey: it is not a key that the entries name",
        "log.vkey: is not a key that the entries name",
    ),
    "two keys": Case(
        more("log.vkey", f"{VKEYS[1]}\n{VKEYS[0]}\n".encode()),
        "export-changed: log.vkey: it is not a key that the entries name",
        "log.vkey: is not a key that the entries name",
    ),
    "no key": Case(
        without("log.vkey"),
        "export-changed: MANIFEST.sha256: it does not name log.vkey",
        "log.vkey: No such file or directory",
    ),
    "a proof of another entry": Case(
        proof_of_another,
        "export-changed: proofs/4.tlog-proof: it is a proof of entry 3",
        "proofs/4.tlog-proof: is of no entry",
    ),
    "a proof that says to be of another": Case(
        edit("proofs/3.tlog-proof", "index 3", "index 4"),
        "export-changed: proofs/3.tlog-proof: it is a proof of entry 4",
        "proofs/3.tlog-proof: is of no entry",
    ),
    "a proof with another entry": Case(
        line("proofs/3.tlog-proof", 1, "extra AAAA\n"),
        "export-changed: proofs/3.tlog-proof: it has another entry with it than the log's",
        "proofs/3.tlog-proof: has another entry with it than the log's",
    ),
    "a proof of no entry": Case(
        more("proofs/999.tlog-proof"),
        "export-changed: proofs/999.tlog-proof: it is no file of an export of this size",
        "proofs/999.tlog-proof: is no proof",
    ),
    "a file more": Case(
        more("envelopes/1.dsse.json"),
        "export-changed: envelopes/1.dsse.json: it is no file of an export of this size",
        "envelopes/1.dsse.json: is no file of an export of this size",
    ),
    "a tile more": Case(
        more("tile/0/000.p/7"),
        "export-changed: tile/0/000.p/7: it is no file of an export of this size",
        "tile/0/000.p/7: is no file of an export of this size",
    ),
    "a tile of a level in another spelling": Case(
        lambda place: more("tile/00/000.p/1", next((place / "tile" / "0" / "000.p").iterdir()).read_bytes())(
            place
        ),
        "export-changed: tile/00/000.p/1: it is no file of an export of this size",
        "tile/00/000.p/1: is no file of an export of this size",
    ),
    "a body that says more": Case(
        edit("bodies/000.jsonl", '"index":1,', '"index":1,"more":1,'),
        "body-changed: bodies: bodies/000.jsonl: a line is not that of a body",
        "bodies/000.jsonl: has a line that is no body's",
    ),
    "bodies of no entries": Case(
        more("bodies/001.jsonl"),
        "export-changed: bodies/001.jsonl: it is no file of an export of this size",
        "bodies/001.jsonl: is no file of an export of this size",
    ),
    "a checkpoint elsewhere": Case(
        checkpoint_elsewhere,
        "export-changed: checkpoints/0000000000000002: it is the checkpoint of 1 entries",
        "checkpoints/0000000000000002: is the checkpoint of 1 entries",
    ),
    "a checkpoint to come": Case(
        checkpoint_to_come,
        "export-changed: checkpoints/0000000000000999: it is no file of an export of this size",
        "checkpoints/0000000000000999: is the checkpoint of",
    ),
    "a file that is not listed": Case(
        more("more"), "export-changed: more: the manifest does not name it", "more: is not the file", False
    ),
    "a link to a folder": Case(
        link("more", "/"),
        "export-changed: more: the manifest does not name it",
        "more: is not the file",
        False,
    ),
    "a cache of modules": Case(
        more("__pycache__/verify_trail.cpython-311.pyc"),
        "export-changed: __pycache__/verify_trail.cpython-311.pyc: the manifest does not name it",
        "__pycache__/verify_trail.cpython-311.pyc: is not the file",
        False,
    ),
    "a file that is gone": Case(
        without("VERIFY.md"),
        "export-changed: VERIFY.md: the manifest names it, and it is not there",
        "VERIFY.md: is named by the manifest, and not there",
        False,
    ),
    "a guide that says other things": Case(
        edit("VERIFY.md", "Nothing", "Everything"),
        "export-changed: VERIFY.md: it does not have the digest that the manifest names",
        "VERIFY.md: is not the file that the manifest names",
        False,
    ),
    "no manifest": Case(
        without("MANIFEST.sha256"),
        "export-changed: MANIFEST.sha256: there is no MANIFEST.sha256",
        "MANIFEST.sha256: No such file or directory",
        False,
    ),
    "a line that is none": Case(
        line("MANIFEST.sha256", 0, "0\n"),
        "export-changed: MANIFEST.sha256: line 1 is not a digest and a name",
        "MANIFEST.sha256: has a line that is no digest and name, or is out of order",
        False,
    ),
    "a line end that is another": Case(
        lambda place: edit("MANIFEST.sha256", "\n", "\x0b")(place),
        "export-changed: MANIFEST.sha256: line 1 is not a digest and a name",
        "MANIFEST.sha256: has a line that is no digest and name, or is out of order",
        False,
    ),
    "a file that is listed twice": Case(
        lambda place: line(
            "MANIFEST.sha256", 1, (place / "MANIFEST.sha256").read_text().split("\n")[0] + "\n"
        )(place),
        "export-changed: MANIFEST.sha256: line 2 is out of order",
        "MANIFEST.sha256: has a line that is no digest and name, or is out of order",
        False,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_changed(name: str, made: Made, tmp_path: Path) -> None:
    case = CASES[name]
    copy = tmp_path / "copy"
    shutil.copytree(made.place, copy)
    case.change(copy)
    if case.is_listed:
        list_files(copy)
    report = verified(copy, made.vkey)
    assert (case.found, report.exit_code) == (str(report.findings[0]), 3)
    done = stand_alone(copy, "--log-key", made.vkey)
    assert done.returncode == 3
    assert done.stderr.startswith(f"TAMPERED: {case.told}")


def test_unchanged(made: Made, tmp_path: Path) -> None:
    """From either key; and what is for people may be left out, where the manifest leaves it out too."""
    copy = tmp_path / "copy"
    shutil.copytree(made.place, copy)
    for vkey in VKEYS[:2]:
        assert verified(copy, vkey).exit_code == 0
        assert stand_alone(copy, "--log-key", vkey).returncode == 0
    (copy / "VERIFY.md").unlink()
    list_files(copy)
    assert verified(copy, made.vkey).exit_code == 0
    assert stand_alone(copy, "--log-key", made.vkey).returncode == 0


def test_a_folder_below_folders(made: Made, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(made.place, copy)
    below = copy
    for _ in range(400):
        below /= "d"
    below.mkdir(parents=True)
    report = verified(copy, made.vkey)
    assert report.findings[0].message == "the manifest does not name it"
