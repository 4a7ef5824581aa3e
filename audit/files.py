"""Files of an export: written whole or not at all, read within bounds and never through a link out of the folder."""

import os
import stat
from pathlib import Path
from typing import Final

from lockgate.audit.errors import TrailError
from lockgate.engine.errors import os_reason

# A bundle of 256 entries of 64 KiB, the largest that tlog-tiles knows.
MAX_FILE: Final = 256 * 65_537
# A bundle of bodies: 256 of the largest would be more than anyone has; read line by line.
MAX_LINE: Final = 32 * 1024 * 1024


class AbsentError(TrailError):
    """The folder lacks a file."""


def open_inside(root: Path, name: str) -> int:
    """A descriptor of a regular file below a folder, following no symbolic link. Raises TrailError."""
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise TrailError(f"{name!r} is no path below the folder")
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        folder = os.open(root, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    except OSError as error:
        raise AbsentError(f"{root} cannot be opened: {error.strerror}") from None
    try:
        for part in parts[:-1]:
            below = os.open(part, flags | os.O_DIRECTORY, dir_fd=folder)
            os.close(folder)
            folder = below
        file = os.open(parts[-1], flags | os.O_NONBLOCK, dir_fd=folder)
    except FileNotFoundError:
        raise AbsentError(f"there is no {name}") from None
    except OSError as error:
        raise TrailError(f"{name} cannot be opened: {error.strerror}") from None
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise TrailError(f"{name} is no regular file")
    return file


def read_inside(root: Path, name: str, limit: int = MAX_FILE) -> bytes:
    """The bytes of a file below a folder. Raises TrailError when it is larger than `limit`."""
    with open(open_inside(root, name), "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise TrailError(f"{name} is larger than {limit} bytes")
    return data


def write_below(root: Path, name: str, data: bytes) -> None:
    """Writes a new file below a folder of our own."""
    path = root.joinpath(*name.split("/"))
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "xb") as file:
        file.write(data)


def replace_file(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Puts a file in the place of another, durably, whole or not at all. Raises TrailError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        # What a process of this number left when it was killed: in a container all have the same.
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise TrailError(f"cannot write {path}: {os_reason(error)}") from None


def sync_tree(root: Path) -> None:
    """Makes a folder that was written durable."""
    for place, _, names in os.walk(root, topdown=False):
        for name in names:
            _sync(Path(place, name))
        _sync(Path(place))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
