"""`external_data`: Gatekeeper's function by which policies ask providers for what no manifest says.

After github.com/open-policy-agent/frameworks constraint/pkg/client/drivers/rego/builtin.go: the rows of `responses` and
`errors` are pairs; both are null where the provider gave no answer at all, and `system_error` says why.
"""

from typing import Final

from lockgate.engine.codegen.meter import charge
from lockgate.engine.codegen.spending import SLICE
from lockgate.engine.codegen.values import Object, Set, Value, object_items, type_name
from lockgate.engine.decision import Reply
from lockgate.engine.external_data import UnansweredError
from lockgate.engine.rego.builtins.context import AskingContext, reserve_values
from lockgate.engine.rego.builtins.errors import operand_error
from lockgate.engine.rego.builtins.operands import object_

# A request costs a slice of the budget, so that the time is looked at before each.
_REQUEST_STEPS: Final = SLICE


def external_data(context: AskingContext, request: Value) -> Value:
    """The answer of a provider: `{"responses", "errors", "status_code", "system_error"}`.

    request: `{"provider": name, "keys": [string, …]}`; anything else in it is left alone, and null counts as absent.
    """
    provider, keys = _read(request)
    asking = context.asking
    if asking is None:
        raise UnansweredError(f"the answers of provider {provider[:200]!r} (external_data)")
    reply = asking.known(provider, keys)
    if reply is None:
        context.spend(_REQUEST_STEPS)
        reply = asking.ask(provider, keys, context.budget.seconds_left())
    reserve_values(context, len(reply.items or ()))
    return _shown(reply)


def _read(request: Value) -> tuple[str, tuple[str, ...]]:
    """Provider and keys, as Go decodes the request's text as JSON: by names in any case, of which the last counts."""
    _refuse_sets(request)
    provider = ""
    keys: tuple[str, ...] = ()
    if request is None:
        return provider, keys
    for name, value in object_items(object_(request, 1)):
        field = str(name).casefold()
        if field == "provider" and value is not None:
            if type(value) is not str:
                raise operand_error(1, f"has a 'provider' that is no string but {type_name(value)}")
            provider = value
        elif field == "keys":
            keys = _keys(value)
    return provider, keys


def _keys(given: Value) -> tuple[str, ...]:
    if given is None:
        return ()
    if type(given) is not list:
        raise operand_error(1, f"has 'keys' that are no array but {type_name(given)}")
    keys: list[str] = []
    for key in given:
        # Go reads null as an empty string.
        if key is not None and type(key) is not str:
            raise operand_error(1, f"has a key that is no string but {type_name(key)}")
        keys.append("" if key is None else key)
    return tuple(keys)


def _refuse_sets(request: Value) -> None:
    """Refuses what has no JSON: Gatekeeper's driver reads the request from its text."""
    pending: list[Value] = [request]
    while pending:
        value = pending.pop()
        if type(value) is dict:
            pending += value.values()
        elif type(value) is list:
            charge(len(value))
            pending += value
        elif type(value) is Set or type(value) is Object:
            what = "a set" if type(value) is Set else "an object with keys that are no strings"
            raise operand_error(1, f"holds {what}, which is no JSON")


def _shown(reply: Reply) -> dict[str, Value]:
    responses: Value = None
    errors: Value = None
    if reply.items is not None:
        responses = [[item.key, item.value] for item in reply.items if not item.error]
        errors = [[item.key, item.error] for item in reply.items if item.error]
    return {
        "responses": responses,
        "errors": errors,
        "status_code": reply.status,
        "system_error": reply.system_error,
    }
