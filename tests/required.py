"""What a run of the tests may not skip: LOCKGATE_REQUIRE_VECTORS names the sources of outside vectors that must be there.

`1` means every source; else they are named, with commas: `shared` (the folder beside the checkout), `go` (modules that
Go downloads).
"""

import os
from typing import NoReturn

import pytest


def is_required(source: str) -> bool:
    """Whether the absence of a source is a failure."""
    value = os.environ.get("LOCKGATE_REQUIRE_VECTORS", "")
    return value == "1" or source in value.split(",")


def absent(source: str, reason: str) -> NoReturn:
    """Skips the test, saying why; fails it where the source is required."""
    if is_required(source):
        pytest.fail(f"{reason} (required: LOCKGATE_REQUIRE_VECTORS names {source!r})")
    pytest.skip(reason)
