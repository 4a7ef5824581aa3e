"""Runs adversaries against the verifiers, and honest histories past them."""

import importlib.util
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from lockgate.audit import export
from lockgate.audit.checkpoint import parse_checkpoint
from lockgate.audit.note import VerifierKey, parse_note
from lockgate.audit.signing import Ed25519Signer
from lockgate.audit.store.erasure import Eraser
from lockgate.audit.trust import AnchoredNote
from lockgate.audit.verify.parallel import scan_here
from lockgate.audit.verify.report import Report
from lockgate.audit.verify.verify import verify_trail

from tests.adversaries.forging import forge_with_key, forge_without_key, is_prefix, same_entries
from tests.adversaries.memory import MemoryTrail, read_into_memory, write_export
from tests.audit.trails import ORIGIN, START_MS, Clock, Trail, make_trail, private_key, reopen_trail
from tests.faults.checking import check_after, trust_of

NOW_MS = START_MS + 10**8
# How often a forged log is also written as an export and shown to the stand-alone verifier.
EXPORT_EVERY = 25


def honest_trail(folder: Path, seed: int) -> tuple[MemoryTrail, Ed25519Signer]:
    """A log of some sixty entries with a few kept checkpoints and an erasure."""
    place = Path(tempfile.mkdtemp(dir=folder))
    trail = make_trail(f"sqlite:///{place / 'trail.db'}")
    chance = random.Random(seed)
    for _ in range(4):
        trail.fill(chance.randrange(5, 20))
        trail.clock.now_ms += 70_000
    Eraser(trail.appender, trail.recorder, trail.vault).erase_entry(3, "asked for", "a")
    trail.appender.append(trail.decide(1, request="once"))
    trail.appender.close()
    made = read_into_memory(trail.store)
    trail.store.close()
    return made, trail.signer


