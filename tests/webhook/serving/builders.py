"""Changes and objects for the tests of what a server is told."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.documents.json_values import read_value
from lockgate.engine.gvk import GroupVersionKind, gvk_of
from lockgate.webhook.serving.objects import Change, ObjectKey

Json = dict[str, Any]


def key_of(value: Mapping[str, Any]) -> ObjectKey:
    kind = gvk_of(value)
    assert kind is not None
    return ObjectKey(kind, value["metadata"].get("namespace", ""), value["metadata"]["name"])


def present(*values: Mapping[str, Any]) -> list[Change]:
    """The objects as they are now."""
    return [Change(key_of(value), render_json(dict(value)).encode()) for value in values]


def gone(*values: Mapping[str, Any]) -> list[Change]:
    """The objects are there no more."""
    return [Change(key_of(value), None) for value in values]


def kinds(*names: str) -> frozenset[GroupVersionKind]:
    """`apps/v1/Deployment` and such."""
    made = []
    for name in names:
        api_version, _, kind = name.rpartition("/")
        group, _, version = api_version.rpartition("/")
        made.append(GroupVersionKind(group, version, kind))
    return frozenset(made)


def as_value(value: Any) -> Any:
    """The value as a document has it."""
    made: Value = read_value(render_json(value), 0)[0]
    return made


def encoded(values: Iterable[Mapping[str, Any]]) -> dict[ObjectKey, bytes]:
    return {key_of(value): json.dumps(value).encode() for value in values}
