"""`lockgate.yaml`: what a repository says about its own check. Its JSON Schema is `schemas/lockgate.schema.json`.

It names nothing outside of the repository, and no cache folder: it may come with the very change that is judged.
`config_reader` reads it, where there is one.
"""

import os
from collections.abc import Iterator
from typing import Final

from lockgate.engine.errors import UsageError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.record import record
from lockgate.webhook.report import FailOn
from lockgate.webhook.walk import find_repository_root, is_inside

FILE_NAME: Final = "lockgate.yaml"


@record
class FolderSettings:
    """What holds below a folder (relative to the root, "" for all of it): the deepest folder that says it wins."""

    path: str
    namespace: str | None
    environment: str | None


@record
class EnvironmentSettings:
    """An environment, in its place among them. paths, overlays: folders and files from the root, `*` and `**` in them.

    overlays: folders of kustomizations; what they take in is of the environment too. clusters, namespaces: by name, `*` in them.
    """

    name: str
    paths: tuple[str, ...] = ()
    overlays: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()


@record
class InventoryRequest:
    """The sources: `tree`, `cluster`, `cluster:CONTEXT`, or paths of snapshots.

    kinds: of these there are no other objects than those of the sources, by the user's word.
    """

    sources: tuple[str, ...] = ()
    kinds: tuple[GroupVersionKind, ...] = ()


@record
class Config:
    """A repository's configuration. `root` is the real folder that its paths count from; `file` None: there is none.

    namespaces: labels of namespaces that live in the cluster and not in the tree. digest: SHA-256 (hex) of the file's
    bytes; "" without one.
    """

    root: str
    file: str | None = None
    policies: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    folders: tuple[FolderSettings, ...] = ()
    namespaces: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    cluster_version: str | None = None
    fail_on: frozenset[FailOn] = frozenset({"deny"})
    exemptions: tuple[str, ...] = ()
    digest: str = ""
    inventory: InventoryRequest = InventoryRequest()
    # The lowest first; empty where the configuration does not say.
    environments: tuple[EnvironmentSettings, ...] = ()

    def _settings(self, path: str) -> Iterator[FolderSettings]:
        """The settings that hold for a real path, the deepest first."""
        for folder in sorted(self.folders, key=lambda one: (-len(one.path), one.path)):
            if is_inside(path, os.path.join(self.root, folder.path).rstrip("/")):
                yield folder

    def namespace(self, path: str) -> str | None:
        """The namespace of objects without one in a file (a real path)."""
        return next((one.namespace for one in self._settings(path) if one.namespace is not None), None)

    def environment(self, path: str) -> str | None:
        """The environment that a file (a real path) belongs to."""
        if self.environments:
            from lockgate.webhook.promotions.folders import EnvironmentFolders

            return EnvironmentFolders(self).find(path) or None
        return next((one.environment for one in self._settings(path) if one.environment is not None), None)


def is_namespace_name(text: str) -> bool:
    """Is it a DNS label (RFC 1123), as namespaces are named?"""
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789-")
    return 0 < len(text) <= 63 and set(text) <= allowed and text[0] != "-" and text[-1] != "-"


@record
class ConfigPlace:
    """Where a configuration is: `file` (None: there is none), as it is shown, and the root that holds without it."""

    root: str
    file: str | None
    shown: str


def find_config(cwd: str) -> ConfigPlace:
    """The configuration nearest to `cwd`, up to the root of its repository.

    Outside of a repository only `cwd` itself is looked at: a file above may be anybody's. Raises UsageError for a
    link that leads out.
    """
    real = os.path.realpath(cwd)
    root = find_repository_root(real)
    place = real
    while True:
        path = os.path.join(place, FILE_NAME)
        if os.path.lexists(path):
            shown = os.path.relpath(path, real)
            if not is_inside(os.path.realpath(path), root or real):
                raise UsageError(f"{shown} is a link out of the repository")
            return ConfigPlace(root or real, path, shown)
        if root is None or place == root:
            return ConfigPlace(root or real, None, "")
        place = os.path.dirname(place)
