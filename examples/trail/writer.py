"""Writes a trail whose clock is told: the home folder as `lockgate audit init` makes one, entries in large transactions, checkpoints."""

import json
import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from lockgate.audit.checkpoint import Checkpoint, render_checkpoint
from lockgate.audit.draft import Draft
from lockgate.audit.errors import TrailError
from lockgate.audit.key_files import make_log_key, make_master_key, read_log_key, read_master_key
from lockgate.audit.lineage import opening
from lockgate.audit.note import render_note, render_verifier_key
from lockgate.audit.recorder import Recorder
from lockgate.audit.signing import NoteSigner, sign_note
from lockgate.audit.store.batch import Appended
from lockgate.audit.store.store import create_log
from lockgate.audit.vault import NO_NAMESPACE, Vault
from lockgate.webhook.audit_init import configuration, trust_file
from lockgate.webhook.toml_text import toml_string, with_setting
from lockgate.webhook.trail import EVALUATOR
from lockgate.webhook.trail_config import FILE_NAME, LOG_KEY, store_url
from sqlalchemy import Connection

# Entries in one transaction: a checkpoint follows each.
_TRANSACTION: Final = 2_000
# Drafts that one batch takes.
_BATCH: Final = 256


class Writer:
    """Appends to a new trail; what is added at one moment goes into the log together. Close it."""

    def __init__(self, home: Path, origin: str, administrator: str, now_ms: int) -> None:
        """Makes the trail, with its first entry, at a time (Unix milliseconds). Raises TrailError."""
        self.home: Final = home
        self.origin: Final = origin
        (home / "keys").mkdir(mode=0o700, parents=True)
        os.chmod(home, 0o700)
        make_log_key(home / "keys" / "log.pem")
        make_master_key(home / "keys" / "master.key")
        signer = read_log_key(home / "keys" / "log.pem", origin)
        self._vkeys = [render_verifier_key(signer.verifier_key)]
        self._signers: tuple[NoteSigner, ...] = (signer,)
        text = configuration(origin, "trail.db", "file:keys/log.pem", "prod-eu", administrator)
        (home / FILE_NAME).write_text(text, "utf-8")
        (home / "trust.toml").write_text(trust_file(origin, administrator, self._vkeys[0]), "utf-8")
        (home / LOG_KEY).write_text(f"{self._vkeys[0]}\n", "utf-8")
        master = read_master_key(home / "keys" / "master.key")
        self._store = create_log(store_url(home, "trail.db"), origin, now_ms, master.seal_key)
        os.chmod(home / "trail.db", 0o600)
        self.vault: Final = Vault(master, self._store)
        self.recorder: Final = Recorder(self.vault, EVALUATOR)
        self._batches = self._store.batch_appender(master.seal_key)
        self._open: ExitStack | None = None
        self._connection: Connection | None = None
        self._waiting: list[Draft] = []
        self._now_ms = now_ms
        self._in_transaction = 0
        self.size = 0
        self.append(opening(origin, self._vkeys[0]), now_ms)
        self.sign()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            self.sign()
        elif self._open is not None:
            self._open.__exit__(*error)  # type: ignore[arg-type]
        self._store.close()

    def make_keys(self, namespaces: Iterable[str]) -> None:
        """Makes the keys of namespaces, for which the database may not be in the middle of a transaction."""
        self.sign()
        for one in (NO_NAMESPACE, *namespaces):
            self.vault.key_of(one)

    def add(self, draft: Draft, now_ms: int) -> int:
        """An entry to be, at a time, or at the last one's where that is later; the index that it will have."""
        now_ms = max(now_ms, self._now_ms)
        if now_ms != self._now_ms or len(self._waiting) == _BATCH:
            self._flush()
            self._now_ms = now_ms
        self._waiting.append(draft)
        return self.size + len(self._waiting) - 1

    def append(self, draft: Draft, now_ms: int) -> int:
        """An entry, at once; its index. Raises TrailError where the log does not take it."""
        index = self.add(draft, now_ms)
        self._flush()
        return index

    def _flush(self) -> None:
        if not self._waiting:
            return
        if self._connection is None:
            self._open = ExitStack()
            self._connection = self._open.enter_context(self._store.write())
        for answer in self._batches.append(self._connection, self._waiting, self._now_ms):
            if isinstance(answer, TrailError):
                raise answer
            self._took(answer)
        self._waiting = []
        # The heads of streams may have been logged behind them.
        state = self._batches.state
        assert state is not None
        self.size = state.growth.size
        if self._in_transaction >= _TRANSACTION:
            self.sign()

    def _took(self, answer: Appended) -> None:
        assert not answer.repeated, "each draft is another"
        self._in_transaction += 1

    def sign(self) -> None:
        """Commits what was added, and signs a checkpoint over it."""
        self._flush()
        if self._open is None:
            return
        self._open.close()
        self._open = self._connection = None
        self._in_transaction = 0
        head = self._store.head()
        text = render_checkpoint(Checkpoint(self.origin, head.size, head.root))
        note = render_note(sign_note(text, *self._signers))
        with self._store.write() as connection:
            self._store.add_checkpoint(connection, head.size, note, self._now_ms)
        self._batches.remember_signed(head.size, head.root)

    def rotate(self, actor: str, now_ms: int) -> tuple[int, int]:
        """Another key signs from now on, as after `lockgate audit key rotate`; the entries that add the new one and end the old."""
        self.sign()
        (old,) = self._signers
        file = f"keys/log-{len(self._vkeys) + 1}.pem"
        make_log_key(self.home / file)
        new = read_log_key(self.home / file, self.origin)
        vkey = render_verifier_key(new.verifier_key)
        self._signers = (old, new)
        added = self.append(self.recorder.key_event("added", "log", vkey, actor=actor), now_ms)
        self.sign()
        ended = self.append(
            self.recorder.key_event("retired", "log", self._vkeys[-1], actor=actor), now_ms + 60_000
        )
        self.sign()
        self._signers = (new,)
        self._vkeys.append(vkey)
        for name, setting, value in (
            ("trust.toml", "log-keys", json.dumps(self._vkeys)),
            (FILE_NAME, "signer", toml_string(f"file:{file}")),
        ):
            text = (self.home / name).read_text("utf-8")
            (self.home / name).write_text(with_setting(text, setting, value), "utf-8")
        (self.home / LOG_KEY).write_text(f"{vkey}\n", "utf-8")
        return added, ended

    @property
    def first_key(self) -> str:
        """The key that the log began with, which somebody else keeps."""
        return self._vkeys[0]
