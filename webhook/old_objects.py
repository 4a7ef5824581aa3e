"""The former state of objects: what the base revision has under the same kind, namespace and name.

A file that is as in the base holds its objects' former state itself; of the others the base's version is read. An
object may have moved from one file to another.
"""

import os
import re
from collections.abc import Iterable, Iterator
from hashlib import sha1, sha256
from typing import Final, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Document
from lockgate.engine.documents.not_objects import KUSTOMIZATION_NAMES
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.documents.tree import find_patches
from lockgate.engine.kinds import split_api_version
from lockgate.engine.record import record
from lockgate.webhook.base import Base
from lockgate.webhook.git_tree import TreeFile, is_at
from lockgate.webhook.tree import ClusterView
from lockgate.webhook.walk import MAX_FILE_BYTES, InputFile, is_manifest_name, read_file

Object = dict[str, Value]
Name = tuple[str, str, str, str]

_SHA1_LETTERS: Final = 40
# What may be the name of an object, in the bytes of a file; one that is written otherwise is not found.
_NAMES: Final = re.compile(rb"""name["']?[ \t]*:[ \t]*["']?([^\s"',}]+)""")


@record
class UnchangedFile:
    """A file that is as in the base: its real path, and hashes of the names in it."""

    real: str
    names: frozenset[int]


def blob_name(data: bytes, letters: int) -> str:
    """What git calls these bytes: SHA-1, or SHA-256 in a repository of that format (by how many letters names have)."""
    framed = b"blob %d\0" % len(data) + data
    made = sha1(framed, usedforsecurity=False) if letters == _SHA1_LETTERS else sha256(framed)
    return made.hexdigest()


@final
class OldObjects:
    """Finds former states. `unread` are files of the base that could not be read, by their paths."""

    __slots__ = ("_blobs", "_objects", "_patches", "_paths", "_unchanged", "_view", "base", "unread")

    def __init__(self, base: Base, paths: Iterable[str]) -> None:
        """`paths`: files and folders of the work tree that are judged."""
        self.base: Final = base
        self.unread: list[str] = []
        self._view: ClusterView | None = None
        self._unchanged: dict[str, UnchangedFile] = {}
        self._paths = [below for path in paths if (below := base.inside(path)) is not None]
        self._blobs: Final = {one.path: one.blob for one in base.tree.files}
        # What kustomizations of the base use as patches, once it was asked for.
        self._patches: frozenset[str] | None = None
        # The objects of each name, by the files that they are in: overlays have some of one name.
        self._objects: dict[Name, dict[str, Object]] = {}

    def compare(self, real: str, data: bytes) -> bool:
        """Notes whether a file of the work tree (its real path) is as in the base; says so."""
        below = self.base.inside(real)
        blob = None if below is None else self._blobs.get(below)
        if below is None or blob is None or blob_name(data, len(blob)) != blob:
            return False
        self._unchanged[below] = UnchangedFile(real, frozenset(map(hash, _NAMES.findall(data))))
        return True

    def is_unchanged(self, real: str) -> bool:
        """Is the file as in the base, by what `compare` noted?"""
        return self.base.inside(real) in self._unchanged

    def compares(self, real: str) -> bool:
        """Is a file (its real path), looked at or not, as in the base?"""
        if self.is_unchanged(real):
            return True
        outcome = read_file(InputFile(real, real))
        return isinstance(outcome, bytes) and self.compare(real, outcome)

    def read(self, view: ClusterView) -> None:
        """Reads the base's versions of the files that are not unchanged. view: tells scopes and default namespaces."""
        self._view = view
        for one, data in self.base.tree.read(self.changed_files(), MAX_FILE_BYTES):
            if data is None or not self._add(one.path, data, view):
                self.unread.append(one.path)

    def changed_files(self) -> list[TreeFile]:
        """The base's files below the paths that are judged, but for those that are unchanged."""
        wanted: dict[str, TreeFile] = {}
        for path in self._paths:
            for one in self.base.tree.below(path):
                named = one.path == path
                if one.path not in self._unchanged and (
                    named or is_manifest_name(one.path.rpartition("/")[2])
                ):
                    wanted[one.path] = one
        return [*wanted.values()]

    def _add(self, path: str, data: bytes, view: ClusterView) -> bool:
        """Takes the objects of a file in; could all of it be read?"""
        reading = read_documents(data, path, duplicates="error")
        falls_to = view.cluster(os.path.join(self.base.tree.root, path)).namespace
        tools = [one.document for one in reading.skipped if one.document is not None]
        for document in (*reading.documents, *tools):
            name = _name(document.value, falls_to, view)
            if name is not None:
                self._objects.setdefault(name, {}).setdefault(path, document.value)
        return not reading.errors

    def changed(self) -> Iterator[Object]:
        """The objects of the files that are not unchanged, as the base has them."""
        for by_file in self._objects.values():
            yield from by_file.values()

    def find(self, document: Document, namespace: str, real: str) -> Object | None:
        """The former state of an object of a changed file (its real path); None where the base has none.

        That of the same file comes first, then that of another one, which may be unchanged itself.
        """
        if self._view is None:
            return None
        name = _name(document.value, namespace, self._view)
        found = None if name is None else self._of_name(name, self._view)
        if found is None:
            return None
        below = self.base.inside(real)
        return found[below] if below in found else next(iter(found.values()))

    def _of_name(self, name: Name, view: ClusterView) -> dict[str, Object] | None:
        """The base's objects of a name, by their files."""
        if name not in self._objects:
            self._read_unchanged(name[3], view)
        return self._objects.get(name)

    def name(self, value: Object, real: str) -> Name | None:
        """The name of an object of a file (its real path), as it would be in the cluster; None where it has none."""
        view = self._view
        return None if view is None else _name(value, view.cluster(real).namespace, view)

    def was_judged(self, name: Name) -> bool:
        """Has the base an object of this name that is more than a patch of a kustomization?"""
        if self._view is None:
            return False
        # Another file may have the name too, as it is.
        self._read_unchanged(name[3], self._view)
        return bool(set(self._objects.get(name, ())) - self._base_patches())

    def _base_patches(self) -> frozenset[str]:
        if self._patches is None:
            wanted = [
                one
                for one in self.base.tree.files
                if one.path.rpartition("/")[2] in KUSTOMIZATION_NAMES
                and any(is_at(one.path, path) for path in self._paths)
            ]
            read = {one.path: data or b"" for one, data in self.base.tree.read(wanted, MAX_FILE_BYTES)}
            self._patches = frozenset(find_patches(read, read.__getitem__))
        return self._patches

    def _read_unchanged(self, name: str, view: ClusterView) -> None:
        """Reads those of the unchanged files that have the name, each once."""
        wanted = hash(name.encode("utf-8", "surrogatepass"))
        for path in [path for path, one in self._unchanged.items() if wanted in one.names]:
            file = self._unchanged[path]
            self._unchanged[path] = UnchangedFile(file.real, frozenset())
            outcome = read_file(InputFile(file.real, path))
            if isinstance(outcome, bytes):
                self._add(path, outcome, view)


def _name(value: Object, namespace: str, view: ClusterView) -> Name | None:
    group, _ = split_api_version(value.get("apiVersion"))
    kind, metadata = value.get("kind"), value.get("metadata")
    if type(kind) is not str or type(metadata) is not dict:
        return None
    name, inside = metadata.get("name"), metadata.get("namespace")
    if type(name) is not str or not name:
        return None
    if view.kinds.scope(group, kind) == "Cluster":
        inside = ""
    elif type(inside) is not str or not inside:
        inside = namespace
    return group, kind, inside, name
