"""What of a file may run subjects: objects, patches of kustomize, kustomizations, and values of charts.

The last three are no objects that a cluster has, yet they are where versions are written in many repositories.
"""

from collections.abc import Iterator
from posixpath import basename
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Document, Path
from lockgate.engine.documents.not_objects import KUSTOMIZATION_NAMES
from lockgate.engine.documents.plain import read_plain
from lockgate.engine.documents.reading import Reading, read_documents
from lockgate.engine.record import record
from lockgate.webhook.promotions.patches import inline_patches, patched, says_patch

_KUSTOMIZE: Final = "kustomize.config.k8s.io/v1beta1"
_KINDS: Final = ("Component", "Kustomization")
_VALUES: Final = ("spec", "values")


@record
class Held:
    """What may run subjects. value: as the library is asked about it; cut: how many elements of a path in it lead to the document.

    at: where all of it stands in the document, for what is written as a text there, or otherwise than it comes to be.
    """

    document: Document
    value: dict[str, Value]
    cut: int = 0
    at: Path | None = None

    @property
    def is_object(self) -> bool:
        """Is it an object, or what looks like one?"""
        return not self.cut and self.at is None and not self.is_kustomization

    @property
    def is_kustomization(self) -> bool:
        """Is it a file of kustomize's?"""
        return self.value.get("apiVersion") == _KUSTOMIZE

    def place(self, path: Path) -> Path:
        """The path in the document of a path in the value."""
        return path[self.cut :] if self.at is None else self.at


def held_in(data: bytes, file: str, reading: Reading | None = None) -> Iterator[Held]:
    """What a file's bytes hold, always in the same order; what cannot be read is left out. reading: what was found in it before."""
    if basename(file) in KUSTOMIZATION_NAMES:
        for one in read_plain(data, file).documents:
            if type(one.value) is dict and one.value.get("kind", "Kustomization") in _KINDS:
                yield Held(one.document, {**one.value, "apiVersion": _KUSTOMIZE, "kind": "Kustomization"})
                for path, value in inline_patches(one.value):
                    yield Held(one.document, value, at=path)
    elif is_values(file):
        for one in read_plain(data, file).documents:
            if type(one.value) is dict and "apiVersion" not in one.value:
                yield Held(one.document, _release(one.value, file), len(_VALUES))
    elif says_patch(data):
        yield from _operations(data, file)
    found = read_documents(data, file, duplicates="error") if reading is None else reading
    for document in found.documents:
        yield Held(document, document.value)
        if b"patches" in data:
            for path, value in inline_patches(document.value):
                yield Held(document, value, at=path)


def _operations(data: bytes, file: str) -> Iterator[Held]:
    """What a JSON patch sets. Of a file that is one list each operation is a document."""
    for one in read_plain(data, file).documents:
        if type(one.value) is dict and "op" in one.value:
            for value in patched([one.value], {}):
                yield Held(one.document, value, at=("value",))
        for number, operation in enumerate(one.value if type(one.value) is list else ()):
            for value in patched([operation], {}):
                yield Held(one.document, value, at=(number, "value"))


def is_values(file: str) -> bool:
    """Is a file named as values of a chart are?"""
    name = basename(file)
    return name.startswith("values") or name.endswith(("-values.yaml", ".values.yaml", "_values.yaml"))


def _release(values: dict[str, Value], file: str) -> dict[str, Value]:
    """A release of these values: what says in values that something runs, the library knows."""
    spec: dict[str, Value] = {"values": values}
    metadata: dict[str, Value] = {"name": file}
    return {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": metadata,
        "spec": spec,
    }
