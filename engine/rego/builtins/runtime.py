"""`opa.runtime`: the document that whoever evaluates has given, without what is secret in a configuration of OPA.

It is empty unless something was given: of the process, its environment above all, nothing is in it by itself.
"""

from collections.abc import Mapping
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.builtins.context import Context
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.outside import Outside

_KEYS: Final = ("key", "private_key")


def opa_runtime(outside: Outside, context: Context) -> dict[str, Value]:
    """The document."""
    document = dict(outside.runtime)
    config = document.get("config")
    if isinstance(config, dict):
        shown = dict(config)
        if shown.get("services") is not None:
            shown["services"] = _without(shown["services"], "services", ("credentials",))
        if shown.get("keys") is not None:
            if not isinstance(shown["keys"], dict):
                raise BuiltinError("illegal keys config type")
            shown["keys"] = _without(shown["keys"], "keys", _KEYS)
        document["config"] = shown
    return document


def _without(value: Value, what: str, secret: tuple[str, ...]) -> Value:
    """The members of a collection without their secret fields."""
    if isinstance(value, list):
        return [_stripped(item, what, secret) for item in value]
    if isinstance(value, dict):
        return {name: _stripped(item, what, secret) for name, item in value.items()}
    raise BuiltinError(f"illegal {what} config type")


def _stripped(value: Value, what: str, secret: tuple[str, ...]) -> Value:
    if not isinstance(value, Mapping):
        raise BuiltinError(f"illegal {what} config type")
    return {name: item for name, item in value.items() if name not in secret}
