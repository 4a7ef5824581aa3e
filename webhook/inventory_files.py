"""Snapshots of a cluster in files: YAML or JSON objects and Lists, as `kubectl get … -o json` and `kubectl get --raw` print them.

A snapshot is read whole or not at all: what cannot be read would be missing from the inventory without a word.
"""

import os
import stat
from collections.abc import Iterator
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.json_lists import read_lists
from lockgate.engine.documents.json_values import JsonError
from lockgate.engine.documents.objects import Broken, Found, objects_in
from lockgate.engine.documents.source_text import decode
from lockgate.engine.errors import Location, UsageError, os_reason
from lockgate.engine.gvk import GroupVersionKind, gvk_of
from lockgate.gatekeeper.suite_objects import parse_objects
from lockgate.webhook.inventory_objects import NoneOf, Present, Told
from lockgate.webhook.walk import SUFFIXES, shown_path

# 100,000 objects of 5 KB; the values take some five times that in memory.
MAX_SNAPSHOT_BYTES: Final = 512 * 1024 * 1024
_HINT: Final = (
    "a snapshot has Kubernetes objects or Lists of them, such as `kubectl get services -A -o json` prints"
)


def read_snapshot(path: str, cwd: str) -> Iterator[Told]:
    """What a file, or every file of a folder, tells. Raises LockgateError for what cannot be read."""
    shown = shown_path(path, cwd)
    if not os.path.exists(path):
        raise UsageError(f"the snapshot {shown} does not exist", hint="name a file or a folder")
    for file in _files(path) if os.path.isdir(path) else [path]:
        name = shown_path(file, cwd)
        yield from _parse(_read(file, name), name)


def _files(folder: str) -> Iterator[str]:
    def fail(error: OSError) -> None:
        raise UsageError(f"cannot read the snapshot {error.filename}: {error.strerror}") from error

    for place, folders, files in os.walk(folder, onerror=fail):
        folders.sort()
        for name in sorted(files):
            if name.lower().endswith(SUFFIXES):
                yield os.path.join(place, name)


def _read(path: str, shown: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise UsageError(f"the snapshot {shown} is no regular file")
            data = stream.read(MAX_SNAPSHOT_BYTES + 1)
    except OSError as error:
        reason = os_reason(error)
        raise UsageError(f"cannot read the snapshot {shown}: {reason}") from error
    if len(data) > MAX_SNAPSHOT_BYTES:
        limit = MAX_SNAPSHOT_BYTES // 1024 // 1024
        raise UsageError(
            f"the snapshot {shown} is larger than {limit} MiB", hint="split it, a file for each kind"
        )
    return data


def _parse(data: bytes, shown: str) -> Iterator[Told]:
    """JSON is read without the places of its values, which takes most of the time otherwise."""
    text = decode(data, shown)
    if text.lstrip(" \t\r\n")[:1] not in ("{", "["):
        for document in parse_objects(data, shown):
            yield from _objects(document.value, shown)
        return
    try:
        for value in read_lists(text):
            yield from _objects(value, shown)
    except JsonError as error:
        line = text.count("\n", 0, error.index) + 1
        column = error.index - text.rfind("\n", 0, error.index)
        raise UsageError(
            f"the snapshot cannot be read: {error.message}",
            location=Location(shown, line, column),
            hint=error.hint or _HINT,
        ) from error


def _objects(value: Value, shown: str) -> Iterator[Told]:
    if type(value) is dict and not value.get("items") and type(value.get("items")) is list:
        kind = gvk_of(value)
        if kind is not None and kind.kind.endswith("List"):
            if kind.kind != "List":
                yield NoneOf(GroupVersionKind(kind.group, kind.version, kind.kind.removesuffix("List")))
            return
    for found in objects_in(value, shown):
        if isinstance(found, Found):
            yield Present(found.value)
        elif isinstance(found, Broken):
            raise UsageError(f"the snapshot {shown} cannot be read: {found.message}", hint=found.hint)
        else:
            raise UsageError(f"the snapshot {shown} has what is no object: {found.why.reason}", hint=_HINT)
