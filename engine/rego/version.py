"""The versions of the Rego language."""

from typing import Literal

RegoVersion = Literal["v0", "v1"]
