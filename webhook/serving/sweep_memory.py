"""What was told of live objects, in a file, so that a sweep that begins anew tells only what has changed since.

A file that is not there or is wrong tells nothing; then the verdict on each object that a policy objects to is told
again, which is true, and of no harm.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from lockgate.engine.bounded_reading import read_up_to
from lockgate.engine.gvk import GroupVersionKind
from lockgate.webhook.certificates.private_files import write_private
from lockgate.webhook.serving.objects import ObjectKey

_VERSION: Final = 1
# A million objects of 150 bytes.
MAX_BYTES: Final = 150_000_000
_PARTS: Final = 6


def read_memory(path: str) -> dict[ObjectKey, int]:
    """The marks in the file."""
    try:
        with open(path, "rb") as file:
            data = read_up_to(file, MAX_BYTES + 1)
        value = json.loads(data) if len(data) <= MAX_BYTES else None
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(value, dict) or value.get("v") != _VERSION or not isinstance(value.get("told"), list):
        return {}
    made: dict[ObjectKey, int] = {}
    for row in value["told"]:
        if not isinstance(row, list) or len(row) != _PARTS:
            return {}
        *texts, mark = row
        if not all(isinstance(one, str) for one in texts) or type(mark) is not int:
            return {}
        group, version, kind, namespace, name = texts
        made[ObjectKey(GroupVersionKind(group, version, kind), namespace, name)] = mark
    return made


def write_memory(path: str, told: Iterable[tuple[ObjectKey, int]]) -> None:
    """Writes the marks; only their owner may read them, since they name objects. Raises UsageError."""
    rows = [
        [key.kind.group, key.kind.version, key.kind.kind, key.namespace, key.name, mark]
        for key, mark in sorted(told)
    ]
    text = json.dumps({"v": _VERSION, "told": rows}, separators=(",", ":")) + "\n"
    write_private(Path(path), text.encode("utf-8", "backslashreplace"))
