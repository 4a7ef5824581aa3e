"""`json.match_schema` and `json.verify_schema`: documents and schemas as JSON text or as values."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeVar

from lockgate.engine.codegen.values import Object, Value, parse_json
from lockgate.engine.errors import InputError
from lockgate.engine.regex import RegexLimitError
from lockgate.engine.rego.builtins.context import Context
from lockgate.engine.rego.builtins.errors import BuiltinError, BuiltinLimitError
from lockgate.engine.rego.builtins.json_text import as_json
from lockgate.engine.rego.json_schema.canonical import RangeError
from lockgate.engine.rego.json_schema.compile import compile_schema
from lockgate.engine.rego.json_schema.subschema import SchemaError, Subschema
from lockgate.engine.rego.json_schema.validate import Validator
from lockgate.engine.rego.meter import Meter, MeterError

# Work on one schema or document; that of Kubernetes' own types for one object needs some 10,000 steps.
MAX_STEPS: Final = 500_000

_Made = TypeVar("_Made")


def json_verify_schema(context: Context, schema: Value) -> Value:
    """Whether it is a schema, with what is wrong or null."""
    try:
        _guarded(lambda: _compiled(context, schema))
    except BuiltinError as error:
        return [False, f"jsonschema: {error.message}"]
    return [True, None]


def json_match_schema(context: Context, document: Value, schema: Value) -> Value:
    """Whether a document matches a schema, with all that is wrong."""
    return _guarded(lambda: _matched(context, document, schema))


def _matched(context: Context, document: Value, schema: Value) -> Value:
    given = _loaded(context, document)
    compiled = _compiled(context, schema)
    found = Validator(Meter(MAX_STEPS, context.spend)).check(compiled, given)
    flaws: list[Value] = [
        {"error": str(flaw), "type": flaw.type, "field": flaw.field, "desc": flaw.description}
        for flaw in found.flaws
    ]
    return [not flaws, flaws]


def _guarded(compute: Callable[[], _Made]) -> _Made:
    """What the function gives; what goes wrong in it is a builtin's error, or over a limit."""
    try:
        return compute()
    except SchemaError as error:
        raise BuiltinError(str(error)) from error
    except RangeError as error:
        raise BuiltinError("a number is out of the range of 64 bits") from error
    except RegexLimitError as error:
        raise BuiltinLimitError(error.message) from error
    except MeterError as error:
        raise BuiltinLimitError(f"the JSON schema needs more than {MAX_STEPS} steps") from error
    except RecursionError as error:
        raise BuiltinLimitError("the JSON schema nests too deep") from error


def _loaded(context: Context, given: Value) -> Value:
    """The JSON document of a text, an array or an object."""
    if type(given) is str:
        context.spend(len(given) >> 6)
        try:
            return parse_json(given)
        except InputError as error:
            if "nested" in error.message:
                raise BuiltinLimitError(error.message) from error
            raise BuiltinError("invalid JSON string") from error
    if type(given) in (list, dict, Object):
        return as_json(given)
    raise BuiltinError("wrong type, expected string or object")


def _compiled(context: Context, given: Value) -> Subschema:
    if type(given) is str:
        schema, steps = _compiled_text(given)
        # Counted whether it was remembered or not.
        context.spend(steps + (len(given) >> 6))
        return schema
    return compile_schema(_loaded(context, given), Meter(MAX_STEPS, context.spend))


@lru_cache(maxsize=16)
def _compiled_text(text: str) -> tuple[Subschema, int]:
    meter = Meter(MAX_STEPS)
    schema = compile_schema(_loaded(_Unpaid(), text), meter)
    return schema, meter.steps


class _Unpaid:
    """Stands for an evaluation where what is made outlives it."""

    now_ns = 0

    def spend(self, steps: int) -> None:
        """Costs nothing: who uses the result pays."""