def stand_alone() -> ModuleType:
    """The stand-alone verifier as a module."""
    path = Path(export.__file__).parent / "standalone" / export.VERIFIER
    spec = importlib.util.spec_from_file_location("stand_alone_verifier", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_without_key(folder: Path, runs: int, seed: int) -> tuple[int, int]:
    """Forgers without the key; returns how many logs they forged, and how many exports.

    Raises AssertionError for one that went unnoticed.
    """
    chance = random.Random(seed)
    verifier = stand_alone()
    forged = exported = 0
    honest, signer = honest_trail(folder, seed)
    other = Ed25519Signer(ORIGIN, private_key(99))
    while forged < runs:
        if forged % 200 == 199:
            honest, signer = honest_trail(folder, seed + forged)
        trail, told = forge_without_key(honest, chance, other)
        if is_prefix(trail, honest) or not told:
            continue
        forged += 1
        report = both_ways(trail, signer.verifier_key)
        # What no checkpoint covers is not claimed to be verified; all that is has to be honest.
        unnoticed = report.exit_code == 0 and not same_entries(trail, honest, report.size)
        assert not unnoticed, f"unnoticed: {told}"
        if report.exit_code == 0:
            assert report.unsigned, f"unnoticed: {told}"
        if forged % EXPORT_EVERY == 0:
            place = folder / "forged"
            if write_export(trail, place, "none"):
                exported += 1
                shown = parse_checkpoint(parse_note((place / "checkpoint").read_bytes()).text).size
                if same_entries(trail, honest, shown):
                    # Up to its checkpoint it is what the log was at an earlier time.
                    shutil.rmtree(place)
                    continue
                try:
                    verifier.verify(str(place), [verifier.Key(_line(signer.verifier_key))], [])
                except (verifier.Tampered, ValueError, KeyError):
                    pass
                else:
                    raise AssertionError(f"unnoticed by the stand-alone verifier: {told}")
                shutil.rmtree(place)
    return forged, exported


def both_ways(trail: MemoryTrail, key: VerifierKey, *anchored: AnchoredNote) -> Report:
    """The report of the exact walk; the fast one has to say the same."""
    exact = verify_trail(trail, trust_of(key), now_ms=NOW_MS, anchored=anchored)
    fast = verify_trail(trail, trust_of(key), now_ms=NOW_MS, anchored=anchored, scan=scan_here(trail, None))
    assert fast == exact
    return exact


def _line(key: VerifierKey) -> str:
    from lockgate.audit.note import render_verifier_key

    return render_verifier_key(key)


def run_with_key(folder: Path, runs: int, seed: int) -> int:
    """Forgers with the log's key, against a checkpoint that a witness holds; returns how many logs they forged.

    Raises AssertionError for one that went unnoticed.
    """
    chance = random.Random(seed)
    forged = 0
    honest, signer = honest_trail(folder, seed)
    while forged < runs:
        if forged % 200 == 199:
            honest, signer = honest_trail(folder, seed + forged)
        note = chance.choice(honest.notes[1:])
        witnessed = AnchoredNote("a witness", "somebody else", note)
        from tests.adversaries.memory import sizes

        below = dict(zip(honest.notes, sizes(honest), strict=True))[note]
        trail, told = forge_with_key(honest, chance, signer, below)
        if same_entries(trail, honest, below) and len(trail.data) >= below:
            continue
        forged += 1
        report = both_ways(trail, signer.verifier_key, witnessed)
        assert report.exit_code == 3, f"unnoticed: {told}, below {below}"
    return forged


def run_honest(runs: int, seed: int) -> int:
    """Honest histories, with restarts, crashes, retries, erasures, holds and clocks that go back.

    Returns how many entries they made. Raises AssertionError for a false alarm.
    """
    made = 0
    for run in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            made += _one_history(Path(folder), random.Random(seed + run))
    return made


def _one_history(folder: Path, chance: random.Random) -> int:
    url = f"sqlite:///{folder / 'trail.db'}"
    clock = Clock(step_ms=chance.choice((1, 50, 5000)))
    trail = make_trail(url, clock=clock)

    def fill() -> None:
        trail.fill(chance.randrange(1, 40))

    def retry() -> None:
        draft = trail.decide(chance.randrange(9), request=f"r{chance.randrange(4)}")
        for _ in range(2):
            trail.appender.append(draft)

    def erase() -> None:
        from lockgate.audit.errors import TrailError

        eraser = Eraser(trail.appender, trail.recorder, trail.vault)
        try:
            if chance.random() < 0.5:
                eraser.erase_entry(chance.randrange(1, trail.store.head().size + 1), "asked for", "a")
            else:
                eraser.erase_namespace(f"team-{chance.randrange(3)}", "gone", "a")
        except TrailError:
            return  # Held, gone already, or an entry without a body.

    def hold() -> None:
        event = chance.choice(("placed", "lifted"))
        index = chance.randrange(trail.store.head().size) if event == "placed" else None
        draft = trail.recorder.hold(event, f"h{chance.randrange(3)}", "a case", "law", index=index)  # type: ignore[arg-type]
        trail.appender.append(draft)

    def clock_moves() -> None:
        clock.now_ms += chance.choice((-600_000, -1500, 70_000, 4_000_000))

    def heads() -> None:
        clock.now_ms += 3_700_000
        trail.fill(1)

    def restart() -> None:
        nonlocal trail
        trail.close()
        trail = reopen_trail(url, clock=clock)

    def crash() -> None:
        """Committed and not signed: the process ends between the two."""
        nonlocal trail
        trail.close()
        reopened = reopen_trail(url, clock=clock)
        batches = reopened.store.batch_appender(reopened.vault.master.seal_key)
        reopened.appender.close()
        draft = reopened.decide(1)
        with reopened.store.write() as connection:
            batches.append(connection, [draft], clock())
        reopened.store.close()
        trail = reopen_trail(url, clock=clock)

    acts: list[Callable[[], None]] = [fill, fill, retry, erase, hold, clock_moves, heads, restart, crash]
    for _ in range(chance.randrange(3, 10)):
        chance.choice(acts)()
    trail.appender.close()
    size = _check_honest(trail)
    trail.store.close()
    return size


def _check_honest(trail: Trail) -> int:
    return check_after(trail, [])
