"""Tells folders of plain Rego from those of Gatekeeper's kinds, without anything that reads or compiles Rego."""

import os
from typing import Final

from lockgate.webhook.walk import SUFFIXES

_SUFFIX: Final = ".rego"
# A file of Gatekeeper's kinds names them in its first lines.
_MOST_LOOKED_AT: Final = 1024 * 1024


def is_plain_rego(path: str, marks: bytes) -> bool:
    """Is the path Rego and nothing of Gatekeeper's kinds, whose files have `marks` in them?"""
    if not os.path.isdir(path):
        return path.endswith(_SUFFIX)
    found = False
    for place, folders, files in os.walk(path):
        folders[:] = [name for name in folders if name != ".git"]
        for name in files:
            if name.endswith(_SUFFIX):
                found = True
            elif name.lower().endswith(SUFFIXES) and _has(os.path.join(place, name), marks):
                return False
    return found


def _has(path: str, marks: bytes) -> bool:
    try:
        with open(path, "rb") as stream:
            return marks in stream.read(_MOST_LOOKED_AT)
    except OSError:
        return False
