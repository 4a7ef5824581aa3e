"""Writes Python source. Names come from here alone: nothing of a policy becomes code except literals.

Python refuses more than 20 nested blocks, so a deep body goes on in a nested function (`Writer.open_loop`).
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lockgate.engine.codegen.filled import Filled

# CPython's limit on nested blocks is 20; some room is left for `try`.
MAX_BLOCKS = 14

# CPython's limit on indents is 100; a line may be indented once or twice more than what is around it.
MAX_INDENT = 95

_UNSAFE = re.compile(r"[^A-Za-z0-9_]+", re.ASCII)
# A word in a literal text counts as well, to be sure.
_LEAVES = re.compile(r"\b(?:break|continue|return)\b", re.ASCII)


def safe_name(text: str) -> str:
    """A part for a Python name made from any text: ASCII letters, digits and underscores, at most 24."""
    return _UNSAFE.sub("_", text)[:24].strip("_")


def is_name(expression: str) -> bool:
    """Is a Python expression a name, and no literal?"""
    return expression.isidentifier() and expression not in ("None", "True", "False")


class SizeError(Exception):
    """Code that would be too deep, or take too long to make; the message says what is too large."""


@dataclass(slots=True)
class Snapshot:
    """A state of a writer that it can go back to: its line, its indent, how much was open, and what was filled."""

    line: int
    indent: int
    blocks: int
    functions: int
    filled: tuple[list[int], int]


@dataclass(slots=True)
class LoopMark:
    """An open loop: the line and indent before it, and the Python names of the variables bound there."""

    line: int
    indent: int
    bound: frozenset[str]


class Writer:
    """The body of one Python function, line by line.

    `blocks` are the loops that are open. What fails leaves the innermost one with `continue`, or the function
    with its `leave` statement.
    """

    def __init__(self, leave: str) -> None:
        self.lines: list[str] = []
        # What stands before the other lines.
        self.top: list[str] = []
        # Locals with the values of places that are read there.
        self.roots: dict[tuple[str, ...], str] = {}
        # Locals that are filled there from cells of the module.
        self.cells: dict[str, str] = {}
        self.filled = Filled()
        self.indent = 1
        self.blocks: list[str] = []
        # For each open block: does it take one turn only?
        self._once: list[bool] = []
        # For each open block the mark that its loop was opened with, if any.
        self._marks: list[LoopMark | None] = []
        self._base = [0]
        self._leave = [leave]
        self.flags: list[str] = []
        self._names = 0
        self._snapshots: list[Snapshot] = []

    def line(self, text: str) -> None:
        """One line of code at the current indent. Raises SizeError where that is deeper than Python allows."""
        if self.indent > MAX_INDENT:
            raise SizeError("loops, comprehensions and `every` are nested too deep")
        self.lines.append("    " * self.indent + text)
        if _LEAVES.search(text):
            self.filled.break_off()

    def text(self) -> list[str]:
        """All lines of the body."""
        return [*self.top, *self.lines]

    def snapshot(self) -> Snapshot:
        """The state now; to be released in the opposite order."""
        taken = Snapshot(len(self.lines), self.indent, len(self.blocks), len(self._base), self.filled.state())
        self._snapshots.append(taken)
        return taken

    def since(self, taken: Snapshot) -> list[str]:
        """The lines written since."""
        return self.lines[taken.line :]

    def replace(self, taken: Snapshot, lines: list[str]) -> None:
        """Puts other lines in place of those written since, which open and close the same; what is filled stays so."""
        self.lines[taken.line :] = lines

    def drop(self, taken: Snapshot) -> None:
        """Forgets the first of the lines written since, which opens nothing."""
        del self.lines[taken.line]

    def restore(self, taken: Snapshot) -> None:
        """Forgets what was written since; what was opened since is closed."""
        del self.lines[taken.line :]
        del self.blocks[taken.blocks :], self._once[taken.blocks :], self._marks[taken.blocks :]
        del self._base[taken.functions :], self._leave[taken.functions :]
        self.indent = taken.indent
        self.filled.restore(taken.filled)

    def release(self, taken: Snapshot) -> None:
        """Ends the use of a snapshot."""
        assert self._snapshots[-1] is taken
        self._snapshots.pop()

    def name(self, hint: str = "") -> str:
        """A new local name."""
        self._names += 1
        part = safe_name(hint)
        return f"v{self._names}_{part}" if part else f"v{self._names}"

    @property
    def failure(self) -> str:
        """The statement that gives up the current try."""
        if len(self.blocks) == self._base[-1]:
            return self._leave[-1]
        return "break" if self._once[-1] else "continue"

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
        self.filled.break_off()

    def mark(self, bound: Iterable[str]) -> LoopMark:
        """The place before a loop that is about to be opened, for code that is the same in every turn."""
        return LoopMark(len(self.lines), self.indent, frozenset(bound))

    def marks(self) -> list[LoopMark]:
        """The marks of the loops that are open, outermost first."""
        return [mark for mark in self._marks if mark is not None]

    def insert(self, place: LoopMark, text: str) -> None:
        """One line of code at a mark, before its loop."""
        self.lines.insert(place.line, "    " * place.indent + text)
        at = place.line
        for mark in self.marks():
            if mark.line >= at:
                mark.line += 1
        for taken in self._snapshots:
            if taken.line >= at:
                taken.line += 1

    def open_once(self) -> None:
        """Opens a block that what fails in it leaves: a loop of one turn, which Python enters at no cost."""
        self._open("while True:", "", None, once=True)

    def open_loop(self, header: str, flag: str = "", mark: LoopMark | None = None) -> None:
        """Opens a loop. `flag` names a local that, once true, ends it."""
        self._open(header, flag, mark, once=False)

    def _open(self, header: str, flag: str, mark: LoopMark | None, *, once: bool) -> None:
        if len(self.blocks) - self._base[-1] >= MAX_BLOCKS:
            function = self.name("deep")
            self.line(f"def {function}():")
            self.indent += 1
            if self.flags:
                self.line("nonlocal " + ", ".join(dict.fromkeys(self.flags)))
            self.blocks.append("def " + function)
            self._once.append(False)
            self._marks.append(None)
            self.filled.enter(once=False)
            self._base.append(len(self.blocks))
            self._leave.append("return")
        self.line(header)
        self.indent += 1
        self.blocks.append(flag)
        self._once.append(once)
        self._marks.append(mark)
        self.filled.enter(once=once)

    def close_to(self, level: int) -> None:
        """Closes loops until `level` are open."""
        while len(self.blocks) > level:
            block = self.blocks.pop()
            if self._once.pop():
                self.line("break")
            self._marks.pop()
            self.filled.leave()
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
        self.filled.enter_branch()
        yield
        self.filled.leave()
        self.indent -= 1
