"""Patches of kustomize as objects: what they set, in the place where they set it, so that it is read as in any object.

Facts: RFC 6902 (JSON Patch) and RFC 6901 (its paths); kubernetes-sigs/kustomize, api/types/patch.go (`patch`, `target`). Flux and
Argo CD have patches of the same form in their objects.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Path
from lockgate.engine.documents.reading import read_values

# Where patches are written as texts, in kustomizations and in objects of Flux and Argo CD.
_PLACES: Final[tuple[tuple[str, ...], ...]] = (
    ("patches",),
    ("patchesJson6902",),
    ("patchesStrategicMerge",),
    ("spec", "patches"),
    ("spec", "source", "kustomize", "patches"),
)
# Operations that set something.
_SETTING: Final = ("add", "replace")
_OPERATION: Final = re.compile(rb"""["']?\bop["']?\s*:\s*["']?(?:add|replace)\b""")
# Paths of more parts lead nowhere in objects of Kubernetes.
MAX_PARTS: Final = 64
# Places in a list; what comes later is read as the first.
MAX_PLACE: Final = 100
# What is patched where that is not said; kinds that nobody knows are searched whole.
_ANY: Final[Mapping[str, Value]] = {"group": "patch.invalid", "version": "v1", "kind": "Unknown"}


def says_patch(data: bytes) -> bool:
    """May a file be a JSON patch?"""
    return _OPERATION.search(data) is not None


def inline_patches(value: Mapping[str, Value]) -> Iterator[tuple[Path, dict[str, Value]]]:
    """What patches that are written as texts set, each as an object with the path of the text."""
    for place in _PLACES:
        found: Value = {**value}
        for name in place:
            found = found.get(name) if type(found) is dict else None
        for number, entry in enumerate(found if type(found) is list else ()):
            target: Value = entry.get("target") if type(entry) is dict else None
            text = entry.get("patch") if type(entry) is dict else entry
            path = (*place, number, *(("patch",) if type(entry) is dict else ()))
            if type(text) is str:
                for patch in read_values(text.encode("utf-8", "surrogatepass"), "a patch"):
                    for made in patched(patch, target if type(target) is dict else {}):
                        yield path, made


def patched(patch: Value, target: Mapping[str, Value]) -> Iterator[dict[str, Value]]:
    """What a patch sets, as objects. target: what it is for, by `group`, `version`, `kind`, `name`."""
    operations = patch if type(patch) is list else [patch]
    for one in operations:
        if type(one) is not dict:
            continue
        if "op" in one:
            pointer = one.get("path")
            if one.get("op") in _SETTING and type(pointer) is str:
                made = _nested(pointer, one.get("value"))
                if type(made) is dict:
                    yield {**made, **_head(target, made)}
        elif patch is one:
            yield {**one, **({} if "kind" in one else _head(target, one))}


def _head(target: Mapping[str, Value], made: Mapping[str, Value]) -> dict[str, Value]:
    known = target if target.get("kind") else _ANY
    group, version = known.get("group") or "", known.get("version") or "v1"
    metadata = made.get("metadata")
    named: dict[str, Value] = {"name": target.get("name") or "patch"}
    return {
        "apiVersion": f"{group}/{version}" if group else str(version),
        "kind": known.get("kind"),
        "metadata": {**metadata, **named} if type(metadata) is dict else named,
    }


def _nested(pointer: str, value: Value) -> Value:
    """The value in the place that a path names."""
    parts = pointer.split("/")[1:]
    if len(parts) > MAX_PARTS:
        return None
    for part in reversed(parts):
        name = part.replace("~1", "/").replace("~0", "~")
        if name == "-" or (name.isascii() and name.isdigit()):
            before = int(name) if name.isdigit() and len(name) <= 3 else 0
            value = [*([{}] * (before if before <= MAX_PLACE else 0)), value]
        else:
            value = {name: value}
    return value
