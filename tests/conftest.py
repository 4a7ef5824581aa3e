"""Settings of all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import settings
from lockgate.engine.codegen.cache import CodeCache, compiler_fingerprint, user_cache_folder

# How long a case takes depends on the machine, and no test judges that.
settings.register_profile("lockgate", deadline=None)
settings.load_profile("lockgate")


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A cache folder (XDG_CACHE_HOME) that all tests, and the next run, share: what is compiled is kept by its content.

    It lies beside the user's own `~/.cache/lockgate`, whose entries tests would push out; without a home it is the run's.
    """
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ.get("HOME", ""), ".cache")
    shared = (
        Path(base) / "lockgate-tests" if os.path.isabs(base) else tmp_path_factory.getbasetemp() / "compiled"
    )
    shared.mkdir(parents=True, exist_ok=True)
    return str(shared)


@pytest.fixture(scope="session")
def code_cache(compiled: str) -> CodeCache:
    """The compiled policies in `compiled`, for tests that hand the cache over themselves."""
    return CodeCache(user_cache_folder({"XDG_CACHE_HOME": compiled}) or "", compiler_fingerprint())


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Long bytes are named by their argument: compressed ones hold the moment, and each worker has to collect the same tests."""
    return argname if isinstance(val, bytes) and len(val) > 32 else None
