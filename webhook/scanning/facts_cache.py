"""Facts of files that were scanned before, in the user's own cache folder, by name, content and the scanner's own code."""

import os
from collections.abc import Mapping
from typing import Any, Final

from lockgate.engine.codegen.cache import CodeCache, folder_fingerprint, user_cache_folder
from lockgate.engine.facts.artifact import FileFacts
from lockgate.engine.facts.findings import Finding
from lockgate.engine.facts.scan import GlobalUse, Named, Part, RemoteCode, Template

# Records of facts by their names in an entry.
_RECORDS: Final[Mapping[str, type[Any]]] = {
    one.__name__: one for one in (FileFacts, Finding, GlobalUse, Named, Part, RemoteCode, Template)
}
_FOLDER: Final = "facts"


def _packed(value: Any) -> Any:
    """A value as what `marshal` holds: records become tuples that begin with their names."""
    name = type(value).__name__
    if name in _RECORDS:
        return ("record", name, *[_packed(getattr(value, field)) for field in value.__record_fields__])
    if isinstance(value, tuple):
        return ("tuple", *[_packed(one) for one in value])
    return value


def _unpacked(value: Any) -> Any:
    if not isinstance(value, tuple):
        return value
    if value[0] == "record":
        return _RECORDS[value[1]](*[_unpacked(one) for one in value[2:]])
    return tuple([_unpacked(one) for one in value[1:]])


class FactsCache:
    """The facts that were kept. An entry of another scanner, or that somebody else could have written, is none."""

    def __init__(self, cache: CodeCache) -> None:
        self._cache: Final = cache

    def get(self, name: str, sha256: str) -> FileFacts | None:
        """The facts of a file of this name and content."""
        found = self._cache.get(self._key(name, sha256))
        made = None if found is None else _unpacked(found)
        return made if isinstance(made, FileFacts) else None

    def put(self, facts: FileFacts) -> None:
        """Keeps facts."""
        self._cache.put(self._key(facts.path, facts.sha256), _packed(facts))

    def _key(self, name: str, sha256: str) -> str:
        return self._cache.key(name.encode("utf-8", "surrogateescape"), sha256.encode())


def open_facts_cache(environment: Mapping[str, str]) -> FactsCache | None:
    """The user's cache; None without a home. What changes the scanner's code makes every entry worthless."""
    code = user_cache_folder(environment)
    if code is None:
        return None
    from lockgate.engine import facts

    place = os.path.dirname(os.path.realpath(facts.__file__))
    fingerprint = f"facts 1\n{folder_fingerprint(place)}".encode()
    return FactsCache(CodeCache(os.path.join(os.path.dirname(code), _FOLDER), fingerprint))
