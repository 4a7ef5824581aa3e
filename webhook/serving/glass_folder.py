"""Break-glass from files: for servers that no cluster tells of grants, and for when the API server takes none.

A file that is wrong is told and leaves the others: an emergency is no time for one bad file to stop the rest.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Final, final

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.errors import os_reason
from lockgate.engine.gvk import gvk_of
from lockgate.webhook.serving.live_grants import MAX_OBJECT, is_about_grants
from lockgate.webhook.serving.objects import Change, ObjectKey, Objects

_ENDINGS: Final = (".yaml", ".yml", ".json")
MAX_FILES: Final = 1_000


@final
class GlassFolder:
    """Files, and folders of files (not what is below those)."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths: Final = tuple(paths)
        self._told: Final = Objects()
        # By file: what the file system says of it, the objects in it, and what is wrong with it.
        self._seen: dict[str, tuple[object, dict[ObjectKey, bytes], str]] = {}

    def changes(self) -> tuple[Change, ...]:
        """What has changed since the last time; the first time, everything."""
        seen: dict[str, tuple[object, dict[ObjectKey, bytes], str]] = {}
        for file in self._files():
            try:
                found = os.stat(file)
            except OSError:
                continue
            mark = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
            known = self._seen.get(file)
            seen[file] = known if known is not None and known[0] == mark else (mark, *_read(file))
        self._seen = seen
        now: dict[ObjectKey, bytes] = {}
        for _, objects, _ in seen.values():
            now.update(objects)
        news = self._told.replacing_all(now)
        self._told.apply(news)
        return news

    @property
    def problems(self) -> tuple[tuple[str, str], ...]:
        """Files of which something cannot be read, and why."""
        return tuple([(file, why) for file, (_, _, why) in self._seen.items() if why])

    def _files(self) -> Iterator[str]:
        for path in self._paths:
            if not os.path.isdir(path):
                yield path
                continue
            try:
                names = sorted([name for name in os.listdir(path) if name.endswith(_ENDINGS)])
            except OSError:
                continue
            for name in names[:MAX_FILES]:
                yield os.path.join(path, name)


def _read(file: str) -> tuple[dict[ObjectKey, bytes], str]:
    """The objects of a file, and what is wrong with it."""
    try:
        with open(file, "rb") as stream:
            data = stream.read(MAX_OBJECT + 1)
    except OSError as error:
        return {}, os_reason(error)
    if len(data) > MAX_OBJECT:
        return {}, f"it has more than {MAX_OBJECT} bytes"
    reading = read_documents(data, file, duplicates="error")
    made: dict[ObjectKey, bytes] = {}
    for document in reading.documents:
        key = _key(document.value, file)
        if key is not None:
            made[key] = render_json(document.value).encode("utf-8", "surrogatepass")
    return made, reading.errors[0].message if reading.errors else ""


def _key(value: dict[str, Value], file: str) -> ObjectKey | None:
    """The object's place: its file. One of the same name in another file, or in the cluster, is another object, and
    whoever may make that does not take this one's place."""
    kind, metadata = gvk_of(value), value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if kind is None or not is_about_grants(kind):
        return None
    # One without a name is told as wrong by whoever reads it.
    return ObjectKey(kind, file, name if isinstance(name, str) else "")
