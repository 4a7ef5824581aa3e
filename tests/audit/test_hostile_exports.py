"""The stand-alone verifier before an export that was made to stop it, fill its memory, fool it or speak through it."""

import json
import os
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from lockgate.audit.checkpoint import Checkpoint, render_checkpoint
from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import TrailError
from lockgate.audit.export import ExportRequest, export_trail
from lockgate.audit.export_lists import ExportLists
from lockgate.audit.merkle import Frontier, leaf_hash
from lockgate.audit.note import render_note, render_verifier_key
from lockgate.audit.signing import Ed25519Signer, sign_note
from lockgate.audit.store.erasure import Eraser
from lockgate.audit.tiles import render_entries

from tests.audit.test_export import Made, stand_alone, verified
from tests.audit.test_key_history import VKEYS, rotate
from tests.audit.trails import ORIGIN, make_trail, private_key

VERIFIER = Path(__file__).parents[2] / "audit" / "standalone" / "verify_trail.py"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("made")
    trail = make_trail(f"sqlite:///{folder / 'trail.db'}")
    trail.fill(20)
    trail.appender.close()
    export_trail(trail.store, folder / "export", trail.vkey, ExportRequest((3,)))
    trail.store.close()
    return Made(folder / "export", trail.vkey)


def list_files(place: Path) -> None:
    """A manifest that agrees with whatever is there."""
    names = sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file())
    lines = [
        f"{sha256((place / name).read_bytes()).hexdigest()}  {name}\n"
        for name in names
        if name != "MANIFEST.sha256"
    ]
    (place / "MANIFEST.sha256").write_text("".join(lines))


def pipe_for_checkpoint(place: Path) -> None:
    (place / "checkpoint").unlink()
    os.mkfifo(place / "checkpoint")


def pipe_more(place: Path) -> None:
    os.mkfifo(place / "more")


def hole_more(place: Path) -> None:
    with open(place / "more", "wb") as file:
        file.truncate(1 << 42)


def hole_for_bodies(place: Path) -> None:
    with open(place / "bodies" / "000.jsonl", "wb") as file:
        file.truncate(1 << 33)


def proof_without_signature(place: Path) -> None:
    """The signature of a key that nobody knows, in the place of the log's."""
    proof = place / "proofs" / "3.tlog-proof"
    head, _, rest = proof.read_text().partition("\n\n")
    text = rest.split("\n\n")[0] + "\n"
    signed = render_note(sign_note(text, Ed25519Signer("example.com/other", private_key(9))))
    proof.write_bytes(head.encode() + b"\n\n" + signed)
    list_files(place)


def name_that_steers(place: Path) -> None:
    (place / "\x1b[2Jmore").write_bytes(b"")


