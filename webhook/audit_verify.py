"""`lockgate audit verify`: everything that a trail or an export shows, checked again from its bytes."""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, Literal

import click
from lockgate.audit.anchors.last_seen import FileMemory, last_seen_file
from lockgate.audit.anchors.synchronise import synchronise
from lockgate.audit.export_folder import ExportFolder
from lockgate.audit.packs.checking import is_pack
from lockgate.audit.reader import StoredBody, TrailReader
from lockgate.audit.recorder import Checked
from lockgate.audit.store.appender import system_clock
from lockgate.audit.store.store import Store, open_store
from lockgate.audit.trust import AnchoredNote
from lockgate.audit.verify.parallel import SMALL, Open, Opened, scan_here, scan_in_processes
from lockgate.audit.verify.report import Report
from lockgate.audit.verify.verify import verify_trail
from lockgate.audit.verify.walk import OpenKey
from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import LockgateError, UsageError
from lockgate.webhook.appending import append_one
from lockgate.webhook.audit_options import ACTOR, EPILOG, FORMAT, LOG_KEYS, OUTPUT, TRUST
from lockgate.webhook.audit_verify_pack import verify_pack_folder
from lockgate.webhook.audit_verify_proof import ProofFile, verify_proof_file
from lockgate.webhook.output import write_output
from lockgate.webhook.render_verification import render_json, render_text
from lockgate.webhook.terminal import Palette, choose_palette, printable
from lockgate.webhook.trail import current_user
from lockgate.webhook.trail_reading import Reading, open_reading

# More than a disk can feed.
MOST_PROCESSES: Final = 8
# Who administers the file of --last-seen.
VERIFIER: Final = "this verifier"
VERDICTS: Final[Mapping[int, Literal["verified", "tampered", "unverifiable"]]] = {
    0: "verified",
    3: "tampered",
    4: "unverifiable",
}
# Findings that a record names.
_MOST_RECORDED: Final = 20
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
@click.option(
    "--record",
    "recording",
    is_flag=True,
    help="Have the trail keep the verdict as an entry: when, by whom, of which size and root.",
)
@ACTOR
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
    recording: bool,
    actor: str | None,
    chosen: str,
    output: str | None,
) -> int:
    """Re-checks a trail (its home folder) or an export: entries, tree, checkpoints, streams, bodies, index, anchors,
    and of an export every file. Or a proof, or an evidence pack with its page.

    Nothing in the folder is trusted. With only the key that lies in it the answer is 4, however well everything fits.

    \b
    Examples:
      lockgate audit verify trail/ --log-key ~/keys/ci.vkey
      lockgate audit verify trail/ --log-key ~/keys/ci.vkey --record
      lockgate audit verify export/ --trust ~/trust.toml --format json
      lockgate audit verify export/ --trust ~/trust.toml --last-seen ~/.cache/ci-log
      lockgate audit verify q3/ --log-key ~/keys/ci.vkey
      lockgate audit verify --proof 12.tlog-proof --log-key ~/keys/ci.vkey
    """
    if proof is not None:
        named = context.get_parameter_source("folder") is click.core.ParameterSource.COMMANDLINE
        if named or opening or recording or last_seen is not None:
            raise UsageError(
                "a proof is checked on its own", hint="leave out the folder, --open, --record and --last-seen"
            )
        return verify_proof_file(ProofFile(proof, entry), log_keys, trust, chosen, output)
    if entry is not None:
        raise UsageError("--entry is for a proof", hint="give the proof with --proof")
    if folder is None:
        raise UsageError("no trail to verify", hint="name its home folder, or an export")
    if is_pack(Path(folder)):
        if opening or recording or last_seen is not None:
            raise UsageError(
                "an evidence pack is checked as it is", hint="leave out --open, --record and --last-seen"
            )
        return verify_pack_folder(folder, log_keys, trust, chosen, output)
    with open_reading(folder, log_keys, trust) as reading:
        if recording and reading.trail is None:
            raise UsageError(
                "an export keeps no entries", hint="leave out --record, or name the trail's home"
            )
        report = verified(reading, opening, _seen(last_seen))
        if last_seen is not None and report.exit_code == 0:
            _remember(reading, Path(last_seen))
        if recording:
            _record(reading, report, actor or current_user())
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


def _record(reading: Reading, report: Report, actor: str) -> None:
    """Has the trail keep what was found. Raises TrailError where it cannot; of one that was tampered with it is only said."""
    trail = reading.trail
    assert trail is not None
    found: list[Value] = [f"{one.code} {one.where}" for one in report.findings[:_MOST_RECORDED]]
    details: dict[str, Value] = {
        "findings": found,
        "moreFindings": max(0, len(report.findings) - _MOST_RECORDED) + report.more_findings,
        "unverifiable": [*report.unverifiable[:_MOST_RECORDED]],
        "state": "" if report.assurance is None else str(report.assurance.state),
    }
    checked = Checked(report.size, report.root, report.opened)
    try:
        append_one(trail, trail.recorder().verification(VERDICTS[report.exit_code], checked, actor, details))
    except LockgateError as error:
        if report.exit_code != 3:
            raise
        click.echo(f"note: the verdict was not recorded: {printable(error.message)}", err=True)


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
