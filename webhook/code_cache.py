"""Whether compiled policies are kept on disk: in the user's own cache folder, which no repository can name.

Off in CI (the variable CI is set) unless it is asked for: a runner's folder may be shared by jobs of different trust.
"""

from collections.abc import Mapping

from lockgate.engine.codegen.cache import CodeCache, compiler_fingerprint, user_cache_folder


def choose_cache(wanted: bool | None, environment: Mapping[str, str]) -> CodeCache | None:
    """The cache, or None. `wanted` is what --cache or --no-cache says, None when neither is given."""
    if wanted is False or (wanted is None and environment.get("CI")):
        return None
    folder = user_cache_folder(dict(environment))
    return None if folder is None else CodeCache(folder, compiler_fingerprint())
