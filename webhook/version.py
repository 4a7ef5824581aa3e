"""The version of this distribution, as a constant: reading the installed metadata would double the start-up time."""

from typing import Final

# A test keeps it equal to pyproject.toml.
VERSION: Final = "0.1.0"
