"""`http.send`: a request to a host that the capabilities name, answered once for each evaluation."""

from collections.abc import Mapping
from typing import Any, Final

from lockgate.engine.codegen.spending import SLICE
from lockgate.engine.codegen.values import Object, Set, Value, object_items, render_rego
from lockgate.engine.rego.builtins.context import OutsideContext
from lockgate.engine.rego.builtins.errors import BuiltinError, operand_error
from lockgate.engine.rego.builtins.operands import object_
from lockgate.engine.rego.http import answers
from lockgate.engine.rego.http.errors import NetworkError, RequestError
from lockgate.engine.rego.http.options import (
    KNOWN,
    REQUIRED,
    Request,
    cache_key,
    raises_errors,
    read_options,
)
from lockgate.engine.rego.http.sending import send
from lockgate.engine.rego.outside import Outside

_INTERNAL: Final = "eval_http_send_internal_error"
_NETWORK: Final = "eval_http_send_network_error"
# A request costs a slice of the budget, so that the time is looked at before each.
_REQUEST_STEPS: Final = SLICE
# Answers that other evaluations may have, together at most.
_MAX_KEPT: Final = 256
_MAX_KEPT_SIZE: Final = 50_000_000


def http_send(outside: Outside, context: OutsideContext, request: Value) -> Value:
    """The answer as an object with status, body and headers, or with the error where `raise_error` is false."""
    given = object_(request, 1)
    options = {name: item for name, item in object_items(given) if type(name) is str}
    try:
        raises = raises_errors(options)
    except RequestError as error:
        raise BuiltinError(str(error)) from error
    try:
        _check_names(given)
        return _answered(outside, context, options)
    except BuiltinError as error:
        # A wrong operand is an error of its own kind.
        if raises or error.code != "eval_type_error":
            raise
        return _as_answer(_INTERNAL, f"eval_type_error: http.send: {error.message}")
    except RequestError as error:
        if raises:
            raise BuiltinError(str(error)) from error
        code = _NETWORK if isinstance(error, NetworkError) else _INTERNAL
        return _as_answer(code, str(error))


def _check_names(given: "dict[str, Value] | Object") -> None:
    names = Set([name for name, _ in object_items(given)])
    unknown = Set([name for name in names if not isinstance(name, str) or name not in KNOWN])
    if len(unknown):
        raise operand_error(1, f"invalid request parameters(s): {render_rego(unknown)[:500]}")
    missing = Set([name for name in REQUIRED if name not in names])
    if len(missing):
        raise operand_error(1, f"missing required request parameters(s): {render_rego(missing)}")


def _as_answer(code: str, message: str) -> Value:
    return {"status_code": 0, "error": {"code": code, "message": message}}


def _answered(outside: Outside, context: OutsideContext, options: Mapping[str, Value]) -> Value:
    """The answer that this evaluation has already, that another one left, or that the server gives now."""
    key = cache_key(options)
    answered = outside.answers(context.budget)
    found = answered.get(key)
    if isinstance(found, RequestError):
        raise found
    if found is not None:
        value: Value = found
        return value
    request = read_options(options)
    shared = request.has("cache") or request.has("force_cache")
    kept = _kept(outside.shared, key, context.now_ns) if shared else None
    if kept is not None:
        answered[key] = kept
        return kept
    context.spend(_REQUEST_STEPS)
    try:
        answer = send(request, outside)
    except RequestError as error:
        answered[key] = error
        raise
    shown = answers.shown(context, request, answer)
    if shared or answer.status in answers.KEPT_STATUSES:
        answered[key] = shown
    if shared:
        _keep(outside.shared, key, request, answer, shown, context.now_ns)
    return shown


def _kept(shared: dict[Any, Any], key: str, now_ns: int) -> Value | None:
    until, _, shown = shared.get(key, (0, 0, None))
    if now_ns >= until:
        shared.pop(key, None)
        return None
    value: Value = shown
    return value


def _keep(shared: dict[Any, Any], key: str, request: Request, answer: Any, shown: Value, now_ns: int) -> None:
    until = answers.kept_until(request, answer, now_ns)
    if until <= now_ns:
        return
    size = len(answer.body) + len(key)
    shared[key] = (until, size, shown)
    # The oldest go first; a copy, since other threads may take some away.
    for old, (_, old_size, _) in list(shared.items()):
        total = sum([one for _, one, _ in list(shared.values())])
        if len(shared) <= _MAX_KEPT and total <= _MAX_KEPT_SIZE:
            return
        if old_size:
            shared.pop(old, None)
