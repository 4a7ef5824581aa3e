"""Writes Python source. Names come from here alone: nothing of a policy becomes code except literals.

Python refuses more than 20 nested blocks, so a deep body goes on in a nested function (`Writer.open_loop`).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

# CPython's limit on nested blocks is 20; some room is left for `try`.
MAX_BLOCKS = 14

_UNSAFE = re.compile(r"[^A-Za-z0-9_]+", re.ASCII)


def safe_name(text: str) -> str:
    """A part for a Python name made from any text: ASCII letters, digits and underscores, at most 24."""
    return _UNSAFE.sub("_", text)[:24].strip("_")


class Writer:
    """The body of one Python function, line by line.

    `blocks` are the loops that are open. What fails leaves the innermost one with `continue`, or the function
    with its `leave` statement.
    """

    def __init__(self, leave: str) -> None:
        self.lines: list[str] = []
        self.indent = 1
        self.blocks: list[str] = []
        self._base = [0]
        self._leave = [leave]
        self.flags: list[str] = []
        self._names = 0

    def line(self, text: str) -> None:
        """One line of code at the current indent."""
        self.lines.append("    " * self.indent + text)

    def name(self, hint: str = "") -> str:
        """A new local name."""
        self._names += 1
        part = safe_name(hint)
        return f"v{self._names}_{part}" if part else f"v{self._names}"

    @property
    def failure(self) -> str:
        """The statement that gives up the current try."""
        return "continue" if len(self.blocks) > self._base[-1] else self._leave[-1]

    @property
    def in_nested_function(self) -> bool:
        """Is the code now in a nested function, from which no value can be returned?"""
        return len(self._base) > 1

    @property
    def in_loop(self) -> bool:
        """Is any loop open?"""
        return bool(self.blocks)

    def fail_if(self, condition: str) -> None:
        """Gives up the current try when the condition holds."""
        self.line(f"if {condition}:")
        self.lines.append("    " * (self.indent + 1) + self.failure)

    def open_loop(self, header: str, flag: str = "") -> None:
        """Opens a loop. `flag` names a local that, once true, ends it."""
        if len(self.blocks) - self._base[-1] >= MAX_BLOCKS:
            function = self.name("deep")
            self.line(f"def {function}():")
            self.indent += 1
            if self.flags:
                self.line("nonlocal " + ", ".join(dict.fromkeys(self.flags)))
            self.blocks.append("def " + function)
            self._base.append(len(self.blocks))
            self._leave.append("return")
        self.line(header)
        self.indent += 1
        self.blocks.append(flag)

    def close_to(self, level: int) -> None:
        """Closes loops until `level` are open."""
        while len(self.blocks) > level:
            block = self.blocks.pop()
            self.indent -= 1
            if block.startswith("def "):
                self._base.pop()
                self._leave.pop()
                self.line(f"{block[4:]}()")
                block = ""
                continue
            if block and self.blocks and len(self.blocks) > level and not self.blocks[-1].startswith("def "):
                self.line(f"if {block}: break")

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """An `if` or `else` block (no loop)."""
        self.line(header)
        self.indent += 1
        yield
        self.indent -= 1
