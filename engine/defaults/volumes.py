"""The defaults of volumes and of claims of volumes (Kubernetes 1.34, core/v1)."""

from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.defaults.fields import complete_source, each, filled, inner, set_where_absent
from lockgate.engine.defaults.images import pull_policy
from lockgate.engine.defaults.quantities import complete_list, quantity

Object = dict[str, Value]

_NOTHING: Final[Object] = {}
# Permissions 0644.
_MODE: Final[Object] = {"defaultMode": 420}
# By the source: fields that are filled in where they have nothing.
_SOURCES: Final[dict[str, Object]] = {
    "configMap": _MODE,
    "downwardAPI": _MODE,
    "hostPath": {"type": ""},
    "projected": _MODE,
    "secret": _MODE,
    "azureDisk": {"cachingMode": "ReadWrite", "fsType": "ext4", "readOnly": False, "kind": "Shared"},
}
# And those where Go's zero value is nothing too.
_STRICT_SOURCES: Final[dict[str, Object]] = {
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}


def complete_volume(volume: Object) -> Object:
    """The volume with the defaults of its source; without one it is an emptyDir."""
    made = volume.copy()
    is_empty = True
    for name, source in volume.items():
        if name == "name" or source is None:
            continue
        is_empty = False
        if type(source) is dict:
            made[name] = _source(name, source)
    if is_empty:
        made["emptyDir"] = _NOTHING
    return made


def _source(name: str, source: Object) -> Object:
    made = source
    if name in _STRICT_SOURCES:
        return filled(source, _STRICT_SOURCES[name])
    if name in _SOURCES:
        made = source.copy()
        set_where_absent(made, _SOURCES[name])
    if name == "downwardAPI":
        return _items(made)
    if name == "projected":
        made["sources"] = each(made.get("sources"), _projection)
        return made
    if name == "ephemeral":
        return inner(made, "volumeClaimTemplate", _claim_template)
    if name == "emptyDir" and made.get("sizeLimit") is not None:
        return {**made, "sizeLimit": quantity(made["sizeLimit"])}
    if name == "image" and not made.get("pullPolicy"):
        reference = made.get("reference")
        return {**made, "pullPolicy": pull_policy(reference if type(reference) is str else "")}
    return made


def _items(source: Object) -> Object:
    items = source.get("items")
    return {**source, "items": each(items, complete_source)} if items else source


def _projection(source: Object) -> Object:
    made = inner(source, "downwardAPI", _items)
    return inner(made, "serviceAccountToken", _token)


def _token(token: Object) -> Object:
    made = token.copy()
    set_where_absent(made, {"expirationSeconds": 3600})
    return made


def _claim_template(template: Object) -> Object:
    return inner(template, "spec", complete_claim_spec)


def complete_claim_spec(spec: Object) -> Object:
    """The spec of a PersistentVolumeClaim."""
    made = spec.copy()
    set_where_absent(made, {"volumeMode": "Filesystem", "resources": _NOTHING})
    resources = made["resources"]
    if type(resources) is dict and resources:
        made["resources"] = {name: complete_list(amounts) for name, amounts in resources.items()}
    return made
