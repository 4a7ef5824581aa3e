"""The cache of compiled policies on disk: a second start parses no policy.

What is read back is executed, so an entry counts only when the folder and the file belong to this user alone, both
checked on the open descriptor, and its digest agrees. Anything else is a miss; a file system that cannot be written
is no error, since the cache only saves time.
"""

import marshal
import os
import stat
import sys
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from lockgate.engine.bounded_reading import read_up_to
from lockgate.engine.record import record

# A compiled library template is 20 kB; what is larger than this is compiled anew.
MAX_ENTRY_BYTES: Final = 8_000_000
# The folder is emptied by age beyond this many entries.
MAX_ENTRIES: Final = 2_000

_MAGIC: Final = b"lockgate code 1\n"
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW


def user_cache_folder(environment: Mapping[str, str]) -> str | None:
    """The user's own folder for compiled policies, after the XDG base directory specification; None without a home."""
    base = environment.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):
        return os.path.join(base, "lockgate", "code")
    home = environment.get("HOME", "")
    return os.path.join(home, ".cache", "lockgate", "code") if os.path.isabs(home) else None


def compiler_fingerprint() -> bytes:
    """What identifies this compiler and this Python: a change of either makes entries of the other worthless."""
    engine = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    tag = sys.implementation.cache_tag or ""
    return f"{tag}\n{sys.hexversion}\n{folder_fingerprint(engine)}".encode()


def folder_fingerprint(folder: str) -> str:
    """What identifies the modules in a folder and in those below it: their names, sizes and times."""
    found: list[str] = []
    waiting = [(folder, "")]
    while waiting:
        place, prefix = waiting.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                name = entry.name
                if name.endswith(".py"):
                    state = entry.stat()
                    found.append(f"{prefix}{name} {state.st_size} {state.st_mtime_ns}")
                elif name != "__pycache__" and entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, f"{prefix}{name}/"))
    return "\n".join(sorted(found))


@record
class CodeCache:
    """Entries are plain data and code objects by key; `folder` is the user's own, never one from a repository."""

    folder: str
    fingerprint: bytes

    def key(self, *material: bytes) -> str:
        """The name of an entry: a digest over the compiler and everything that decides the outcome."""
        digest = sha256()
        for part in (self.fingerprint, *material):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
        return digest.hexdigest()

    def get(self, key: str) -> Any:
        """The entry, or None when there is none that may be trusted."""
        try:
            folder = os.open(self.folder, _READ | os.O_DIRECTORY)
        except OSError:
            return None
        try:
            if not _is_private(os.fstat(folder), stat.S_ISDIR):
                return None
            try:
                file = os.open(key, _READ | os.O_NONBLOCK, dir_fd=folder)
            except OSError:
                return None
            with open(file, "rb") as stream:
                status = os.fstat(file)
                if not _is_private(status, stat.S_ISREG) or status.st_size > MAX_ENTRY_BYTES:
                    return None
                content = read_up_to(stream, MAX_ENTRY_BYTES)
        finally:
            os.close(folder)
        return _decode(key, content)

    def may_have(self, key: str) -> bool:
        """Is there an entry, whether or not it may be trusted?"""
        return os.path.exists(os.path.join(self.folder, key))

    def put(self, key: str, value: Any) -> None:
        """Stores an entry (what `marshal` can hold) atomically; where that cannot be done, nothing is stored."""
        payload = marshal.dumps(value)
        content = _MAGIC + _digest(key, payload) + payload
        if len(content) > MAX_ENTRY_BYTES:
            return
        temporary = f".{key}.{os.getpid()}"
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            folder = os.open(self.folder, _READ | os.O_DIRECTORY)
        except OSError:
            return  # Read-only or not ours: the cache only saves time.
        try:
            if not _is_private(os.fstat(folder), stat.S_ISDIR):
                return
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            file = os.open(temporary, flags, 0o600, dir_fd=folder)
            try:
                with open(file, "wb") as stream:
                    stream.write(content)
                os.replace(temporary, key, src_dir_fd=folder, dst_dir_fd=folder)
            except OSError:
                os.unlink(temporary, dir_fd=folder)
                raise
            self._prune(folder)
        except OSError:
            return  # A full or read-only disk: as above.
        finally:
            os.close(folder)

    def _prune(self, folder: int) -> None:
        names = os.listdir(folder)
        if len(names) <= MAX_ENTRIES:
            return
        by_age = sorted(
            names, key=lambda name: os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime_ns
        )
        for name in by_age[: len(names) - MAX_ENTRIES // 2]:
            os.unlink(name, dir_fd=folder)


def open_cache(wanted: bool | None, environment: Mapping[str, str]) -> CodeCache | None:
    """The cache that a command uses: the user's own, off where CI is set unless it is `wanted`."""
    folder = user_cache_folder(environment)
    if folder is None or wanted is False or (wanted is None and environment.get("CI")):
        return None
    return CodeCache(folder, compiler_fingerprint())


def _is_private(status: os.stat_result, is_kind: Any) -> bool:
    return bool(is_kind(status.st_mode)) and status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _digest(key: str, payload: bytes) -> bytes:
    return sha256(key.encode() + b"\0" + payload).digest()


def _decode(key: str, content: bytes) -> Any:
    start = len(_MAGIC)
    payload = content[start + 32 :]
    if content[:start] != _MAGIC or content[start : start + 32] != _digest(key, payload):
        return None
    try:
        return marshal.loads(payload)  # noqa: S302 - private to this user, digest checked
    except (ValueError, EOFError, TypeError):
        return None
