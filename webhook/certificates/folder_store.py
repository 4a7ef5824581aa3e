"""Keeps certificates in a folder that only its owner reads, for servers that run outside of a cluster.

`state.json` is all of it; the files that a server is started with lie beside it. Writers take a lock, and compare.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from lockgate.engine.errors import UsageError
from lockgate.webhook.certificates.private_files import write_private
from lockgate.webhook.certificates.state import MAX_STATE, CertificateState, parse_state, render_state
from lockgate.webhook.certificates.tending import Kept

STATE: Final = "state.json"
_LOCK: Final = ".lock"


class FolderStore:
    """The state in a folder, which is made when it is not there."""

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            open_to_others = folder.stat().st_mode & 0o077
        except OSError as error:
            raise UsageError(f"cannot use {folder}: {(error.strerror or '').lower()}") from None
        if open_to_others:
            raise UsageError(
                f"{folder} is open to others, and private keys are to be kept there",
                hint=f"chmod 700 {folder}",
            )

    def load(self) -> Kept:
        """What is kept; nothing at first. Raises UsageError."""
        return self._parse(self._read())

    def replace(self, before: Kept, state: CertificateState) -> bool:
        """Keeps another state in place of `before`; False when that has changed. Raises UsageError."""
        with self._locked():
            if _mark(self._read()) != before.mark:
                return False
            write_private(self._folder / STATE, render_state(state))
        return True

    def _parse(self, data: bytes) -> Kept:
        if not data:
            return Kept(CertificateState(), "")
        return Kept(parse_state(data, str(self._folder / STATE)), _mark(data))

    def _read(self) -> bytes:
        try:
            with (self._folder / STATE).open("rb") as file:
                return file.read(MAX_STATE + 1)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise self._failure(error) from None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            descriptor = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._failure(error) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _failure(self, error: OSError) -> UsageError:
        return UsageError(f"cannot keep certificates in {self._folder}: {(error.strerror or '').lower()}")


def _mark(data: bytes) -> str:
    return sha256(data).hexdigest() if data else ""
