"""Calls of builtins whose arguments are known: made while the code is generated."""

from collections.abc import Sequence
from typing import Final

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.context import Context
from lockgate.engine.codegen.values import UNDEFINED, Undefined, Value, render_json
from lockgate.engine.errors import EvaluationError
from lockgate.engine.rego.builtins.catalogue import ENTRIES, load
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.constant_terms import UNKNOWN, Unknown

# Modules whose builtins depend on their arguments alone and need no extra library.
_PURE: Final = frozenset(
    [
        "numbers",
        "aggregates",
        "arrays",
        "sets",
        "objects",
        "subsets",
        "json_paths",
        "strings",
        "formatting",
        "types",
        "regexes",
        "encodings",
        "bits",
        "units",
        "versions",
        "globs",
        "comparison",
    ]
)
# What is made ahead is part of the code: neither its making nor its text may be large.
_LIMITS: Final = Limits(max_steps=20_000)
_LONGEST: Final = 4_000


def folded_call(name: str, arguments: Sequence[Value]) -> Value | Undefined | Unknown:
    """The value of a call, UNDEFINED where it has none; UNKNOWN where it is to be made in each evaluation."""
    entry = ENTRIES[name]
    if entry.module not in _PURE or entry.relation or name == "trace" or len(arguments) != entry.arity:
        return UNKNOWN
    context = Context(UNDEFINED, {}, [], [], [], _LIMITS, 0)
    function = load(name)
    try:
        value: Value | Undefined = function(context, *arguments) if entry.context else function(*arguments)
    except (BuiltinError, EvaluationError):
        # Whether a failure is an error is for the evaluation to say.
        return UNKNOWN
    if isinstance(value, Undefined):
        return value
    return value if len(render_json(value)) <= _LONGEST else UNKNOWN
