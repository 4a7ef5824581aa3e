"""Which cache of compiled policies a command uses."""

from collections.abc import Mapping

from lockgate.engine.codegen.cache import CodeCache, compiler_fingerprint, user_cache_folder


def open_cache(wanted: bool | None, environment: Mapping[str, str]) -> CodeCache | None:
    """The cache of compiled policies: the user's own, off where CI is set unless it is asked for."""
    folder = user_cache_folder(environment)
    if folder is None or wanted is False or (wanted is None and environment.get("CI")):
        return None
    return CodeCache(folder, compiler_fingerprint())
