"""Documents of tools as objects that policies can be about: compiled pipelines, dashboards, alerts, values, reports.

A document without apiVersion and kind stands under `spec` of an object of the group `documents.lockgate.dev`. One that has both
(a Kustomization, a Kptfile) is that object itself. Only policies whose match names the group get it.

A compiled Kubeflow pipeline may have a second document, `platforms`, which says how its executors run on Kubernetes: it
is not judged alone, but stands beside `spec` as `platform`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Document, Located, PositionMap, Skipped
from lockgate.engine.documents.not_objects import PLATFORMS, NotAnObject, is_object
from lockgate.engine.kinds import DOCUMENT_GROUP, NAMED_GROUPS, split_api_version

API_VERSION: Final = f"{DOCUMENT_GROUP}/v1alpha1"
_PIPELINE: Final = "KubeflowPipeline"
_SPEC: Final = "spec"
_PLATFORM: Final = "platform"

# Where a document of a kind says what it is called; a document of another kind, or that says nothing, is called as its file.
_NAMES: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    _PIPELINE: (("pipelineInfo", "name"), ("pipelineSpec", "pipelineInfo", "name")),
    "GrafanaDashboard": (("title",), ("dashboard", "title")),
    "AlertPolicy": (("displayName",), ("name",)),
}
# The versions of kinds that kustomize also takes without apiVersion and kind.
_KUSTOMIZE: Final = {
    "Kustomization": "kustomize.config.k8s.io/v1beta1",
    "Component": "kustomize.config.k8s.io/v1alpha1",
}


@final
class PartPositions:
    """Places in a document whose parts stand in one or two documents of a file, each under a key of the object."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Mapping[str, PositionMap]) -> None:
        self._parts = parts

    def beside(self, name: str, part: PositionMap) -> "PartPositions":
        """The same with one more part."""
        return PartPositions({**self._parts, name: part})

    def locate(self, path: Sequence[str | int]) -> Located:
        """The span of the value at `path`; what the file does not have (`metadata`) is at the start of `spec`."""
        name = path[0] if path else ""
        if not isinstance(name, str) or name not in self._parts:
            return Located(self._parts[_SPEC].locate(()).span, False, ())
        found = self._parts[name].locate(path[1:])
        return Located(found.span, found.exact, (name, *found.path))


def add_tool_document(skipped: list[Skipped], why: NotAnObject, written: Document, line: int) -> None:
    """Notes a tool's document as skipped, with it as an object; the platforms of a pipeline go to the pipeline before them."""
    hint = why.hint or f"judged by constraints that name {DOCUMENT_GROUP} {why.kind}"
    if why.kind == PLATFORMS:
        before = skipped[-1] if skipped else None
        joined = None if before is None else _with_platform(before.document, written)
        if before is not None and joined is not None:
            skipped[-1] = replace(before, document=joined)
        else:
            skipped.append(
                Skipped(written.file, line, why.reason, "write it after its pipeline, in one file")
            )
        return
    skipped.append(Skipped(written.file, line, why.reason, hint, _object(why.kind, written)))


def _object(kind: str, written: Document) -> Document:
    value = written.value
    if is_object(value) and split_api_version(value.get("apiVersion"))[0] in NAMED_GROUPS:
        return written
    named = value.get("kind")
    if kind == "Kustomization":
        kind = named if type(named) is str and named in _KUSTOMIZE else kind
        made: dict[str, Value] = {**value, "apiVersion": _KUSTOMIZE[kind], "kind": kind}
        return replace(written, value=made)
    metadata: dict[str, Value] = {"name": _name(kind, value) or written.file}
    made = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, _SPEC: value}
    return replace(written, value=made, positions=PartPositions({_SPEC: written.positions}))


def _name(kind: str, value: Mapping[str, Value]) -> str:
    for path in _NAMES.get(kind, ()):
        found: Value = dict(value)
        for name in path:
            found = found.get(name) if type(found) is dict else None
        if type(found) is str and found:
            return found
    return ""


def _with_platform(pipeline: Document | None, written: Document) -> Document | None:
    """A pipeline's document with its platforms; None where there is no pipeline, or one that has them."""
    if pipeline is None or pipeline.value.get("kind") != _PIPELINE or _PLATFORM in pipeline.value:
        return None
    if not isinstance(pipeline.positions, PartPositions):
        return None
    made = {**pipeline.value, _PLATFORM: written.value}
    return replace(pipeline, value=made, positions=pipeline.positions.beside(_PLATFORM, written.positions))
