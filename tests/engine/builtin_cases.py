"""Cases of the builtins, from `builtin_cases*.jsonl`: calls with the results and errors that OPA 1.22.2 gives.

Each line is `[name, operands, result]`. In operands `{"$set": [...]}` is a set and `{"$object": [[key, value], ...]}`
an object with such keys. A result is the text of the value as Rego writes it, null for undefined, or
`{"error": code, "message": message}`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lockgate.engine.codegen.values import UNDEFINED, Set, Value, make_object, parse_json, render_rego
from lockgate.engine.errors import EvaluationError
from lockgate.engine.rego.builtins.catalogue import ENTRIES, load
from lockgate.engine.rego.builtins.errors import BuiltinError

FILES = sorted(Path(__file__).parent.glob("builtin_cases*.jsonl"))


@dataclass(slots=True)
class Budget:
    """A context with a budget of steps."""

    left: int = 100_000
    now_ns: int = 1_767_225_600_000_000_000

    def spend(self, steps: int) -> None:
        """Takes steps; raises when there are no more."""
        self.left -= steps
        if self.left < 0:
            raise EvaluationError("out of steps")


@dataclass(frozen=True, slots=True)
class Case:
    """One call and what OPA answers."""

    name: str
    operands: tuple[Value, ...]
    result: str | None
    error: tuple[str, str] | None

    def __str__(self) -> str:
        shown = ", ".join(map(render_rego, self.operands))
        return f"{self.name}({shown[:80]})".encode("unicode_escape").decode()


def value_of(encoded: Any) -> Value:
    """The value that a case's JSON stands for."""
    if isinstance(encoded, list):
        return [value_of(item) for item in encoded]
    if isinstance(encoded, dict):
        if "$set" in encoded:
            return Set([value_of(item) for item in encoded["$set"]])
        if "$object" in encoded:
            return make_object((value_of(name), value_of(item)) for name, item in encoded["$object"])
        return {name: value_of(item) for name, item in encoded.items()}
    found: Value = encoded
    return found


def read_cases() -> list[Case]:
    """All cases of the files."""
    cases = []
    for line in "".join([file.read_text() for file in FILES]).splitlines():
        parsed = parse_json(line)
        assert isinstance(parsed, list)
        name, operands, result = parsed
        error = (str(result["error"]), str(result["message"])) if isinstance(result, dict) else None
        text = result if isinstance(result, str) else None
        decoded = value_of(operands)
        assert isinstance(decoded, list)
        cases.append(Case(str(name), tuple(decoded), text, error))
    return cases


def call(name: str, *operands: Value, context: Budget | None = None) -> Any:
    """The result of a builtin."""
    function = load(name)
    if ENTRIES[name].context:
        return function(context or Budget(), *operands)
    return function(*operands)


def answer(case: Case) -> tuple[str | None, tuple[str, str] | None]:
    """Our result and error for a case, in the form of the case."""
    try:
        found = call(case.name, *case.operands)
    except BuiltinError as error:
        return None, (error.code, f"{case.name}: {error.message}")
    return (None if found is UNDEFINED else render_rego(found)), None
