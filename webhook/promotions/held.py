"""What of a file may run subjects: objects, patches of kustomize that look like them, kustomizations, and values of charts.

The last two are no objects that a cluster has, yet they are where versions are written in many repositories.
"""

from collections.abc import Iterator
from posixpath import basename
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Document
from lockgate.engine.documents.not_objects import KUSTOMIZATION_NAMES
from lockgate.engine.documents.plain import read_plain
from lockgate.engine.documents.reading import Reading, read_documents
from lockgate.engine.record import record

_KUSTOMIZE: Final = "kustomize.config.k8s.io/v1beta1"
_VALUES: Final = ("spec", "values")


@record
class Held:
    """What may run subjects. value: as the library is asked about it; cut: how many elements of a path in it lead to the document."""

    document: Document
    value: dict[str, Value]
    cut: int = 0

    @property
    def is_kustomization(self) -> bool:
        """Is it a file of kustomize's?"""
        return self.value.get("apiVersion") == _KUSTOMIZE


def held_in(data: bytes, file: str, reading: Reading | None = None) -> Iterator[Held]:
    """What a file's bytes hold, always in the same order; what cannot be read is left out. reading: what was found in it before."""
    if basename(file) in KUSTOMIZATION_NAMES:
        for one in read_plain(data, file).documents:
            if type(one.value) is dict and one.value.get("kind", "Kustomization") in (
                "Component",
                "Kustomization",
            ):
                yield Held(one.document, {**one.value, "apiVersion": _KUSTOMIZE, "kind": "Kustomization"})
        return
    if is_values(file):
        for one in read_plain(data, file).documents:
            if type(one.value) is dict and "apiVersion" not in one.value:
                yield Held(one.document, _release(one.value, file), len(_VALUES))
    found = read_documents(data, file, duplicates="error") if reading is None else reading
    for document in found.documents:
        yield Held(document, document.value)


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
