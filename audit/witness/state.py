"""What a witness remembers, in SQLite: for each log the largest checkpoint that it has cosigned.

Every change is durable before it is told (rollback journal, `synchronous=EXTRA`), begins from what is there (compare
and set in one immediate transaction, so that threads and processes may share the file), and never goes back: the
table's own triggers refuse it too. The file belongs to one witness key, and is made once, by `create`: a witness whose
file is gone does not begin again as if it had seen nothing.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from lockgate.audit.checkpoint import Checkpoint, parse_checkpoint
from lockgate.audit.errors import FormatError, TrailError
from lockgate.audit.note import parse_note

# Waiting for another process to end its transaction, which takes a few writes to disk.
_BUSY_S: Final = 10.0
# Two contradicting notes prove that a log forked; more of them prove no more.
MAX_EVIDENCE: Final = 16

_SCHEMA: Final = """
create table witness (one integer primary key check (one = 1), vkey text not null);
create table log (origin text primary key, size integer not null, root blob not null, time integer not null,
                  note blob not null) without rowid;
create table evidence (origin text not null, size integer not null, root blob not null, note blob not null,
                       time integer not null, primary key (origin, size, root)) without rowid;
create trigger log_grows before update on log
when new.size < old.size or (new.size = old.size and new.root <> old.root) or new.origin <> old.origin
begin select raise(abort, 'a witness does not go back'); end;
create trigger log_stays before delete on log begin select raise(abort, 'a witness does not forget'); end;
"""


class StateError(TrailError):
    """The witness's memory cannot be read or written; nothing is cosigned until it can."""


@dataclass(frozen=True, slots=True)
class Held:
    """The largest checkpoint that was cosigned, the note it came in, and when (Unix seconds)."""

    checkpoint: Checkpoint
    note: bytes
    time: int


class WitnessState:
    """The open file. `advance` is the only way it changes, but for evidence."""

    def __init__(self, path: Path, vkeys: str) -> None:
        """Opens the file that `create` made for the witness with these verifier keys. Raises StateError."""
        if not path.is_file():
            raise StateError(
                f"{path} is not there: a witness without its memory could sign a second history",
                hint="put the file back; for a new witness, with a new key, use `lockgate audit witness init`",
            )
        self._path = path
        self._lock = Lock()
        self._connection = self._connect()
        with self._reading() as connection:
            row = connection.execute("select vkey from witness").fetchone()
        if row is None or row[0] != vkeys:
            self.close()
            raise StateError(f"{path} is the memory of another witness key", hint="give each witness its own")

    @classmethod
    def create(cls, path: Path, vkeys: str) -> "WitnessState":
        """Makes the file, readable by its owner only, and opens it. Raises StateError when it is there already."""
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as error:
            raise StateError(f"{path} cannot be made: {error.strerror}") from None
        try:
            connection = sqlite3.connect(path)
            try:
                connection.execute("pragma synchronous=extra")
                connection.executescript(f"begin;{_SCHEMA}")
                connection.execute("insert into witness values (1, ?)", (vkeys,))
                connection.commit()
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise StateError(f"{path} cannot be made: {error}") from None
        return cls(path, vkeys)

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()

    def held(self, origin: str) -> Held | None:
        """What is remembered of a log. Raises StateError."""
        with self._reading() as connection:
            return _held(connection, origin)

    def origins(self) -> tuple[str, ...]:
        """The logs that anything is remembered of, sorted."""
        with self._reading() as connection:
            return tuple([row[0] for row in connection.execute("select origin from log order by origin")])

    def advance(self, before: Held | None, new: Held) -> int | None:
        """Remembers `new` in place of `before`, which it continues as the caller has checked.

        Returns the time to sign with: `new.time`, or the remembered one if the clock has gone back since; None when
        something else than `before` is remembered by now. Durable once it returns. Raises StateError.
        """
        checkpoint = new.checkpoint
        with self._writing() as connection:
            there = _held(connection, checkpoint.origin)
            if (there and _tree(there)) != (before and _tree(before)):
                return None
            time = max(new.time, there.time) if there else new.time
            connection.execute(
                "insert into log values (?, ?, ?, ?, ?) on conflict (origin) do update set "
                "size = excluded.size, root = excluded.root, time = excluded.time, note = excluded.note",
                (checkpoint.origin, checkpoint.size, checkpoint.root, time, new.note),
            )
        return time

    def keep_evidence(self, held: Held, other: Held) -> None:
        """Keeps two notes of one size and different roots, both signed by the log: proof that it forked."""
        with self._writing() as connection:
            origin = held.checkpoint.origin
            (count,) = connection.execute(
                "select count(*) from evidence where origin = ?", (origin,)
            ).fetchone()
            if count >= MAX_EVIDENCE:
                return
            for one in (held, other):
                connection.execute(
                    "insert or ignore into evidence values (?, ?, ?, ?, ?)",
                    (origin, one.checkpoint.size, one.checkpoint.root, one.note, one.time),
                )

    def evidence(self, origin: str) -> tuple[Held, ...]:
        """The contradicting notes of a log, by size."""
        with self._reading() as connection:
            rows = connection.execute(
                "select origin, size, root, note, time from evidence where origin = ? order by size, root",
                (origin,),
            ).fetchall()
        return tuple([Held(Checkpoint(row[0], row[1], row[2]), row[3], row[4]) for row in rows])

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=_BUSY_S,
                isolation_level=None,
                check_same_thread=False,
            )
            connection.execute("pragma journal_mode=delete")
            connection.execute("pragma synchronous=extra")
            (level,) = connection.execute("pragma synchronous").fetchone()
        except sqlite3.Error as error:
            raise StateError(f"{self._path} cannot be opened: {error}") from None
        if level != 3:
            connection.close()
            raise StateError(f"{self._path}: this SQLite does not write durably (synchronous={level})")
        return connection

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise StateError(f"{self._path} cannot be read: {error}") from None

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection = self._connection
            try:
                connection.execute("begin immediate")
                try:
                    yield connection
                    connection.execute("commit")
                finally:
                    if connection.in_transaction:
                        connection.execute("rollback")
            except sqlite3.Error as error:
                raise StateError(f"{self._path} cannot be written: {error}") from None


def _tree(held: Held) -> tuple[int, bytes]:
    return held.checkpoint.size, held.checkpoint.root


def _held(connection: sqlite3.Connection, origin: str) -> Held | None:
    row = connection.execute("select size, root, note, time from log where origin = ?", (origin,)).fetchone()
    if row is None:
        return None
    size, root, note, time = row
    try:
        checkpoint = parse_checkpoint(parse_note(note).text)
    except FormatError as error:
        raise StateError(f"what is remembered of {origin} is damaged: {error}") from None
    if (checkpoint.origin, checkpoint.size, checkpoint.root) != (origin, size, root):
        raise StateError(f"what is remembered of {origin} does not fit its note")
    return Held(checkpoint, note, time)
