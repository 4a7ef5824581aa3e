"""Settings of all tests."""

import os

import pytest
from hypothesis import settings

# How long a case takes depends on the machine, and no test judges that.
settings.register_profile("lockgate", deadline=None)
settings.load_profile("lockgate")


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A cache folder (XDG_CACHE_HOME) that all tests of a run share: what is compiled is kept by its content."""
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own) / "compiled"
    shared.mkdir(exist_ok=True)
    return str(shared)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Long bytes are named by their argument: compressed ones hold the moment, and each worker has to collect the same tests."""
    return argname if isinstance(val, bytes) and len(val) > 32 else None
