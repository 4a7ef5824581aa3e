"""The files of a model on a disk, held against a signed manifest: every file signed, every signed file there.

Symbolic links, devices and pipes are refused; a file that a manifest does not have is refused as one that was changed is.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from hashlib import blake2b, new
from pathlib import Path
from typing import Final

from lockgate.audit.attestations.model_signature import WHOLE, ModelManifest, Resource
from lockgate.audit.errors import FormatError, VerificationError
from lockgate.engine.errors import os_reason

_BLOCK: Final = 1 << 20
_MOST_FILES: Final = 200_000
_MOST_TOLD: Final = 5


def _walk(root: Path, below: str, ignored: frozenset[str]) -> Iterator[str]:
    """The paths of the files in a folder. Raises VerificationError for what is no file and no folder."""
    with os.scandir(root / below) as entries:
        listed = sorted(entries, key=lambda one: one.name)
    for one in listed:
        path = f"{below}/{one.name}" if below else one.name
        if path in ignored:
            continue
        if one.is_symlink():
            raise VerificationError(f"{path} is a symbolic link, which no signature covers")
        if one.is_dir(follow_symlinks=False):
            yield from _walk(root, path, ignored)
        elif one.is_file(follow_symlinks=False):
            yield path
        else:
            raise VerificationError(f"{path} is neither a file nor a folder")


def _told(paths: set[str]) -> str:
    shown = ", ".join(sorted(paths)[:_MOST_TOLD])
    return shown if len(paths) <= _MOST_TOLD else f"{shown} and {len(paths) - _MOST_TOLD} more"


def _check_part(descriptor: int, size: int, one: Resource, algorithm: str) -> None:
    stop = size if one.stop is None else one.stop
    if stop > size:
        raise VerificationError(f"{one.path} is shorter than what was signed")
    digest = new("sha256") if algorithm == "sha256" else blake2b()
    at = one.start
    while at < stop:
        data = os.pread(descriptor, min(_BLOCK, stop - at), at)
        if not data:
            raise VerificationError(f"{one.path} became shorter while it was read")
        digest.update(data)
        at += len(data)
    if digest.hexdigest() != one.digest:
        raise VerificationError(f"{one.path} is not what was signed")


def verify_digests(manifest: ModelManifest, found: Mapping[str, str], own: frozenset[str]) -> None:
    """Checks SHA-256 of files, by their paths, that were read before: for a manifest of whole files by SHA-256.

    Raises VerificationError.
    """
    wanted = {one.path: one.digest for one in manifest.resources}
    left_out = frozenset(manifest.ignored) | own
    for path, digest in sorted(found.items()):
        if any(path == one or path.startswith(f"{one}/") for one in left_out):
            continue
        if path not in wanted:
            raise VerificationError(f"{path} is there and was not signed")
        if wanted.pop(path) != digest:
            raise VerificationError(f"{path} is not what was signed")
    if wanted:
        raise VerificationError(f"{_told(set(wanted))} was signed and is not there")


def verify_files(manifest: ModelManifest, root: Path, own: frozenset[str] = frozenset()) -> None:
    """Checks that a file or a folder is exactly what was signed, but for what was ignored.

    own: paths in it that are the signature's own files, which no signature can cover. Raises VerificationError.
    """
    by_path: dict[str, list[Resource]] = {}
    for one in manifest.resources:
        by_path.setdefault(one.path, []).append(one)
    try:
        mode = os.lstat(root).st_mode
        if stat.S_ISLNK(mode):
            raise VerificationError(f"{root} is a symbolic link, which no signature covers")
        if stat.S_ISREG(mode):
            found = {WHOLE}
        else:
            found = set()
            for path in _walk(root, "", frozenset(manifest.ignored) | own):
                found.add(path)
                if len(found) > _MOST_FILES:
                    raise FormatError(f"{root} has more than {_MOST_FILES} files")
        sharded = any(one.stop is not None for one in manifest.resources)
        for path in sorted(found):
            _check_file(
                root if path == WHOLE else root / path, path, by_path.pop(path, None), sharded, manifest
            )
    except OSError as error:
        raise VerificationError(f"cannot read {root}: {os_reason(error)}") from None
    if by_path:
        raise VerificationError(f"{_told(set(by_path))} was signed and is not there")


def _check_file(
    place: Path, path: str, parts: list[Resource] | None, sharded: bool, manifest: ModelManifest
) -> None:
    descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        size = os.fstat(descriptor).st_size
        if parts is None:
            # A file without bytes has no part.
            if sharded and not size:
                return
            raise VerificationError(f"{path} is there and was not signed")
        for one in parts:
            _check_part(descriptor, size, one, manifest.algorithm)
        if sharded and max([one.stop or 0 for one in parts]) != size:
            raise VerificationError(f"{path} is longer than what was signed")
    finally:
        os.close(descriptor)
