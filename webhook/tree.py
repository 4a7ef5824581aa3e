"""What the tree says about the cluster it is for: its own kinds (CRDs) and its Namespaces with their labels.

Both must be known before anything is judged, and only few files have them: a first pass looks for the words in the
bytes, and parses those files only. What is written in a way that this search misses is not known, and so not evaluated.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.defaults.defaulting import Complete
from lockgate.engine.kinds import Kinds, find_kinds
from lockgate.engine.record import mutable_record, record
from lockgate.gatekeeper.target import DEFAULT_NAMESPACE, Cluster, find_namespaces
from lockgate.webhook.config import Config

Object = dict[str, Value]

_WANTED: Final = re.compile(rb"""kind["']?\s*:\s*["']?(?:Namespace|CustomResourceDefinition)(?:["',}\s]|$)""")

# The API server sets it on every Namespace.
NAME_LABEL: Final = "kubernetes.io/metadata.name"


def may_describe_cluster(data: bytes) -> bool:
    """May the bytes of a file hold a Namespace or a CustomResourceDefinition?"""
    return _WANTED.search(data) is not None


def _labelled(name: str, namespace: Object) -> Object:
    """The Namespace with the label that the API server gives it."""
    metadata = namespace.get("metadata")
    fields: Object = dict(metadata) if type(metadata) is dict else {}
    labels = fields.get("labels")
    if labels is not None and type(labels) is not dict:
        return namespace
    fields["labels"] = {**(labels or {}), NAME_LABEL: name}
    return {**namespace, "metadata": fields}


def _configured(config: Config) -> dict[str, Object]:
    made: dict[str, Object] = {}
    for name, pairs in config.namespaces:
        labels: Object = dict(pairs)
        made[name] = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    return made


def _slim(value: Object) -> Object:
    """Of a CRD what tells its scope, without the schemas, which are most of its size."""
    spec = value.get("spec")
    kept: Object = {name: value[name] for name in ("apiVersion", "kind") if name in value}
    if type(spec) is dict:
        kept["spec"] = {name: spec[name] for name in ("group", "names", "scope") if name in spec}
    return kept


@mutable_record
class TreeFacts:
    """Gathers what documents say about the cluster."""

    definitions: list[Object] = field(default_factory=list)
    namespaces: list[Object] = field(default_factory=list)

    def add(self, values: Iterable[Object]) -> None:
        """Notes the CRDs and Namespaces among the objects."""
        for value in values:
            if value.get("kind") == "CustomResourceDefinition":
                self.definitions.append(_slim(value))
            elif value.get("kind") == "Namespace" and value.get("apiVersion") == "v1":
                self.namespaces.append(value)


@record
class ClusterView:
    """What is known of the cluster; one Cluster for each namespace that files fall to.

    own_namespaces: those that only a change brings, which gives them their labels.
    """

    kinds: Kinds
    namespaces: Mapping[str, Object]
    config: Config
    namespace: str | None
    complete: Complete
    own_namespaces: frozenset[str] = frozenset()

    def cluster(self, real_path: str) -> Cluster:
        """The cluster as objects of a file (its real path) see it; --namespace wins over the configuration."""
        namespace = self.namespace or self.config.namespace(real_path) or DEFAULT_NAMESPACE
        return Cluster(self.kinds, self.namespaces, namespace, self.complete)


def make_view(
    facts: TreeFacts,
    config: Config,
    namespace: str | None,
    complete: Complete,
    base: TreeFacts | None = None,
) -> ClusterView:
    """The view of the cluster; a Namespace of the tree wins over one of the configuration.

    complete: what the cluster's API server makes of an object.
    base: what was known before a change, which wins over all that the change has in `facts`: it cannot relabel its
    Namespace, or make its kinds cluster-scoped, to be judged otherwise.
    """
    own, kinds = find_namespaces(facts.namespaces), find_kinds(facts.definitions)
    added: frozenset[str] = frozenset()
    if base is None:
        found = _configured(config) | own
    else:
        before = _configured(config) | find_namespaces(base.namespaces)
        added = frozenset(own.keys() - before.keys())
        found = own | before
        kinds = kinds.beside(find_kinds(base.definitions))
    labelled = {name: _labelled(name, value) for name, value in sorted(found.items())}
    return ClusterView(kinds, labelled, config, namespace, complete, added)
