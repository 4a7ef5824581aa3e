"""`strings.render_template`: a Go template with an object as its data."""

from functools import lru_cache
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.builtins.context import Context, reserve
from lockgate.engine.rego.builtins.errors import BuiltinError, BuiltinLimitError
from lockgate.engine.rego.builtins.operands import object_, string
from lockgate.engine.rego.templates.errors import TemplateDepthError, TemplateError
from lockgate.engine.rego.templates.execute import execute
from lockgate.engine.rego.templates.parser import Templates, parse
from lockgate.engine.rego.templates.values import from_data

_CACHED: Final = 64


def strings_render_template(context: Context, template: Value, data: Value) -> str:
    """The text that the template makes of the data."""
    text, given = string(template, 1), object_(data, 2)
    context.spend(len(text) >> 4)
    try:
        made = execute(context, text, _parsed(text), from_data(given))
    except TemplateError as error:
        raise BuiltinError(str(error)) from error
    except (TemplateDepthError, RecursionError) as error:
        raise BuiltinLimitError("the template nests too deep") from error
    # As OPA does with what a template writes for no value.
    made = made.replace("<no value>", "<undefined>")
    reserve(context, len(made))
    return made


@lru_cache(maxsize=_CACHED)
def _parsed(text: str) -> Templates:
    return parse(text)
