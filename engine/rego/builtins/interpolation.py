"""`internal.template_string`: what `$"…{expression}…"` becomes."""

from lockgate.engine.codegen.values import Set, Value, render_rego
from lockgate.engine.rego.builtins.context import Context, reserve
from lockgate.engine.rego.builtins.errors import BuiltinError, BuiltinLimitError
from lockgate.engine.rego.builtins.operands import array


def internal_template_string(context: Context, parts: Value) -> str:
    """The parts as one text; a set stands for an expression with its only value, or none."""
    made: list[str] = []
    size = 0
    for part in array(parts, 1):
        shown = _shown(part)
        size += len(shown)
        made.append(shown)
        reserve(context, size)
    return "".join(made)


def _shown(part: Value) -> str:
    if type(part) is str:
        return part
    if type(part) is not Set:
        if type(part) in (list, dict):
            raise BuiltinError("illegal argument type of a template string")
        return render_rego(part)
    if len(part) == 0:
        return "<undefined>"
    if len(part) > 1:
        raise BuiltinLimitError("template-strings must not produce multiple outputs")
    (value,) = part
    return value if type(value) is str else render_rego(value)
