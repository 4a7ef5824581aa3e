"""Where the outside vectors and the corpus are: a folder `shared` beside the checkout, or $LOCKGATE_SHARED."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def shared_root() -> Path:
    """The folder of outside vectors and real inputs; it may be absent."""
    return Path(os.environ.get("LOCKGATE_SHARED", ROOT.parent / "shared"))


def shared_path(*parts: str) -> Path:
    """A path in the shared folder; skips the test, saying so, when it is absent.

    With LOCKGATE_REQUIRE_VECTORS=1 an absent folder fails the test instead.
    """
    path = shared_root().joinpath(*parts)
    if not path.exists():
        reason = f"{path} is absent: outside vectors are not part of the project"
        if os.environ.get("LOCKGATE_REQUIRE_VECTORS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
