"""A change of several files of a trail's home, which is made whole or not at all, whatever kills the process.

What the files will say is first written into one file, the journal, with the log (the *successor*) that the database
has to have for the change to count. Only then the database is changed, and only then the files, one by one. Whoever
opens the home next finds the journal, and goes on (the database has the successor, or none is named) or drops it.
The journal is locked while the process that wrote it lives.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Annotated, Final, Literal

from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import TrailError
from lockgate.audit.store.store import open_store
from lockgate.engine.database.connections import sqlite_path
from lockgate.engine.errors import UsageError, os_reason
from lockgate.webhook.output import write_output
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail_config import (
    FILE_NAME,
    LOG_KEY,
    MAX_BYTES,
    TrailConfig,
    read_trail_config,
    store_url,
)
from lockgate.webhook.trust_config import read_trust
from pydantic import BaseModel, ConfigDict, Field, ValidationError

JOURNAL: Final = "change.json"
FORMER: Final = "former"
# Three files of a home and those of a former one, each as large as it may be, with room for JSON's escapes.
MAX_JOURNAL: Final = 16 * MAX_BYTES
# How long a home that another process is changing is waited for: a restore verifies a large log meanwhile.
WAIT_S: Final = 30.0
_POLL_S: Final = 0.05


class _Journal(BaseModel):
    """The journal. `files` are by the path from the home; `former` numbers the folder of a log that was closed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    v: Literal[1]
    predecessor: str = ""
    successor: str = ""
    former: Annotated[int, Field(ge=1)] | None = None
    files: Annotated[dict[str, str], Field(max_length=1000)]


@dataclass(frozen=True, slots=True)
class HomeChange:
    """What a home's files are to say, by their path from it, and the log that the database has by then ("": any).

    former: the number of the folder in which the log before is verified; its file anchors are set aside under it.
    """

    files: Mapping[str, str]
    predecessor: str = ""
    successor: str = ""
    former: int | None = None

    def kept(self, home: Path) -> Path:
        """The folder in which the log before is verified from now on."""
        return home / FORMER / str(self.former)


@contextmanager
def changing(home: Path, change: HomeChange) -> Iterator[None]:
    """Writes the journal; within, the database is changed; at the end the change is made, or dropped where it was not.

    Raises UsageError where the home cannot be written, or another change of it is under way.
    """
    made = _Journal(v=1, **{name: getattr(change, name) for name in change.__slots__})
    data = made.model_dump_json().encode("utf-8")
    if len(data) > MAX_JOURNAL:
        raise UsageError(f"{printable(str(home))}: its files are too large to be changed")
    descriptor = _write_journal(home, data)
    try:
        try:
            yield
        finally:
            _settle(home, made)
    finally:
        os.close(descriptor)


def change_home(home: Path, change: HomeChange) -> None:
    """Makes a change that no database has a part in. Raises UsageError."""
    with changing(home, change):
        pass


def settle_home(home: Path) -> None:
    """Ends a change that was interrupted: makes it or drops it. Most homes have none, which costs one look.

    Waits while the process that makes it lives. Raises UsageError or TrailError where it cannot be ended.
    """
    path = home / JOURNAL
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _trouble(home, error) from None
    try:
        _lock(descriptor, home)
        if not _is_at(descriptor, path):
            # Whoever had the lock has ended it.
            return
        with open(descriptor, "rb", closefd=False) as stream:
            data = stream.read(MAX_JOURNAL + 1)
        try:
            if len(data) > MAX_JOURNAL:
                raise ValueError
            journal = _Journal.model_validate_json(data)
        except (ValidationError, ValueError):
            raise UsageError(
                f"{printable(str(path))} is no journal of a change of this home",
                hint="Lockgate writes it whole; take it away if it is not Lockgate's",
            ) from None
        _settle(home, journal)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, home: Path) -> None:
    until = monotonic() + WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if monotonic() > until:
                raise UsageError(
                    f"{printable(str(home))} is being changed by another process",
                    hint="wait until it has ended",
                ) from None
            sleep(_POLL_S)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def _write_journal(home: Path, data: bytes) -> int:
    """The journal under its name, complete and locked; its descriptor."""
    temporary = home / f"{JOURNAL}.{os.getpid()}.tmp"
    try:
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with open(descriptor, "wb", closefd=False) as stream:
                stream.write(data)
            os.fsync(descriptor)
            # Unlike a rename, a link does not replace the journal of somebody else.
            os.link(temporary, home / JOURNAL)
            _sync_folder(home)
        except BaseException:
            os.close(descriptor)
            raise
        finally:
            temporary.unlink(missing_ok=True)
    except FileExistsError:
        raise UsageError(
            f"{printable(str(home))} is being changed by another process", hint="wait until it has ended"
        ) from None
    except OSError as error:
        raise _trouble(home, error) from None
    return descriptor


