"""`lockgate audit restore`: a backup back into the trail's database, which its anchors then judge."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from lockgate.audit.anchors.asking import Seen, ask, compare_note
from lockgate.audit.anchors.witness_anchor import WitnessAnchor
from lockgate.audit.checkpoint import open_checkpoint
from lockgate.audit.errors import TrailError, UnverifiableError, VerificationError
from lockgate.audit.lineage import LostRange
from lockgate.audit.note import render_verifier_key
from lockgate.audit.store.appender import system_clock
from lockgate.audit.store.backups import check_no_log, last_checkpoint, load_backup
from lockgate.audit.store.database import WriterLock
from lockgate.audit.store.store import Store, open_store
from lockgate.audit.store.succession import open_successor
from lockgate.audit.times import render_time
from lockgate.audit.vault import Vault
from lockgate.audit.verify.verify import verify_trail
from lockgate.audit.witness.errors import RefusedError, UnreachableError
from lockgate.engine.database.connections import sqlite_path
from lockgate.engine.errors import UsageError
from lockgate.webhook.audit_options import EPILOG, TRAIL
from lockgate.webhook.former import Successor, next_origin, succeed
from lockgate.webhook.home_change import changing
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail import Trail, open_trail

# Beside the database while it is not known to be good.
RESTORING: Final = ".restoring"
_SIDE_FILES: Final = ("", "-wal", "-shm")


@click.command(epilog=EPILOG)
@click.argument("file", metavar="FILE")
@click.option(
    "--successor", default="", metavar="NAME", help="The origin to go on under, where that is needed."
)
@click.option(
    "--reason",
    default="restored from a backup",
    metavar="TEXT",
    help="Why; the successor's first entry says it.",
)
@click.option("--without-anchors", is_flag=True, help="Go on although an anchor does not answer.")
@TRAIL
def restore(file: str, successor: str, reason: str, without_anchors: bool, home: str) -> None:
    """Puts a backup into the trail's database, verifies all of it, and asks every anchor how far it saw the log.

    Where nobody saw more than the backup has, the log goes on. Where somebody did, going on would fork what they saw:
    the log is closed, and a successor is opened whose first entry says what was lost. The database that was there is
    kept beside it; PostgreSQL is restored into an empty database.

    \b
    Example:
      lockgate audit restore /backups/trail-2026-11-26 --trail trail/
    """
    with open_trail(home) as trail:
        # The files of the home move on when the database is in its place.
        with ExitStack() as moving:
            restoring = _Restoring(trail, Path(file), without_anchors, moving)
            with restoring.target() as url:
                restoring.load(url)
                outcome = restoring.finish(url, successor, reason)
        if outcome.kept is not None:
            outcome.lines.extend(
                f"take the key `checkpoint` out of the ConfigMap {one.namespace}/{one.name}, and keep what it has"
                for one in trail.config.anchors.configmap
            )
            outcome.lines.append(f"what is left of {trail.origin} is verified in {outcome.kept}")
    for line in outcome.lines:
        click.echo(printable(line))
    if outcome.successor is not None:
        click.echo(f"\n  {outcome.successor.vkey}\n")
        click.echo(
            "Keep that line elsewhere, and give it to whoever verifies and to every witness: they know the old one."
        )


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What to tell; where a successor was opened, that and the folder in which the old log is kept."""

    lines: list[str]
    successor: Successor | None = None
    kept: Path | None = None


