"""A QuotaSnapshot: quotas, and what is used of them, at a moment. `lockgate quota show --format json` writes one.

Its JSON Schema is `schemas/quota-snapshot.schema.json`; it is read strictly, as JSON or YAML, with the place of what is wrong.
"""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import UsageError, os_reason
from lockgate.engine.quota.amounts import MAX_NAME, MAX_TOTAL, MAX_WINDOW, QuotaKey
from lockgate.engine.quota.telling import HeldBy
from lockgate.engine.record import record
from lockgate.gatekeeper.exemptions.moments import parse_moment, render_moment
from lockgate.gatekeeper.exemptions.selection import only_fields
from lockgate.gatekeeper.fields import Field, root
from lockgate.gatekeeper.quotas.device_quota import DeviceQuota, read_device_quota
from lockgate.gatekeeper.quotas.kinds import API_VERSION
from lockgate.webhook.policy_sources import parse_documents

KIND: Final = "QuotaSnapshot"
MAX_BYTES: Final = 64 * 1024 * 1024
MAX_QUOTAS: Final = 1_000
MAX_ENTRIES: Final = 100_000
MAX_HOLDERS: Final = 10_000
_USE: Final = ("used", "reserved", "spent")


@record
class Use:
    """What a key has, as in the ledger's Usage, and by whom it is held."""

    used: int = 0
    reserved: int = 0
    spent: int = 0
    holders: tuple[HeldBy, ...] = ()

    @property
    def total(self) -> int:
        """All that counts against ceilings."""
        return self.used + self.reserved + self.spent


NOTHING: Final = Use()


@record
class Snapshot:
    """What was so at `taken_ns` (Unix time). namespaces: Namespace objects by name. use: by key, of the snapshot's cluster.

    digest: SHA-256 (hex) over all of it.
    """

    cluster: str
    taken_ns: int
    quotas: tuple[DeviceQuota, ...]
    namespaces: Mapping[str, dict[str, Value]]
    use: Mapping[QuotaKey, Use]
    digest: str

    def use_of(self, scope: str, dimension: str, window: int) -> Use:
        """What a key has; nothing where the snapshot does not name it."""
        return self.use.get(QuotaKey(self.cluster, scope, dimension, window), NOTHING)


def read_snapshot(path: str, shown: str) -> Snapshot:
    """The snapshot in a file. Raises UsageError for a file that cannot be read, PolicyError for what is wrong in it."""
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = os_reason(error)
        raise UsageError(f"cannot read the quota snapshot {shown}: {reason}") from None
    if len(data) > MAX_BYTES:
        raise UsageError(f"the quota snapshot {shown} is larger than {MAX_BYTES // 1024 // 1024} MiB")
    documents = parse_documents(shown, data)
    found = [one for one in documents if one.value.get("kind") == KIND]
    if len(found) != 1 or len(documents) != 1:
        raise UsageError(
            f"{shown} holds no {KIND}, or more than one object",
            hint="make it with `lockgate quota show --format json`",
        )
    return parse_snapshot(found[0])


def parse_snapshot(document: Document) -> Snapshot:
    """Reads a QuotaSnapshot. Raises PolicyError or PolicyErrors, with the place."""
    top = root(document)
    version = top.get("apiVersion")
    if version.string() != API_VERSION:
        version.refuse(f"unsupported version {version.string()!r}", f"write {API_VERSION}")
    only_fields(top, "apiVersion", "kind", "metadata", "cluster", "taken", "quotas", "namespaces", "usage")
    cluster = _name(top.get("cluster"))
    quotas = [read_device_quota(one) for one in _bounded(top.get("quotas"), MAX_QUOTAS)]
    names: set[str] = set()
    for place, quota in enumerate(quotas):
        if quota.name in names:
            top.at("quotas", place).refuse(f"there are two quotas of the name {quota.name}", "rename one")
        names.add(quota.name)
    use: dict[QuotaKey, Use] = {}
    for one in _bounded(top.get("usage"), MAX_ENTRIES):
        key, made = _use(one, cluster)
        if key in use:
            one.refuse(f"{one.name} tells of {key} again", "keep one")
        use[key] = made
    namespaces = top.get("namespaces")
    labels: dict[str, dict[str, Value]] = {}
    for name in namespaces.mapping():
        pairs: dict[str, Value] = {**namespaces.get(name).string_map()}
        labels[name] = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": pairs}}
    digest = sha256(render_json(document.value).encode("utf-8", "surrogatepass")).hexdigest()
    return Snapshot(cluster, parse_moment(top.get("taken")), tuple(quotas), labels, use, digest)


def _use(item: Field, cluster: str) -> tuple[QuotaKey, Use]:
    only_fields(item, "scope", "dimension", "window", *_USE, "holders")
    window = item.get("window")
    start = 0 if window.absent else _number(window, MAX_WINDOW - 1)
    key = QuotaKey(cluster, _name(item.get("scope")), _name(item.get("dimension")), start)
    used, reserved, spent = [
        0 if item.get(name).absent else _number(item.get(name), MAX_TOTAL) for name in _USE
    ]
    return key, Use(used, reserved, spent, tuple(map(_holder, _bounded(item.get("holders"), MAX_HOLDERS))))


def _holder(item: Field) -> HeldBy:
    only_fields(item, "object", "amount")
    return HeldBy(_name(item.get("object")), _number(item.get("amount"), MAX_TOTAL))


def _bounded(field: Field, most: int) -> tuple[Field, ...]:
    items = field.items()
    if len(items) > most:
        field.refuse(f"{field.name} has {len(items)} entries, and may have {most}")
    return items


def _number(field: Field, most: int) -> int:
    value = field.value
    if type(value) is not int or not 0 <= value <= most:
        field.refuse(f"{field.name} is no whole number from 0 to {most}")
    return value


def _name(field: Field) -> str:
    text = field.string()
    if not text or len(text.encode("utf-8", "surrogatepass")) > 2 * MAX_NAME or not text.isprintable():
        field.refuse(f"{field.name} is empty or no name")
    return text


def render_snapshot(
    cluster: str,
    taken_ns: int,
    quotas: Iterable[Mapping[str, Any]],
    namespaces: Mapping[str, Mapping[str, str]],
    use: Mapping[QuotaKey, Use],
) -> str:
    """A snapshot as JSON, sorted: what `parse_snapshot` reads."""
    shown = [
        {
            "apiVersion": one["apiVersion"],
            "kind": one["kind"],
            "metadata": {"name": one["metadata"]["name"]},
            "spec": one["spec"],
        }
        for one in quotas
    ]
    made = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "cluster": cluster,
        "taken": render_moment(taken_ns),
        "quotas": sorted(shown, key=lambda one: str(one["metadata"]["name"])),
        "namespaces": {name: dict(sorted(labels.items())) for name, labels in sorted(namespaces.items())},
        "usage": [_use_json(key, one) for key, one in sorted(use.items())],
    }
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def _use_json(key: QuotaKey, use: Use) -> dict[str, Any]:
    held = [{"object": one.shown, "amount": one.amount} for one in use.holders]
    return {
        "scope": key.scope,
        "dimension": key.dimension,
        "window": key.window,
        "used": use.used,
        "reserved": use.reserved,
        "spent": use.spent,
        "holders": held,
    }
