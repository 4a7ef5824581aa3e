"""The former state of objects: what the base revision has under the same kind, namespace and name.

A file that is as in the base holds its objects' former state itself; of the others the base's version is read. An
object may have moved from one file to another.
"""

import os
from collections.abc import Iterable
from hashlib import sha1, sha256
from typing import Final, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Document
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.kinds import Kinds, split_api_version
from lockgate.webhook.base import Base
from lockgate.webhook.git_tree import TreeFile
from lockgate.webhook.tree import ClusterView
from lockgate.webhook.walk import MAX_FILE_BYTES, is_manifest_name

Object = dict[str, Value]
_Name = tuple[str, str, str, str]

_SHA1_LETTERS: Final = 40


def blob_name(data: bytes, letters: int) -> str:
    """What git calls these bytes: SHA-1, or SHA-256 in a repository of that format (by how many letters names have)."""
    framed = b"blob %d\0" % len(data) + data
    made = sha1(framed, usedforsecurity=False) if letters == _SHA1_LETTERS else sha256(framed)
    return made.hexdigest()


@final
class OldObjects:
    """Finds former states. `unread` are files of the base that could not be read, by their paths."""

    __slots__ = ("_blobs", "_kinds", "_objects", "_paths", "_unchanged", "base", "unread")

    def __init__(self, base: Base, paths: Iterable[str]) -> None:
        """`paths`: files and folders of the work tree that are judged."""
        self.base: Final = base
        self.unread: list[str] = []
        self._kinds = Kinds()
        self._unchanged: set[str] = set()
        self._paths = [below for path in paths if (below := base.inside(path)) is not None]
        self._blobs: Final = {one.path: one.blob for one in base.tree.files}
        self._objects: dict[_Name, Object] = {}

    def compare(self, real: str, data: bytes) -> None:
        """Notes whether a file of the work tree (its real path) is as in the base."""
        below = self.base.inside(real)
        blob = None if below is None else self._blobs.get(below)
        if below is not None and blob is not None and blob_name(data, len(blob)) == blob:
            self._unchanged.add(below)

    def is_unchanged(self, real: str) -> bool:
        """Is the file as in the base, by what `compare` noted?"""
        return self.base.inside(real) in self._unchanged

    def read(self, view: ClusterView) -> None:
        """Reads the base's versions of the files that are not unchanged. view: tells scopes and default namespaces."""
        self._kinds = view.kinds
        wanted: dict[str, TreeFile] = {}
        for path in self._paths:
            for one in self.base.tree.below(path):
                named = one.path == path
                if one.path not in self._unchanged and (
                    named or is_manifest_name(one.path.rpartition("/")[2])
                ):
                    wanted[one.path] = one
        for one, data in self.base.tree.read(list(wanted.values()), MAX_FILE_BYTES):
            if data is None:
                self.unread.append(one.path)
                continue
            reading = read_documents(data, one.path, duplicates="error")
            if reading.errors:
                self.unread.append(one.path)
            falls_to = view.cluster(os.path.join(self.base.tree.root, one.path)).namespace
            for document in reading.documents:
                name = self._name(document.value, falls_to)
                if name is not None:
                    self._objects.setdefault(name, document.value)

    def namespaces(self) -> dict[str, Object]:
        """The Namespaces of the changed files as the base has them: a change cannot relabel them for itself."""
        return {name[3]: value for name, value in self._objects.items() if name[:2] == ("", "Namespace")}

    def find(self, document: Document, namespace: str) -> Object | None:
        """The former state of an object of a changed file; None where the base has none."""
        name = self._name(document.value, namespace)
        return None if name is None else self._objects.get(name)

    def _name(self, value: Object, namespace: str) -> _Name | None:
        group, _ = split_api_version(value.get("apiVersion"))
        kind, metadata = value.get("kind"), value.get("metadata")
        if type(kind) is not str or type(metadata) is not dict:
            return None
        name, inside = metadata.get("name"), metadata.get("namespace")
        if type(name) is not str or not name:
            return None
        if self._kinds.scope(group, kind) == "Cluster":
            inside = ""
        elif type(inside) is not str or not inside:
            inside = namespace
        return group, kind, inside, name
