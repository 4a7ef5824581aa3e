"""What Gatekeeper is told to keep of the cluster, and which namespaces its processes leave alone: Config and SyncSet.

After github.com/open-policy-agent/gatekeeper apis/config/v1alpha1, apis/syncset/v1alpha1 and
pkg/controller/config/process: what is synced is the union of `Config.spec.sync.syncOnly` and every
`SyncSet.spec.gvks`; a namespace is excluded where a wildcard of `Config.spec.match[].excludedNamespaces` says so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Final, Literal, get_args

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import PolicyError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.kinds import split_api_version
from lockgate.engine.record import record
from lockgate.gatekeeper.fields import Field, root
from lockgate.gatekeeper.problems import flatten
from lockgate.gatekeeper.wildcard import Test, compile_any, is_wildcard

CONFIG_GROUP: Final = "config.gatekeeper.sh"
SYNCSET_GROUP: Final = "syncset.gatekeeper.sh"
# The only one that Gatekeeper heeds.
CONFIG_NAME: Final = "config"

Process = Literal["audit", "webhook", "mutation-webhook", "sync"]
PROCESSES: Final[tuple[Process, ...]] = get_args(Process)
EVERY_PROCESS: Final = "*"


@record
class Sync:
    """What Config and SyncSets say together.

    synced: the kinds that are kept; None when there is neither a Config nor a SyncSet. excludes: by process, whether
    it leaves a namespace alone. digests: one for each of the objects, by its kind and name.
    """

    synced: frozenset[GroupVersionKind] | None = None
    excludes: Mapping[Process, Test] = field(default_factory=dict)
    digests: tuple[tuple[str, str], ...] = ()

    def is_excluded(self, process: Process, namespace: str) -> bool:
        """Does the process leave the namespace alone? That of objects without one is ""."""
        excludes = self.excludes.get(process)
        return excludes is not None and excludes(namespace)


def namespace_of(value: Mapping[str, Value], namespace: str) -> str:
    """The namespace by which an object is excluded: a Namespace's own name, else the one that it is in."""
    if value.get("kind") == "Namespace" and split_api_version(value.get("apiVersion"))[0] == "":
        metadata = value.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        return name if isinstance(name, str) else ""
    return namespace


def is_config(value: Mapping[str, Value]) -> bool:
    """Is the object Gatekeeper's Config, of any version?"""
    return value.get("kind") == "Config" and split_api_version(value.get("apiVersion"))[0] == CONFIG_GROUP


def is_sync_set(value: Mapping[str, Value]) -> bool:
    """Is the object a SyncSet, of any version?"""
    return value.get("kind") == "SyncSet" and split_api_version(value.get("apiVersion"))[0] == SYNCSET_GROUP


def load_sync(documents: Iterable[Document]) -> tuple[Sync, tuple[PolicyError, ...]]:
    """What the Config and the SyncSets among the documents say, and everything that is wrong with them."""
    errors: list[PolicyError] = []
    synced: set[GroupVersionKind] | None = None
    excluded: dict[Process, set[str]] = {}
    digests: dict[str, str] = {}
    for document in documents:
        is_set = is_sync_set(document.value)
        if not is_set and not is_config(document.value):
            continue
        synced = set() if synced is None else synced
        try:
            name = _name(root(document), digests)
            if is_set:
                synced.update(_kinds(root(document).at("spec", "gvks")))
            else:
                synced.update(_kinds(root(document).at("spec", "sync", "syncOnly")))
                for process, wildcards in _exclusions(root(document).at("spec", "match")):
                    excluded.setdefault(process, set()).update(wildcards)
            digests[name] = _digest(document.value)
        except PolicyError as error:
            errors.extend(flatten(error))
    return (
        Sync(
            None if synced is None else frozenset(synced),
            {process: compile_any(sorted(found)) for process, found in excluded.items()},
            tuple(sorted(digests.items())),
        ),
        tuple(errors),
    )


def _name(top: Field, known: Mapping[str, str]) -> str:
    kind, name = top.get("kind").string(), top.at("metadata", "name")
    if kind == "Config" and name.string() != CONFIG_NAME:
        name.refuse(
            f"the Config is named {name.string()!r}, and Gatekeeper heeds the one named {CONFIG_NAME!r} only",
            f"name it {CONFIG_NAME}",
        )
    if not name.string():
        name.refuse(f"the {kind} has no metadata.name", "name it")
    shown = f"{kind}/{name.string()}"
    if shown in known:
        name.refuse(f"{shown} is defined twice", "keep one of them")
    return shown


def _kinds(entries: Field) -> list[GroupVersionKind]:
    made: list[GroupVersionKind] = []
    for entry in entries.items():
        kind = GroupVersionKind(*[entry.get(name).string() for name in ("group", "version", "kind")])
        if not kind.version or not kind.kind:
            entry.refuse("an entry of what is synced needs a version and a kind", "group is empty for v1")
        made.append(kind)
    return made


def _exclusions(match: Field) -> list[tuple[Process, tuple[str, ...]]]:
    made: list[tuple[Process, tuple[str, ...]]] = []
    for entry in match.items():
        wildcards = entry.get("excludedNamespaces").strings()
        for index, wildcard in enumerate(wildcards):
            if not is_wildcard(wildcard):
                entry.at("excludedNamespaces", index).refuse(
                    f"{wildcard!r} is no namespace", "a `*` may stand at its front and at its end"
                )
        for index, name in enumerate(entry.get("processes").strings()):
            named: list[Process] = [process for process in PROCESSES if name in (process, EVERY_PROCESS)]
            if not named:
                entry.at("processes", index).refuse(
                    f"Gatekeeper has no process {name!r}", f"use {', '.join((*PROCESSES, EVERY_PROCESS))}"
                )
            made.extend([(process, wildcards) for process in named])
    return made


def _digest(value: dict[str, Value]) -> str:
    from hashlib import sha256

    told: Value = {"kind": value.get("kind"), "spec": value.get("spec")}
    return sha256(render_json(told).encode()).hexdigest()
