"""Which environment a folder or a file of the repository is of, by `lockgate.yaml`."""

import os
from collections.abc import Sequence
from typing import Final, final

from lockgate.engine.promotions.mapping import matches
from lockgate.webhook.config import Config
from lockgate.webhook.walk import is_inside

_ANY: Final = "**"


@final
class EnvironmentFolders:
    """Finds the environment of paths, each folder's once. The deepest pattern wins; of equals, that of the higher environment."""

    def __init__(self, config: Config) -> None:
        self._root: Final = config.root
        # Of `folders` too, for configurations without a list of environments.
        self._patterns: Final[list[tuple[str, list[str]]]] = [
            (folder.environment, _parts(folder.path))
            for folder in config.folders
            if folder.environment is not None
        ] + [
            (one.name, _parts(pattern))
            for one in config.environments
            for pattern in (*one.paths, *one.overlays)
        ]
        self._overlays: Final = [_parts(pattern) for one in config.environments for pattern in one.overlays]
        self._names: Final = [one.name for one in config.environments]
        self._found: Final[dict[str, tuple[int, str]]] = {}

    def find(self, path: str) -> str:
        """The environment of a file (a real path); "" where nothing says so."""
        if not is_inside(path, self._root) or path == self._root:
            return ""
        below = os.path.relpath(path, self._root).replace(os.sep, "/")
        folder, _, _ = below.rpartition("/")
        return max(self._of_folder(folder), self._at(below), key=lambda one: one[0])[1]

    def overlay(self, path: str) -> str:
        """The environment of a kustomization's file (a real path) in a folder of `overlays`; "" for any other file."""
        if not self._overlays or not is_inside(path, self._root) or path == self._root:
            return ""
        parts = os.path.relpath(path, self._root).replace(os.sep, "/").split("/")
        places = [parts[:count] for count in range(len(parts) + 1)]
        if any(is_place(pattern, place) for pattern in self._overlays for place in places):
            return self.find(path)
        return ""

    def _of_folder(self, folder: str) -> tuple[int, str]:
        """How deep the pattern is by which a folder has its environment, -1 for none, and that environment."""
        known = self._found.get(folder)
        if known is None:
            parent = (-1, "") if not folder else self._of_folder(folder.rpartition("/")[0])
            own = self._at(folder)
            known = self._found[folder] = own if own[0] >= 0 else parent
        return known

    def _at(self, place: str) -> tuple[int, str]:
        """The same by patterns of this very place."""
        parts = _parts(place)
        found = [name for name, pattern in self._patterns if is_place(pattern, parts)]
        if not found:
            return -1, ""
        return len(parts), max(found, key=lambda name: self._names.index(name) if name in self._names else -1)


def _parts(path: str) -> list[str]:
    return path.split("/") if path else []


def is_place(pattern: Sequence[str], parts: Sequence[str]) -> bool:
    """Do the names of a path match those of a pattern, one by one, with `**` for any number of them?"""
    # How many names can have been used up, by each part of the pattern in turn.
    reached = {0}
    for one in pattern:
        if one == _ANY:
            reached = set(range(min(reached), len(parts) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(parts) and matches(one, parts[at])}
        if not reached:
            return False
    return len(parts) in reached
