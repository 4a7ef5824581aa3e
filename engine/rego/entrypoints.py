"""Names of documents as references: `data.app.allow`, or `data.app["no name"]` for what is no name."""

import json
import re
from collections.abc import Sequence
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_PART: Final = re.compile(r'\.([^.\["]+)|\[("(?:[^"\\]|\\.)*")\]')


def reference_text(path: Sequence[str]) -> str:
    """A path as the rest of a reference."""
    return "".join([f".{part}" if _NAME.fullmatch(part) else f"[{json.dumps(part)}]" for part in path])


def entry_path(entrypoint: str) -> tuple[str, ...]:
    """The path below `data` of an entry point."""
    if "[" not in entrypoint:
        return tuple(entrypoint.split(".")[1:])
    return tuple([name or json.loads(quoted) for name, quoted in _PART.findall(entrypoint)])
