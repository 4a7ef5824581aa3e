"""A ResourceList, as KRM functions take and give it.

Its items are given back as they came: the text itself with the results after it, where that can be read again as the same
items, else the whole as JSON. So comments and the order of fields stay wherever YAML allows it.

Specification: cmd/config/docs/api-conventions/functions-spec.md in kubernetes-sigs/kustomize.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.documents.not_objects import is_object
from lockgate.engine.documents.reading import read_documents, read_values
from lockgate.engine.documents.source_text import decode
from lockgate.engine.errors import InputError, Location, UsageError
from lockgate.engine.record import record

VERSIONS: Final = ("config.kubernetes.io/v1", "config.kubernetes.io/v1beta1", "config.kubernetes.io/v1alpha1")
KIND: Final = "ResourceList"
# A package of a thousand large manifests; it takes some 8 s to read.
MOST_BYTES: Final = 32 * 1024 * 1024
_SHOWN: Final = "the ResourceList"
# JSON takes these as they are, and readers of YAML do not.
_ESCAPES: Final = {
    code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF)
}
_LONGEST_PATH: Final = 4096
# Newer orchestrators write the first.
_PATHS: Final = ("internal.config.kubernetes.io/path", "config.kubernetes.io/path")
_INDEXES: Final = ("internal.config.kubernetes.io/index", "config.kubernetes.io/index")


@record
class Place:
    """The file that an item came from, relative to the package, and its number in it, from 0."""

    path: str
    index: int


@record
class ResourceList:
    """A ResourceList that was read: all of it, and the parts that functions use."""

    data: bytes
    root: dict[str, Value]
    items: tuple[dict[str, Value], ...]
    config: dict[str, Value] | None


def parse_resource_list(data: bytes) -> ResourceList:
    """Reads one. Raises UsageError for what is none, InputError with the place for what cannot be read."""
    if len(data) > MOST_BYTES:
        raise UsageError(f"{_SHOWN} is larger than {MOST_BYTES // 1024 // 1024} MiB")
    if not data.strip():
        raise UsageError(
            "standard input is empty", hint="a KRM function is given a ResourceList: kpt and kustomize do so"
        )
    # What `check` says of a file with these objects: keys given twice, what does not parse, what has still to be rendered.
    for error in read_documents(data, _SHOWN, duplicates="error").errors:
        raise InputError(error.message, location=Location(_SHOWN, error.line, error.column), hint=error.hint)
    values = _values(data)
    root = values[0] if len(values) == 1 else None
    if type(root) is not dict or root.get("kind") != KIND or root.get("apiVersion") not in VERSIONS:
        raise UsageError(
            f"standard input is no ResourceList of {' or '.join(VERSIONS[:2])}",
            hint="lockgate check judges manifests as they are",
        )
    items, config = root.get("items"), root.get("functionConfig")
    if items is not None and type(items) is not list:
        raise UsageError(f"the items of {_SHOWN} are no list")
    if config is not None and type(config) is not dict:
        raise UsageError(f"the functionConfig of {_SHOWN} is no object")
    found: list[dict[str, Value]] = []
    for index, item in enumerate(items or []):
        if type(item) is not dict or not is_object(item):
            raise UsageError(
                f"items[{index}] of {_SHOWN} is no Kubernetes object",
                hint="it needs an apiVersion and a kind",
            )
        found.append(item)
    return ResourceList(data, root, tuple(found), config)


def _values(data: bytes) -> list[Value]:
    """The documents' values; JSON by its own rules, which YAML has not in all (pairs of escaped surrogates)."""
    from lockgate.engine.documents.json_values import JsonError, read_value, skip_space

    text = decode(data, _SHOWN)
    start = skip_space(text, 0)
    if text.startswith("{", start):
        try:
            value, end, _ = read_value(text, start)
        except JsonError:
            return [*read_values(data, _SHOWN)]
        if skip_space(text, end) == len(text):
            return [value]
    return [*read_values(data, _SHOWN)]


def place_of(item: dict[str, Value]) -> Place | None:
    """Where an item says that it came from; None where it does not, or says what is no path below a package."""
    metadata = item.get("metadata")
    annotations = metadata.get("annotations") if type(metadata) is dict else None
    if type(annotations) is not dict:
        return None
    path = _first(annotations, _PATHS)
    if not path or len(path) > _LONGEST_PATH or path.startswith("/") or ".." in path.split("/"):
        return None
    said = _first(annotations, _INDEXES)
    return Place(path, int(said) if said.isascii() and said.isdigit() and len(said) < 8 else 0)


def _first(annotations: dict[str, Value], names: Sequence[str]) -> str:
    """The first of the annotations that is a text with something in it; "" where none is."""
    for name in names:
        value = annotations.get(name)
        if type(value) is str and value:
            return value
    return ""


def render_resource_list(given: ResourceList, results: Sequence[Mapping[str, Any]]) -> str:
    """The ResourceList with results in the place of those that it came with, and one final newline."""
    shown = [json.dumps(one, ensure_ascii=False).translate(_ESCAPES) for one in results]
    wanted: dict[str, Value] = {name: value for name, value in given.root.items() if name != "results"}
    if "results" not in given.root:
        text = given.data.decode("utf-8", "replace")
        text += "" if text.endswith("\n") else "\n"
        if shown:
            text += "results:\n" + "".join(f"- {one}\n" for one in shown)
        if _same(text, wanted, bool(shown)):
            return text
    parts = [
        f"{json.dumps(name)}: {render_json(value).translate(_ESCAPES)}" for name, value in wanted.items()
    ]
    if shown:
        parts.append('"results": [' + ",\n".join(shown) + "]")
    return "{" + ",\n".join(parts) + "}\n"


def _same(text: str, wanted: dict[str, Value], has_results: bool) -> bool:
    """Is the text read again as what is wanted, with results or without?"""
    reading = _values(text.encode("utf-8"))
    if len(reading) != 1 or type(reading[0]) is not dict:
        return False
    read = reading[0]
    rest = {name: value for name, value in read.items() if name != "results"}
    return ("results" in read) == has_results and render_json(rest) == render_json(wanted)
