"""What a base revision says: policies, exemptions and configuration that a change cannot loosen for itself.

With `check --base REF` the change under judgement is the work tree, and whatever decides is taken from REF: files of
the repository that are named as policies, exemptions or configuration are read there. Files outside of the repository
were given by whoever runs the check, and are read as they are.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import Final

from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.webhook.config import FILE_NAME, Config
from lockgate.webhook.config_reader import MAX_CONFIG_BYTES, parse_config
from lockgate.webhook.git_tree import GitTree, TreeFile, is_at, read_git_tree
from lockgate.webhook.policy_sources import MAX_POLICY_BYTES
from lockgate.webhook.walk import SUFFIXES, find_repository_root, is_inside

# A library of policies with its tests is some megabytes.
MAX_TOTAL_BYTES: Final = 256 * 1024 * 1024
# Files that hold policies, exemptions or data.
_READ: Final = (*SUFFIXES, ".rego")


@record
class Base:
    """A base revision. `folder` holds, under their paths, the files of it that were asked for."""

    tree: GitTree
    folder: str

    def inside(self, path: str) -> str | None:
        """A path's place in the repository, with `/`; None for one outside of it. Links count as what is written."""
        absolute = os.path.abspath(path)
        for root in dict.fromkeys((self.tree.root, os.path.realpath(self.tree.root))):
            if is_inside(absolute, root):
                below = os.path.relpath(absolute, root)
                return "" if below == "." else below.replace(os.sep, "/")
        real = os.path.realpath(absolute)
        return os.path.relpath(real, self.tree.root) if is_inside(real, self.tree.root) else None

    def has(self, path: str) -> bool:
        """Has the base this file, or files below this folder? Raises UsageError for a link or a submodule."""
        below = self.inside(path)
        if below is None:
            return False
        self._refuse_hidden(below)
        return bool(self.tree.below(below))

    def paths(self, paths: Iterable[str], what: str) -> list[str]:
        """Where the base's files for the paths lie; paths outside of the repository stay. Raises UsageError."""
        made: list[str] = []
        for path in paths:
            below = self.inside(path)
            if below is None:
                made.append(path)
                continue
            files = self.tree.below(below)
            self._refuse_hidden(below)
            if not files:
                raise UsageError(
                    f"{self.tree.revision} has no {below}, which the check takes {what} from",
                    hint=f"{what} come from the base; what a change adds counts once it is merged",
                )
            self._write(files)
            made.append(os.path.join(self.folder, below) if below else self.folder)
        return made

    def _refuse_hidden(self, below: str) -> None:
        """Refuses links and submodules: what they stand for would be left out, and with it what it forbids."""
        revision = self.tree.revision
        for path in self.tree.links:
            if path == below or (is_at(path, below) and path.lower().endswith(_READ)):
                raise UsageError(
                    f"{path} is a link as of {revision}, and those of a base are not followed",
                    hint="name what it points to, or put a file there",
                )
        for path in self.tree.submodules:
            if is_at(path, below):
                raise UsageError(
                    f"{path} is a submodule as of {revision}, whose files the repository does not have",
                    hint="check it out outside of the repository at a commit that you trust, and name it there",
                )

    def _write(self, files: Sequence[TreeFile]) -> None:
        total = 0
        wanted = [one for one in files if not os.path.lexists(os.path.join(self.folder, one.path))]
        for one, data in self.tree.read(wanted, MAX_POLICY_BYTES):
            if data is None:
                raise UsageError(
                    f"{one.path} as of {self.tree.revision} is larger than {MAX_POLICY_BYTES >> 20} MiB"
                )
            total += len(data)
            if total > MAX_TOTAL_BYTES:
                raise UsageError(f"the policies as of {self.tree.revision} are larger than 256 MiB")
            place = os.path.join(self.folder, one.path)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "xb") as stream:
                stream.write(data)

    def config(self, given: str | None, cwd: str) -> Config:
        """The base's configuration: the file that was given, else the nearest to `cwd`. Raises UsageError.

        Its folders count in the work tree; what it names as policies is looked for in the base.
        """
        root = self.tree.root
        if given is not None and self.inside(given) is None:
            from lockgate.webhook.config_reader import read_config
            from lockgate.webhook.walk import shown_path

            return read_config(given, shown_path(given, cwd))
        wanted = self.inside(given) if given is not None else self._nearest(cwd)
        if wanted is None:
            return Config(root)
        found = [one for one in self.tree.below(wanted) if one.path == wanted]
        if not found:
            raise UsageError(f"{self.tree.revision} has no {wanted}, which the check takes its settings from")
        shown = f"{self.tree.revision}:{wanted}"
        for _, data in self.tree.read(found, MAX_CONFIG_BYTES):
            if data is None:
                raise UsageError(f"{shown} is larger than {MAX_CONFIG_BYTES // 1024} KiB")
            # Paths are looked at as written: the links of the work tree are the change's.
            empty = os.path.join(self.folder, ".root")
            os.makedirs(empty, exist_ok=True)
            below = os.path.dirname(wanted)
            made = parse_config(data, shown, empty)
            return replace(made, root=os.path.join(root, below) if below else root)
        raise UsageError(f"{shown} cannot be read")

    def _nearest(self, cwd: str) -> str | None:
        below = self.inside(cwd)
        names = {one.path for one in self.tree.files}
        while below is not None:
            name = f"{below}/{FILE_NAME}" if below else FILE_NAME
            if name in self.tree.links:
                self._refuse_hidden(name)
            if name in names:
                return name
            below = None if not below else os.path.dirname(below)
        return None


@contextmanager
def open_base(revision: str, cwd: str) -> Iterator[Base]:
    """The base revision of the repository that `cwd` is in. Raises UsageError."""
    root = find_repository_root(cwd)
    if root is None:
        raise UsageError("--base is for a repository of git, and here is none")
    with TemporaryDirectory(prefix="lockgate-base-") as folder:
        yield Base(read_git_tree(root, revision), os.path.realpath(folder))
