"""What is known while code is emitted: values that are literals, kinds of values, tries that cannot hold."""

import re
from collections.abc import Sequence
from typing import Final

from lockgate.engine.codegen.values import UNDEFINED, Undefined, Value, compare, equal
from lockgate.engine.codegen.writer import Writer
from lockgate.engine.rego.ast import Scalar, Term, Var
from lockgate.engine.rego.constant_terms import UNKNOWN, Unknown
from lockgate.engine.rego.module_code import ModuleCode
from lockgate.engine.rego.unfolding import (
    ANY_STATE,
    IS_FALSE,
    IS_OTHER,
    IS_UNDEFINED,
    state_of,
    state_test,
)

# Orders by the builtin's name, and whether equal values are in it.
_ORDERS: Final = {"lt": (-1, False), "lte": (-1, True), "gt": (1, False), "gte": (1, True)}
_SYMBOLS: Final = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


# Calls that can neither end an evaluation, but for its limits, nor be seen outside of it. The code of other calls stays
# where it is.
_PURE: Final = frozenset(
    [
        "type",
        "len",
        "str",
        "int",
        "bool",
        "list",
        "dict",
        "frozenset",
        "index",
        "walk_path",
        "items",
        "values",
        "sorted_items",
        "sorted_values",
        "is_collection",
        "object_of",
        "equal",
        "key",
        "less",
        "at_most",
        "set_of",
        "with_keys",
        "with_true_keys",
        "set_over",
        "searcher",
        "sets_of",
        "make_set",
        "make_object",
        "built",
        "difference",
        "text_of",
        "apart",
        "rejoin",
        "exhausted",
        "grown",
        "Number",
    ]
)
_CALL: Final = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\(", re.ASCII)


def has_effects(lines: Sequence[str]) -> bool:
    """May running the code do more than to fill locals? A name in a literal text counts as well, to be sure."""
    return any(name not in _PURE for line in lines for name in _CALL.findall(line))


def is_empty(lines: Sequence[str]) -> bool:
    """Are there only comments?"""
    return all(line.lstrip().startswith("#") for line in lines)


class Dead(Exception):
    """The try that is being emitted fails whatever the input; the innermost body around it has no solution."""


class KnownEmitter:
    """Emits conditions. `env` maps variables to Python names or literals; `kinds` tells the types of Python names."""

    def __init__(self, module: ModuleCode, writer: Writer, env: dict[str, str]) -> None:
        self.module = module
        self.writer = writer
        self.env = env
        # Python's names of types: "str", "int", "bool", "list", "Set". Names are given once in a writer.
        self.kinds: dict[str, str] = {}
        # Names of sets that have their tables of members.
        self.keyed: set[str] = set()
        # What conditions that hold where the code now is say of types.
        self.narrowed: dict[str, str] = {}
        # Strings that values have where the code now is, since a condition that holds says so.
        self.equal_to: dict[str, str] = {}
        # What values may be, since a condition that holds says so (`unfolding`); those that may be anything are left out.
        self.states: dict[str, int] = {}

    def known(self, atom: str) -> Value | Undefined | Unknown:
        """The value of an expression that is a literal or a constant of the module, or that has but one here."""
        text = self.equal_to.get(atom)
        if text is not None:
            return text
        states = self.states.get(atom)
        if states == IS_UNDEFINED:
            return UNDEFINED
        return False if states == IS_FALSE else self.module.values.get(atom, UNKNOWN)

    def states_of(self, atom: str) -> int:
        """What an expression's value may be where the code now is."""
        value = self.known(atom)
        if value is not UNKNOWN:
            return IS_UNDEFINED if value is UNDEFINED else IS_FALSE if value is False else IS_OTHER
        kind = self.kind(atom)
        if kind:
            return IS_FALSE | IS_OTHER if kind == "bool" else IS_OTHER
        return self.states.get(atom, ANY_STATE)

    def _keep(self, atom: str, states: int) -> None:
        """Gives up the current try where a value is none of what it may be."""
        possible = self.states_of(atom)
        if not possible & states:
            self.dead()
        elif possible & ~states:
            self.writer.fail_if(state_test(atom, ANY_STATE & ~states, possible))
            self.states[atom] = possible & states

    def _is_told(self, condition: str, states: int) -> bool:
        """Gives up the current try where a condition that asks for a value's state does not hold (states: ANY_STATE), or
        holds (0); False for other conditions."""
        told = state_of(condition) if self.module.shares else None
        if told is None or (self.kind(told[0]) and self.kind(told[0]) != "bool"):
            return False
        self._keep(told[0], told[1] if states else ANY_STATE & ~told[1])
        return True

    def note_equal(self, first: str, second: str) -> None:
        """Remembers that two values are equal, where the one is a known string."""
        left, right = self.known(first), self.known(second)
        if isinstance(left, str) and isinstance(right, Unknown):
            self.equal_to[second] = left
        elif isinstance(right, str) and isinstance(left, Unknown):
            self.equal_to[first] = right

    def kind(self, atom: str) -> str:
        """The name of the Python type of an expression's value; empty where it is not known."""
        value = self.known(atom)
        if value is UNKNOWN or value is UNDEFINED:
            return self.narrowed.get(atom) or self.kinds.get(atom, "")
        return type(value).__name__

    def key_expression(self, atom: str) -> str:
        """The expression for a value's key (see `values.key`); strings are their own."""
        return atom if self.kind(atom) == "str" else f"{atom} if type({atom}) is str else key({atom})"

    def resolved(self, term: Term) -> Term:
        """The scalar that a variable stands for, or the term itself."""
        if not isinstance(term, Var) or term.name not in self.env:
            return term
        value = self.known(self.env[term.name])
        if isinstance(value, Unknown | Undefined | list | dict) or type(value).__name__ in ("Set", "Object"):
            return term
        return Scalar(term.location, value)

    def dead(self) -> None:
        """Gives up the current try for good."""
        if self.module.mode == "plain":
            self.module.left_out = True
            raise Dead
        self.writer.fail_if("True")

    def require(self, condition: str) -> None:
        """Gives up the current try unless the condition holds."""
        if condition == "False":
            self.dead()
        elif condition != "True" and not self._is_told(condition, ANY_STATE):
            self.writer.fail_if(f"not ({condition})")

    def refuse(self, condition: str) -> None:
        """Gives up the current try where the condition holds."""
        if condition == "True":
            self.dead()
        elif condition != "False" and not self._is_told(condition, 0):
            self.writer.fail_if(condition)

    def require_defined(self, atom: str) -> None:
        """Gives up the current try where a value is undefined."""
        value = self.known(atom)
        if value is UNDEFINED:
            self.dead()
        elif value is UNKNOWN and not self.kind(atom):
            if self.module.shares:
                self._keep(atom, IS_FALSE | IS_OTHER)
            else:
                self.writer.fail_if(f"{atom} is U")

    def require_true(self, atom: str, *, defined: bool) -> None:
        """Gives up the current try where a value is false, or undefined unless it is known to be `defined`."""
        value = self.known(atom)
        if value is not UNKNOWN:
            self.require(repr(value is not False and value is not UNDEFINED))
        elif self.kind(atom) == "bool":
            self.writer.fail_if(f"not {atom}")
        elif not self.kind(atom):
            if self.module.shares:
                if defined:
                    self.states[atom] = self.states_of(atom) & ~IS_UNDEFINED
                self._keep(atom, IS_OTHER)
            else:
                self.writer.fail_if(f"{atom} is False" if defined else f"{atom} is False or {atom} is U")

    def refuse_true(self, atom: str) -> None:
        """Gives up the current try where a value is defined and not false."""
        value = self.known(atom)
        if value is not UNKNOWN:
            self.refuse(repr(value is not False and value is not UNDEFINED))
        elif self.kind(atom) == "bool":
            self.writer.fail_if(atom)
        elif self.kind(atom):
            self.dead()
        elif self.module.shares:
            self._keep(atom, IS_UNDEFINED | IS_FALSE)
        else:
            self.writer.fail_if(f"{atom} is not False and {atom} is not U")

    def equality(self, first: str, second: str, *, negate: bool = False) -> str:
        """A condition for equality, in Python's operators where one side is known well enough."""
        left, right = self.known(first), self.known(second)
        if isinstance(left, Undefined) or isinstance(right, Undefined):
            return "False"  # What is undefined is neither equal nor unequal to anything.
        if not isinstance(left, Unknown) and not isinstance(right, Unknown):
            return repr(equal(left, right) is not negate)
        for value, text, other in ((left, first, second), (right, second, first)):
            if value is None or type(value) is bool:
                return f"{other} is {'not ' if negate else ''}{text}"
            if type(value) is int:
                # Python's True equals 1.
                same = f"{other} == {text} and type({other}) is not bool"
                plain = f"{other} == {text}" if value not in (0, 1) else f"({same})"
                return f"not {plain}" if negate else plain
        if "str" in (self.kind(first), self.kind(second)):
            return f"{first} {'!=' if negate else '=='} {second}"
        return f"{'not ' if negate else ''}equal({first}, {second})"

    def order(self, name: str, first: str, second: str) -> str:
        """A condition for `lt`, `lte`, `gt` or `gte`."""
        sign, with_equal = _ORDERS[name]
        left, right = self.known(first), self.known(second)
        if not isinstance(left, Unknown | Undefined) and not isinstance(right, Unknown | Undefined):
            outcome = compare(left, right)
            return repr(outcome == sign or (with_equal and outcome == 0))
        general = {
            "lt": f"less({first}, {second})",
            "gt": f"less({second}, {first})",
            "lte": f"at_most({first}, {second})",
            "gte": f"at_most({second}, {first})",
        }[name]
        kinds = (self.kind(first), self.kind(second))
        if any(kind not in ("", "int") for kind in kinds):
            return general
        plain = f"{first} {_SYMBOLS[name]} {second}"
        guard = " and ".join(
            [f"type({text}) is int" for text, kind in zip((first, second), kinds, strict=True) if not kind]
        )
        return f"({plain} if {guard} else {general})" if guard else plain