def _settle(home: Path, journal: _Journal) -> None:
    """Makes the change or drops it, and takes the journal away last."""
    config = read_trail_config(home)
    if _has_happened(home, config, journal):
        for name in journal.files:
            _check_target(home, config, journal, name)
        try:
            _apply(home, config, journal)
        except OSError as error:
            raise _trouble(home, error) from None
    try:
        (home / JOURNAL).unlink(missing_ok=True)
        _sync_folder(home)
    except OSError as error:
        if error.errno not in _READ_ONLY or _has_happened(home, config, journal):
            raise _trouble(home, error) from None


# What who only reads a home is told when a journal that counts for nothing is to be taken away.
_READ_ONLY: Final = frozenset({errno.EPERM, errno.EACCES, errno.EROFS})


def _has_happened(home: Path, config: TrailConfig, journal: _Journal) -> bool:
    """Does the database have what the change goes with? Raises TrailError where that cannot be told."""
    if not journal.successor:
        return True
    url = store_url(home, config.store)
    path = sqlite_path(url)
    if path is not None and not path.is_file():
        return False
    # A database that cannot be read is an error, a database without the successor is not.
    open_store(url).close()
    try:
        successor = open_store(url, journal.successor)
    except TrailError:
        return False
    try:
        first = next(iter(successor.entries(0, 1)), None)
    finally:
        successor.close()
    if first is None or not _is_opening(first, journal):
        return False
    former = open_store(url, journal.predecessor)
    try:
        if former.state() == "active":
            former.set_state("closed", journal.successor)
    finally:
        former.close()
    return True


def _is_opening(entry: bytes, journal: _Journal) -> bool:
    """Does the entry open the log that the change goes with? Another log may have its name."""
    value = parse_entry(entry).value
    predecessor = value.get("predecessor")
    names = (value.get("vkey"), predecessor.get("origin") if isinstance(predecessor, dict) else "")
    return names == (journal.files.get(LOG_KEY, "").strip(), journal.predecessor)


def _check_target(home: Path, config: TrailConfig, journal: _Journal, name: str) -> None:
    """A journal writes the files of a home, and nothing else, whoever made the home. Raises UsageError."""
    path = home / name
    if name in (FILE_NAME, LOG_KEY) and not path.is_symlink():
        return
    parts = Path(name).parts
    if journal.former is not None and parts[:-1] == (FORMER, str(journal.former)):
        if path.parent.resolve() == home.resolve() / FORMER / str(journal.former) and not path.is_symlink():
            return
    elif name == config.trust and stat.S_ISREG(path.stat().st_mode):
        # It may lie elsewhere; what is replaced there is a trust file.
        read_trust(path)
        return
    raise UsageError(f"{printable(str(home / JOURNAL))} names {printable(name)}, which is no file of a home")


def _apply(home: Path, config: TrailConfig, journal: _Journal) -> None:
    if journal.former is not None:
        folder = home / FORMER
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / str(journal.former)).mkdir(mode=0o700, exist_ok=True)
        # What remembers the old log in a file remembers it still, under another name.
        for anchor in config.anchors.file:
            path = home / anchor.path
            aside = path.with_name(f"{path.name}.former-{journal.former}")
            if path.exists() and not aside.exists():
                os.replace(path, aside)
                _sync_folder(path.parent)
    for name, text in journal.files.items():
        write_output(text, str(home / name))
    for parent in {(home / name).parent for name in journal.files}:
        _sync_folder(parent)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _trouble(home: Path, error: OSError) -> UsageError:
    reason = os_reason(error)
    return UsageError(
        f"a change of {printable(str(home))} cannot be ended: {reason}",
        hint="open it as who keeps it, such as with `lockgate audit key show --trail DIR`",
    )
