"""Which locals certainly hold a value: never one that some way through the code leaves out."""

import random
from typing import Any

import pytest
from lockgate.engine.codegen.filled import Filled
from lockgate.engine.codegen.writer import Writer


def test_what_a_block_of_one_turn_does_first_holds_behind_it() -> None:
    filled = Filled()
    filled.enter(once=True)
    filled.note("first", "v1")
    filled.break_off()
    filled.note("second", "v2")
    assert (filled.get("first"), filled.get("second")) == ("v1", "v2")
    filled.leave()
    assert (filled.get("first"), filled.get("second")) == ("v1", None)


@pytest.mark.parametrize("is_loop", [True, False])
def test_what_a_loop_or_a_branch_does_is_forgotten(is_loop: bool) -> None:
    filled = Filled()
    if is_loop:
        filled.enter(once=False)
    else:
        filled.enter_branch()
    filled.note("it", "v1")
    filled.leave()
    assert filled.get("it") is None


def test_a_branch_is_left_with_the_block_around_it() -> None:
    filled = Filled()
    filled.enter(once=True)
    filled.enter_branch()
    filled.break_off()
    filled.leave()
    filled.note("it", "v1")
    filled.leave()
    assert filled.get("it") is None


def test_names_of_one_value() -> None:
    filled = Filled()
    filled.note_same("v2", "v1")
    filled.note_same("v3", "v2")
    assert [filled.first(name) for name in ("v1", "v2", "v3", "v4")] == ["v1", "v1", "v1", "v4"]


class Writing:
    """Writes random code in which a value is filled at places, and used wherever it is said to hold."""

    def __init__(self, seed: int) -> None:
        self.decide = random.Random(seed)
        self.writer = Writer("return")
        self.count = 0

    def fill(self, what: str) -> None:
        if self.writer.filled.get(what) is None:
            self.count += 1
            self.writer.line(f"v{self.count} = {what!r}")
            self.writer.filled.note(what, f"v{self.count}")

    def write(self, depth: int) -> None:
        writer, decide = self.writer, self.decide
        for _ in range(decide.randint(1, 4)):
            kind = decide.choice(["fill", "use", "fail", "once", "loop", "branch", "forgotten"])
            what = decide.choice("abc")
            level = len(writer.blocks)
            if kind == "fill":
                self.fill(what)
            elif kind == "use":
                name = writer.filled.get(what)
                if name is not None:
                    writer.line(f"used({name}, {what!r})")
            elif kind == "fail":
                writer.fail_if("chance()")
            elif depth == 0:
                continue
            elif kind == "branch":
                with writer.block("if chance():"):
                    writer.line("pass")
                    self.write(depth - 1)
            elif kind == "forgotten":
                taken = writer.snapshot()
                writer.open_once()
                writer.line("pass")
                self.write(depth - 1)
                writer.close_to(level)
                if decide.random() < 0.7:
                    writer.restore(taken)
                writer.release(taken)
            else:
                if kind == "once":
                    writer.open_once()
                else:
                    writer.open_loop("for _ in times():")
                writer.line("pass")
                self.write(depth - 1)
                writer.close_to(level)

    def code(self) -> str:
        self.write(5)
        return "\n".join(["def run():", *self.writer.text(), "    return"])


@pytest.mark.parametrize("seed", range(100))
def test_what_is_said_to_hold_does_whatever_way_is_taken(seed: int) -> None:
    code = Writing(seed).code()
    decide = random.Random(seed)

    def used(value: str, expected: str) -> None:
        assert value == expected, code

    names: dict[str, Any] = {
        "used": used,
        "chance": lambda: decide.random() < 0.3,
        "times": lambda: range(decide.randint(0, 2)),
    }
    exec(code, names)
    for _ in range(20):
        # A local that is not filled raises.
        names["run"]()