HOSTILE: dict[str, Callable[[Path], None]] = {
    one.__name__: one
    for one in (
        pipe_for_checkpoint,
        pipe_more,
        hole_more,
        hole_for_bodies,
        proof_without_signature,
        name_that_steers,
    )
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(name: str, made: Made, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(made.place, copy)
    HOSTILE[name](copy)
    done = stand_alone(copy, "--log-key", made.vkey)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    try:
        assert verified(copy, made.vkey).exit_code == 3
    except TrailError:
        # The checkpoint itself, or what is read before anything is verified.
        assert name == "pipe_for_checkpoint"


def signed_log(place: Path, entries: list[bytes]) -> str:
    """An export of these entries, signed by the log's own key; returns its vkey."""
    tree, signer = Frontier(), Ed25519Signer(ORIGIN, private_key(1))
    (place / "tile" / "0" / "000.p").mkdir(parents=True)
    (place / "tile" / "entries" / "000.p").mkdir(parents=True)
    hashes = [leaf_hash(one) for one in entries]
    for one in hashes:
        tree.append(one)
    (place / "tile" / "0" / "000.p" / str(len(entries))).write_bytes(b"".join(hashes))
    (place / "tile" / "entries" / "000.p" / str(len(entries))).write_bytes(render_entries(entries))
    note = render_note(sign_note(render_checkpoint(Checkpoint(ORIGIN, tree.size, tree.root())), signer))
    (place / "checkpoint").write_bytes(note)
    lists = ExportLists()
    for index, (one, leaf) in enumerate(zip(entries, hashes, strict=True)):
        try:
            lists.take(index, parse_entry(one), leaf)
        except TrailError:
            break
    vkey = render_verifier_key(signer.verifier_key)
    (place / "streams.jsonl").write_bytes(lists.streams())
    (place / "keys.json").write_bytes(lists.keys(ORIGIN))
    (place / "log.vkey").write_text(f"{vkey}\n")
    shutil.copy(VERIFIER, place / "verify_trail.py")
    list_files(place)
    return vkey


def entry(**fields: object) -> bytes:
    value = {
        "action": "reveal",
        "entries": 1,
        "kind": "access",
        "streams": [],
        "time": "2026-09-21T15:00:00.123Z",
        "v": 1,
        **fields,
    }
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def plain(kind: str, **fields: object) -> bytes:
    """An entry of these fields alone."""
    value = {"kind": kind, "streams": [], "time": "2026-09-21T15:00:00.123Z", "v": 1, **fields}
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


OTHERS_VKEY = render_verifier_key(Ed25519Signer("example.com/other", private_key(9)).verifier_key)


def first() -> bytes:
    vkey_made = Ed25519Signer(ORIGIN, private_key(1)).verifier_key

    value = {
        "event": "opened",
        "kind": "log",
        "origin": ORIGIN,
        "streams": [],
        "time": "2026-09-21T15:00:00.123Z",
        "v": 1,
        "vkey": render_verifier_key(vkey_made),
    }
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (entry(), 0),
        (entry(v=True), 3),
        (entry(clockAnomaly=0), 3),
        (entry(clockAnomaly=False), 3),
        (entry(streams=[{"k": "access", "n": True}]), 3),
        # Digits that are none of ASCII's, and cases under the name of a kind.
        (entry().replace(b"2026-", "\u0662\u0660\u0662\u0666-".encode()), 3),
        (plain("hold placed", event="placed", hold="a", reason="r", index=0), 3),
        (plain("key added", event="added", use="log", vkey="v"), 3),
        (plain("key", event="revoked", use="log", vkey="v", lastGood=1), 3),
        (plain("key", event="revoked", use="log", vkey=f"{OTHERS_VKEY}", lastGood=1), 0),
        (plain("key", event="revoked", use="log", vkey=f"{OTHERS_VKEY}\n", lastGood=1), 3),
        (b"[" * 4000, 3),
        (b'{"a":' * 700 + b"1" + b"}" * 700, 3),
    ],
)
def test_both_are_as_strict(second: bytes, code: int, tmp_path: Path) -> None:
    """What the log's own key signed is still to be a log of this format."""
    vkey = signed_log(tmp_path, [first(), second])
    done = stand_alone(tmp_path, "--log-key", vkey)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert verified(tmp_path, vkey).exit_code == code


CLOSING = plain("log", event="closed", reason="full")


@pytest.mark.parametrize(
    ("entries", "code"),
    [([CLOSING], 0), ([CLOSING, entry()], 3), ([CLOSING, CLOSING], 3), ([CLOSING, entry(), CLOSING], 3)],
)
def test_nothing_follows_the_closing(entries: list[bytes], code: int, tmp_path: Path) -> None:
    """Another closing at the end neither hides what follows the first, nor may follow it itself."""
    vkey = signed_log(tmp_path, [first(), *entries])
    assert verified(tmp_path, vkey).exit_code == code
    assert stand_alone(tmp_path, "--log-key", vkey).returncode == code


