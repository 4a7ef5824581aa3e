"""`lockgate audit verify`: everything that a trail or an export shows, checked again from its bytes."""

import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import click
from lockgate.audit.anchors.last_seen import FileMemory, last_seen_file
from lockgate.audit.anchors.synchronise import synchronise
from lockgate.audit.export_folder import ExportFolder
from lockgate.audit.packs.checking import is_pack
from lockgate.audit.reader import StoredBody, TrailReader
from lockgate.audit.store.appender import system_clock
from lockgate.audit.store.store import Store, open_store
from lockgate.audit.trust import AnchoredNote
from lockgate.audit.verify.parallel import SMALL, Open, Opened, scan_here, scan_in_processes
from lockgate.audit.verify.report import Report
from lockgate.audit.verify.verify import verify_trail
from lockgate.audit.verify.walk import OpenKey
from lockgate.engine.errors import UsageError
from lockgate.webhook.audit_options import EPILOG, FORMAT, LOG_KEYS, OUTPUT, TRUST
from lockgate.webhook.audit_verify_pack import verify_pack_folder
from lockgate.webhook.audit_verify_proof import ProofFile, verify_proof_file
from lockgate.webhook.output import write_output
from lockgate.webhook.render_verification import render_json, render_text
from lockgate.webhook.terminal import Palette, choose_palette
from lockgate.webhook.trail_reading import Reading, open_reading

# More than a disk can feed.
MOST_PROCESSES: Final = 8
# Who administers the file of --last-seen.
VERIFIER: Final = "this verifier"
OWN_KEY = (
    "the log's key was read from the folder itself: whoever wrote the one could have made the other "
    "(give --log-key or --trust with what you got in another way)"
)


@click.command(epilog=EPILOG)
@click.argument("folder", envvar="LOCKGATE_TRAIL", required=False, metavar="DIR")
@LOG_KEYS
@TRUST
@click.option(
    "--open", "opening", is_flag=True, help="Open every body too and compare it with its commitment."
)
@click.option(
    "--last-seen",
    metavar="FILE",
    help="Remember the verified checkpoint there, and take none that does not continue it.",
)
@click.option(
    "--proof",
    metavar="FILE",
    help="Check a proof that `audit prove` wrote, from this file alone; no DIR then.",
)
@click.option(
    "--entry", metavar="FILE", help="The entry's bytes, for a proof that does not have them with it."
)
@FORMAT
@OUTPUT
@click.pass_context
def verify(
    context: click.Context,
    folder: str | None,
    log_keys: tuple[str, ...],
    trust: str | None,
    opening: bool,
    last_seen: str | None,
    proof: str | None,
    entry: str | None,
    chosen: str,
    output: str | None,
) -> int:
    """Re-checks a trail (its home folder) or an export: entries, tree, checkpoints, streams, bodies, index, anchors,
    and of an export every file. Or a proof, or an evidence pack with its page.

    Nothing in the folder is trusted. With only the key that lies in it the answer is 4, however well everything fits.

    \b
    Examples:
      lockgate audit verify trail/ --log-key ~/keys/ci.vkey
      lockgate audit verify export/ --trust ~/trust.toml --format json
      lockgate audit verify export/ --trust ~/trust.toml --last-seen ~/.cache/ci-log
      lockgate audit verify q3/ --log-key ~/keys/ci.vkey
      lockgate audit verify --proof 12.tlog-proof --log-key ~/keys/ci.vkey
    """
    if proof is not None:
        named = context.get_parameter_source("folder") is click.core.ParameterSource.COMMANDLINE
        if named or opening or last_seen is not None:
            raise UsageError(
                "a proof is checked on its own", hint="leave out the folder, --open and --last-seen"
            )
        return verify_proof_file(ProofFile(proof, entry), log_keys, trust, chosen, output)
    if entry is not None:
        raise UsageError("--entry is for a proof", hint="give the proof with --proof")
    if folder is None:
        raise UsageError("no trail to verify", hint="name its home folder, or an export")
    if is_pack(Path(folder)):
        if opening or last_seen is not None:
            raise UsageError("an evidence pack is checked as it is", hint="leave out --open and --last-seen")
        return verify_pack_folder(folder, log_keys, trust, chosen, output)
    with open_reading(folder, log_keys, trust) as reading:
        report = verified(reading, opening, _seen(last_seen))
        if last_seen is not None and report.exit_code == 0:
            _remember(reading, Path(last_seen))
    palette = Palette(False) if output is not None else choose_palette("auto", sys.stdout)
    write_output(render_json(report) if chosen == "json" else render_text(report, palette), output)
    return report.exit_code


def _seen(path: str | None) -> tuple[AnchoredNote, ...]:
    """What an earlier run remembered; nothing where there was none. Raises RefusedError."""
    note = None if path is None else FileMemory(Path(path)).load().note
    return () if note is None else (AnchoredNote(f"file {path}", VERIFIER, note),)


def _remember(reading: Reading, path: Path) -> None:
    """Moves the file on to the checkpoint that was verified."""
    keys = reading.trust.log_keys
    synchronise(reading.reader, last_seen_file(path, VERIFIER, reading.trust.origin, keys), keys)


def _shown_key(body: StoredBody) -> bytes | None:
    """The key that an export shows for a body."""
    return body.entry_key or None


def _open_store(url: str, origin: str) -> AbstractContextManager[Opened]:
    store = open_store(url, origin)
    return nullcontext((store, store, None))


def _open_export(place: Path) -> AbstractContextManager[Opened]:
    return nullcontext((ExportFolder(place), None, _shown_key))


def _opening(reader: TrailReader) -> Open:
    """How another process opens the same log."""
    if isinstance(reader, Store):
        return partial(_open_store, reader.url, reader.origin)
    assert isinstance(reader, ExportFolder)
    return partial(_open_export, reader.place)


def verified(reading: Reading, opening: bool, seen: Sequence[AnchoredNote] = ()) -> Report:
    """Verifies a log, also against what was `seen` of it; one whose key came with it is not verified."""
    open_key: OpenKey | None = None
    if reading.trail is None:
        open_key = _shown_key
    elif opening:
        open_key = reading.trail.vault().entry_key
    index = reading.reader if isinstance(reading.reader, Store) else None
    if reading.reader.head().size < SMALL or (opening and index is not None):
        scan = scan_here(reading.reader, index, open_key)
    else:
        scan = scan_in_processes(_opening(reading.reader), min(MOST_PROCESSES, os.cpu_count() or 1))
    report = verify_trail(
        reading.reader,
        reading.trust,
        now_ms=system_clock(),
        index=index,
        anchored=(*reading.anchored(), *seen),
        open_key=open_key,
        scan=scan,
    )
    if reading.from_outside:
        return report
    return replace(report, unverifiable=(*report.unverifiable, OWN_KEY))
