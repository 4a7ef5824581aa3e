"""The events of a watch: lines of JSON, each with an object as it is now.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.documents.json_values import JsonError, read_value
from lockgate.engine.errors import LockgateError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.record import record
from lockgate.webhook.serving.objects import Change, ObjectKey

# An object is 3 MB at most where etcd is set as usual; what is longer is no event.
MAX_LINE: Final = 16 * 1024 * 1024
_GONE: Final = 410


class WatchError(LockgateError):
    """What a watch said cannot be used; `expired`: the server has forgotten where it began, so list anew."""

    def __init__(self, message: str, *, expired: bool = False) -> None:
        super().__init__(message)
        self.expired = expired


@record
class WatchEvent:
    """How far the watch is, and what has changed: None for a bookmark."""

    version: str
    change: Change | None


def split_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a stream, without their ends. Raises WatchError for one that is too long."""
    waiting: list[bytes] = []
    size = 0
    for chunk in chunks:
        head, *more = chunk.split(b"\n")
        waiting.append(head)
        size += len(head)
        if size > MAX_LINE:
            raise WatchError(f"an event of the watch has more than {MAX_LINE // 1024 // 1024} MiB")
        for part in more:
            line = b"".join(waiting)
            waiting, size = [part], len(part)
            if line.strip():
                yield line


def parse_event(line: bytes, kind: GroupVersionKind) -> WatchEvent:
    """The event of a line. Raises WatchError."""
    try:
        value, _, _ = read_value(line.decode("utf-8", "replace"), 0)
    except JsonError as error:
        raise WatchError(f"an event of the watch cannot be read: {error.message}") from None
    event = value if isinstance(value, dict) else {}
    told, name = event.get("object"), event.get("type")
    found = told if isinstance(told, dict) else {}
    if name == "ERROR":
        message, code = found.get("message"), found.get("code")
        raise WatchError(f"the watch ended: {message}", expired=code == _GONE)
    version = metadata_text(found, "resourceVersion")
    if not version:
        raise WatchError("an event of the watch has no resourceVersion")
    if name == "BOOKMARK":
        return WatchEvent(version, None)
    if name not in ("ADDED", "MODIFIED", "DELETED"):
        raise WatchError(f"the watch has an event of type {str(name)[:40]!r}")
    return WatchEvent(version, change_of(found, kind, "gone" if name == "DELETED" else "there"))


def change_of(value: dict[str, Value], kind: GroupVersionKind, state: Literal["there", "gone"]) -> Change:
    """The Change of an object of the kind that a list or a watch tells."""
    key = ObjectKey(kind, metadata_text(value, "namespace"), metadata_text(value, "name"))
    if state == "gone":
        return Change(key, None)
    # The same object always has the same bytes.
    return Change(key, render_json(typed(value, kind)).encode("utf-8", "surrogatepass"))


def typed(value: Mapping[str, Value], kind: GroupVersionKind) -> dict[str, Value]:
    """An object with its kind: items of typed lists do not say what they are."""
    return {**value, "apiVersion": kind.api_version, "kind": kind.kind}


def metadata_text(value: dict[str, Value], name: str) -> str:
    """A text of the object's metadata; "" when there is none."""
    metadata = value.get("metadata")
    found = metadata.get(name) if isinstance(metadata, dict) else None
    return found if isinstance(found, str) else ""
