"""Where the outside vectors and the corpus are: a folder `shared` beside the checkout, or $LOCKGATE_SHARED."""

import os
from pathlib import Path

from tests.required import absent

ROOT = Path(__file__).resolve().parent.parent


def shared_root() -> Path:
    """The folder of outside vectors and real inputs; it may be absent."""
    return Path(os.environ.get("LOCKGATE_SHARED", ROOT.parent / "shared"))


def shared_path(*parts: str) -> Path:
    """A path in the shared folder; skips the test, saying so, when it is absent.

    Where LOCKGATE_REQUIRE_VECTORS asks for `shared`, an absent folder fails the test instead.
    """
    path = shared_root().joinpath(*parts)
    if not path.exists():
        absent("shared", f"{path} is absent: outside vectors are not part of the project")
    return path
