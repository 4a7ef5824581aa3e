"""`rego.parse_module`: the syntax tree of a module, as OPA writes it."""

from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.ast_json import module_json
from lockgate.engine.rego.builtins.context import Context, reserve
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.operands import string
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.source import Source


def rego_parse_module(context: Context, filename: Value, text: Value) -> Value:
    """The tree of a module of Rego v1."""
    name, given = string(filename, 1), string(text, 2)
    # What is written takes some dozen times as much as a tree.
    reserve(context, 50 * len(given))
    try:
        return module_json(parse_module(Source(given, name)))
    except RegoError as error:
        raise BuiltinError(str(error)) from error
