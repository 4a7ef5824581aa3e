"""Whether a loader of pickles that went on in the middle of something else would import a name.

By the opcodes, one after the other: what is on its stack and in its memo by then is not known.
"""

import re

from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.pickle.opcodes import (
    EXTENSIONS,
    GLOBAL,
    INST,
    STACK_GLOBAL,
    STOP,
    TEXTS,
    lines_at,
    step,
)
from lockgate.engine.facts.source import Source

# Numbers are no opcodes for longer than some ten bytes.
_OPCODES = 2_000
_NAME = re.compile(rb"[A-Za-z_][\w.]*")
_GETS = frozenset({0x68, 0x6A, 0x67})


def imports_something(source: Source, offset: int) -> bool:
    """Whether a loader of pickles that reads on here would import a name before it fails."""
    return _walk(source, offset) == "import"


def _walk(source: Source, start: int) -> str:
    at = start
    texts = 0
    try:
        for _ in range(_OPCODES):
            found = step(source, at)
            if found.opcode in (GLOBAL, INST):
                lines, _ = lines_at(source, at + 1, 2)
                return "import" if all(map(_NAME.fullmatch, lines)) else "broken"
            if found.opcode in EXTENSIONS or (found.opcode == STACK_GLOBAL and texts >= 2):
                return "import"
            if found.opcode == STOP:
                return "stop" if at > start else "broken"
            texts += found.opcode in TEXTS or found.opcode in _GETS
            at = found.after
    except UnreadableError:
        return "broken"
    return "long"