def signed_by(name: str) -> Callable[[Path], None]:
    """A checkpoint that only a key of this name signed."""

    def change(place: Path) -> None:
        text = (place / "checkpoint").read_text().split("\n\n")[0] + "\n"
        (place / "checkpoint").write_bytes(render_note(sign_note(text, Ed25519Signer(name, private_key(9)))))

    return change


def lined(change: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    """Other signature lines."""

    def changed(place: Path) -> None:
        head, _, tail = (place / "checkpoint").read_text().rpartition("\n\n")
        lines = change(tail.splitlines())
        (place / "checkpoint").write_text(f"{head}\n\n" + "".join(f"{one}\n" for one in lines))

    return changed


NOTES: dict[str, tuple[Callable[[Path], None], str, int]] = {
    "a key of another name": (signed_by("example.com/other"), OTHERS_VKEY, 3),
    "a stranger's line": (lined(lambda lines: ["\u2014 a AAAAAAAA", *lines]), "", 0),
    "a stranger's line without a signature": (lined(lambda lines: ["\u2014 a AAAAAA==", *lines]), "", 3),
    "a line without a name": (lined(lambda lines: ["\u2014  AAAAAAAA", *lines]), "", 3),
    "a name that is none": (lined(lambda lines: ["\u2014 a+b AAAAAAAA", *lines]), "", 3),
    "the same line twice": (lined(lambda lines: [*lines, *lines]), "", 3),
    "many strangers": (lined(lambda lines: [*["\u2014 a AAAAAAAA"] * 99, *lines]), "", 0),
    "too many strangers": (lined(lambda lines: [*["\u2014 a AAAAAAAA"] * 100, *lines]), "", 3),
}


@pytest.mark.parametrize("name", NOTES)
def test_both_read_notes_alike(name: str, tmp_path: Path) -> None:
    vkey = signed_log(tmp_path, [first(), entry()])
    change, given, code = NOTES[name]
    change(tmp_path)
    list_files(tmp_path)
    done = stand_alone(tmp_path, "--log-key", given or vkey)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    try:
        found = verified(tmp_path, given or vkey).exit_code
    except TrailError:
        found = 3
    assert found == code


def test_many_erased_in_a_row(tmp_path: Path) -> None:
    """An export leaves erased bodies out, however many follow each other; one without bodies says so."""
    trail = make_trail(f"sqlite:///{tmp_path / 'trail.db'}")
    trail.fill(1600)
    eraser = Eraser(trail.appender, trail.recorder, trail.vault)
    for number in range(3):
        eraser.erase_namespace(f"team-{number}", "asked for", "a")
    trail.fill(4)
    trail.appender.close()
    export_trail(trail.store, tmp_path / "export", trail.vkey, ExportRequest())
    export_trail(trail.store, tmp_path / "bare", trail.vkey, ExportRequest(bodies="none"))
    trail.store.close()
    report = verified(tmp_path / "export", trail.vkey)
    assert (report.exit_code, report.erased) == (0, 1600)
    assert stand_alone(tmp_path / "export", "--log-key", trail.vkey).returncode == 0
    bare = verified(tmp_path / "bare", trail.vkey)
    assert (bare.exit_code, bare.bodies) == (0, 0)
    assert "without the bodies of" in bare.remarks[0]


def test_rotations_are_followed(tmp_path: Path) -> None:
    """From the first key or the latest, as the other verifier does; a key that no entry names is not believed."""
    trail = make_trail(f"sqlite:///{tmp_path / 'trail.db'}")
    trail.fill(5)
    rotate(trail, 0, 1)
    rotate(trail, 1, 2)
    trail.appender.close()
    export_trail(trail.store, tmp_path / "export", VKEYS[2], ExportRequest((2,)))
    trail.store.close()
    for number, code in ((0, 0), (1, 0), (2, 0), (3, 3)):
        done = stand_alone(tmp_path / "export", "--log-key", VKEYS[number])
        assert (done.returncode, verified(tmp_path / "export", VKEYS[number]).exit_code) == (code, code)