class _Restoring:
    """One restore of one trail; a change of its home goes into `moving`, which ends when the database is in place."""

    def __init__(self, trail: Trail, file: Path, without_anchors: bool, moving: ExitStack) -> None:
        self.trail = trail
        self.file = file
        self.trust = trail.trust()
        self.seal_key = trail.master_key().seal_key
        self._without_anchors = without_anchors
        self._before: bytes | None = None
        self._moving = moving

    @contextmanager
    def target(self) -> Iterator[str]:
        """The database to fill: beside the old one, which it replaces in the end, or an empty one of PostgreSQL.

        Raises TrailError while an appender is alive.
        """
        url = self.trail.store_url
        path = sqlite_path(url)
        if path is None:
            check_no_log(url)
            yield url
            return
        lock = WriterLock(path)
        try:
            self._before = self._shown(url) if path.is_file() else None
            made = path.with_name(f"{path.name}{RESTORING}")
            _remove(made)
            try:
                yield f"sqlite:///{made}"
                _replace(made, path)
            finally:
                _remove(made)
        finally:
            lock.close()

    def _shown(self, url: str) -> bytes | None:
        """The last checkpoint of the database that was there, if it is a good one; its keeper may have seen it."""
        note = last_checkpoint(url, self.trail.origin)
        try:
            if note is not None:
                open_checkpoint(note, self.trail.origin, self.trust.log_keys)
        except TrailError:
            return None
        return note

    def load(self, url: str) -> None:
        """Fills the database and verifies it. Raises VerificationError."""
        trail = self.trail
        logs = load_backup(url, self.file, self.seal_key, {trail.origin: self.trust.log_keys})
        names = [log.origin for log in logs]
        if trail.origin not in names:
            raise UsageError(
                f"the backup has no log {trail.origin}",
                hint=f"it has {', '.join(names)}: is the trail another?",
            )
        path = sqlite_path(url)
        if path is not None:
            os.chmod(path, 0o600)
        store = open_store(url, trail.origin)
        try:
            vault = Vault(trail.master_key(), store)
            report = verify_trail(
                store, self.trust, now_ms=system_clock(), index=store, open_key=vault.entry_key
            )
            if report.findings:
                store.set_state("frozen", "")
                raise VerificationError(
                    f"the backup is not restored: {report.findings[0]}", where=str(self.file)
                )
        finally:
            store.close()

    def finish(self, url: str, successor: str, reason: str) -> _Outcome:
        """Compares with the anchors; goes on, or opens a successor."""
        store = open_store(url, self.trail.origin)
        try:
            head = store.head()
            seen = self._seen(store)
            farthest = max(seen, key=lambda one: (one.size, one.root is not None), default=None)
            last = render_time(head.time_ms)
            lines = [f"restored {store.origin}: {head.size} entries, the last of {last}"]
            if farthest is None or farthest.size <= head.size:
                who = ", ".join([one.name for one in seen])
                lines.append(
                    f"the log goes on; seen no farther by {who}"
                    if who
                    else "the log goes on; it has no anchor"
                )
                return _Outcome(lines)
            origin = successor or next_origin(store.origin)
            lost = LostRange(head.size, farthest.size, farthest.root)
            made, kept = self._succeed(store, origin, lost, seen, reason)
            lines += [
                f"lost: entries {head.size} to {farthest.size - 1}, all that was recorded after {last}",
                f"    {farthest.name} saw {farthest.size} entries",
                f"closed {store.origin}: to go on would fork what was seen",
                f"opened {made.origin}, whose first entry says so; its key is below",
            ]
            return _Outcome(lines, made, kept)
        finally:
            store.close()

    def _seen(self, store: Store) -> list[Seen]:
        """How far the anchors, and the database that was there, saw the log."""
        seen: list[Seen] = []
        if self._before is not None:
            name = "the database that was there"
            seen.append(compare_note(name, self._before, store, self.trust.log_keys))
        for anchor in self.trail.anchors():
            try:
                seen.append(ask(anchor, store, self.trust.log_keys))
            except (UnreachableError, RefusedError) as error:
                if not self._without_anchors:
                    raise UnverifiableError(
                        f"the anchor {anchor.name} does not say how far it saw the log: {error.message}",
                        hint="make it answer; --without-anchors goes on without it, and may fork the log",
                    ) from None
                click.echo(
                    f"note: without the anchor {printable(anchor.name)}: {printable(error.message)}", err=True
                )
            finally:
                if isinstance(anchor, WitnessAnchor):
                    anchor.close()
        return seen

    def _succeed(
        self, store: Store, origin: str, lost: LostRange, seen: Sequence[Seen], reason: str
    ) -> tuple[Successor, Path]:
        trail = self.trail
        old, new = trail.signer(), trail.signer(origin)
        successor = Successor(origin, render_verifier_key(new.verifier_key))
        change = succeed(trail.home, trail.config, successor, seen)
        self._moving.enter_context(changing(trail.home, change))
        open_successor(store, old, new, self.seal_key, reason, lost, system_clock)
        return successor, change.kept(trail.home)


def _remove(path: Path) -> None:
    for end in _SIDE_FILES:
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)


def _replace(made: Path, path: Path) -> None:
    """Puts a database in the place of the one that was there, which is kept under another name."""
    if path.exists():
        number = 1
        while path.with_name(f"{path.name}.before-{number}").exists():
            number += 1
        # Linked and not moved, so that there is a database under the name at every moment.
        for end in _SIDE_FILES:
            side = path.with_name(f"{path.name}{end}")
            if side.exists():
                os.link(side, path.with_name(f"{path.name}.before-{number}{end}"))
        for end in _SIDE_FILES[1:]:
            path.with_name(f"{path.name}{end}").unlink(missing_ok=True)
    os.replace(made, path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
