"""Writes the files of a beginning inside of a repository, and nowhere else."""

import os
import stat
from collections.abc import Mapping, Sequence

from lockgate.engine.errors import UsageError, os_reason
from lockgate.webhook.output import write_output


def check_places(root: str, folder: str, names: Sequence[str], *, force: bool) -> None:
    """Refuses places that are taken, or that a link leads out of the repository. names: of files, from the root, most of them in
    `folder`, which is to have no others. Raises UsageError; with `force`, a file that is there may be replaced.
    """
    for name in names:
        parts = name.split("/")
        for count in range(1, len(parts) + 1):
            path = os.path.join(root, *parts[:count])
            try:
                mode = os.lstat(path).st_mode
            except FileNotFoundError:
                break
            except OSError as error:
                reason = os_reason(error)
                raise UsageError(f"cannot look at {'/'.join(parts[:count])}: {reason}") from error
            _refuse("/".join(parts[:count]), mode, is_file=count == len(parts), force=force)
    place = os.path.join(root, *folder.split("/"))
    found = os.listdir(place) if os.path.isdir(place) else []
    others = sorted(set(found) - {os.path.basename(name) for name in names})
    if others:
        raise UsageError(
            f"{folder} has {others[0]}, which would judge too", hint="choose another folder with --folder"
        )


def _refuse(shown: str, mode: int, *, is_file: bool, force: bool) -> None:
    if stat.S_ISLNK(mode):
        raise UsageError(
            f"{shown} is a symbolic link", hint="remove it, or choose another folder with --folder"
        )
    if not is_file and not stat.S_ISDIR(mode):
        raise UsageError(f"{shown} is no folder", hint="choose another with --folder")
    if is_file and not stat.S_ISREG(mode):
        raise UsageError(
            f"{shown} is there and no file", hint="remove it, or choose another folder with --folder"
        )
    if is_file and not force:
        raise UsageError(f"{shown} is there already", hint="nothing was written; --force writes over it")


def write_files(root: str, files: Mapping[str, str], stale: Sequence[str]) -> None:
    """Writes each file at once, with its folders, and removes the stale. Raises UsageError where that cannot be done."""
    for name, text in files.items():
        path = os.path.join(root, *name.split("/"))
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        except OSError as error:
            reason = os_reason(error)
            raise UsageError(f"cannot make the folder of {name}: {reason}") from error
        write_output(text, path)
    for name in stale:
        try:
            os.unlink(os.path.join(root, *name.split("/")))
        except OSError as error:
            raise UsageError(f"cannot remove {name}: {os_reason(error)}") from error
