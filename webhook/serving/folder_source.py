"""Policies from files, folders and PolicyBundles, as the same Changes that a cluster's watches tell.

Files are read strictly: where one is wrong, what was in force stays, and the error names file and line. Changed files
are found by what the file system says of them.
"""

import os
from collections.abc import Iterable, Sequence
from typing import Final, final

from lockgate.engine.codegen.values import render_json
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import UsageError
from lockgate.engine.gvk import gvk_of
from lockgate.gatekeeper.exemptions.kinds import is_about_exemptions
from lockgate.gatekeeper.exemptions.resolver import load_exemptions
from lockgate.gatekeeper.loader import load_policies
from lockgate.gatekeeper.memo import Memo
from lockgate.gatekeeper.problems import PolicyErrors
from lockgate.webhook.policy_sources import (
    Sources,
    is_plain_rego,
    policy_files,
    read_exemptions,
    read_policies,
)
from lockgate.webhook.serving.live_state import LiveSettings
from lockgate.webhook.serving.objects import Change, ObjectKey, Objects
from lockgate.webhook.serving.policy_kinds import is_deciding
from lockgate.webhook.walk import shown_path


@final
class FolderSource:
    """What is given. policies: files, folders and opened PolicyBundles, which do not change; exemptions: files and folders.

    cwd: what shown paths count from.
    """

    def __init__(
        self, policies: Sources, exemptions: Sequence[str], cwd: str, settings: LiveSettings
    ) -> None:
        self._policies: Final = tuple(policies)
        self._exemptions: Final = tuple(exemptions)
        self._cwd: Final = cwd
        self._settings: Final = settings
        self._told: Final = Objects()
        self._seen: tuple[tuple[object, ...], ...] | None = None

    def changes(self) -> tuple[Change, ...]:
        """What has changed since the last time; the first time, everything. Raises LockgateError for what is wrong.

        What is wrong is told once, and again when the files have changed.
        """
        seen = tuple(self._signatures())
        if seen == self._seen:
            return ()
        self._seen = seen
        now = self._read()
        news = self._told.replacing_all(now)
        self._told.apply(news)
        return news

    def _read(self) -> dict[ObjectKey, bytes]:
        for path in self._policies:
            if is_plain_rego(path):
                shown = shown_path(path, self._cwd) if isinstance(path, str) else path.shown
                raise UsageError(
                    f"{shown} is plain Rego, and the server judges by constraints",
                    hint="give ConstraintTemplates and constraints",
                )
        documents, shipped = read_policies(self._policies, self._cwd)
        about = read_exemptions(self._exemptions, self._cwd) if self._exemptions else []
        # The same file may be named as both.
        named = {one.file for one in about}
        about += [one for one in documents if is_about_exemptions(one.value) and one.file not in named]
        loaded = load_policies(
            [*documents, *shipped], engine=self._settings.engine, cache=self._settings.cache, memo=Memo()
        )
        if loaded.errors:
            raise PolicyErrors(loaded.errors)
        load_exemptions(about)
        return _objects([*[one for one in documents if not is_about_exemptions(one.value)], *shipped, *about])

    def _signatures(self) -> Iterable[tuple[object, ...]]:
        """What tells whether a file is another than before."""
        for path in (*self._policies, *self._exemptions):
            for file in policy_files(path, self._cwd):
                if file.bundled is not None:
                    yield (file.key,)
                    continue
                try:
                    found = os.stat(file.key)
                except OSError:
                    continue
                yield file.key, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _objects(documents: Sequence[Document]) -> dict[ObjectKey, bytes]:
    """Those that decide, by key."""
    made: dict[ObjectKey, bytes] = {}
    for document in documents:
        kind = gvk_of(document.value)
        metadata = document.value.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if kind is not None and isinstance(name, str) and is_deciding(kind):
            # Of two with one name the loader has refused the second.
            made[ObjectKey(kind, "", name)] = render_json(document.value).encode("utf-8", "surrogatepass")
    return made
