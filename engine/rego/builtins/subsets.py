"""`object.subset`, for objects, sets and arrays."""

from lockgate.engine.codegen.values import Object, Set, Undefined, Value, equal, key
from lockgate.engine.rego.builtins.context import Context
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.lookup import lookup
from lockgate.engine.rego.builtins.objects import pairs_of


def _is_object(value: Value) -> bool:
    return type(value) is dict or type(value) is Object


def object_subset(context: Context, whole: Value, part: Value) -> bool:
    """Is `part` in `whole`: nested objects key by key, arrays as a run of elements, sets by membership?"""
    if type(whole) is list and type(part) is Set:
        return _array_has(context, whole, part)
    if (_is_object(whole) and _is_object(part)) or (type(whole) is type(part) and type(whole) in (list, Set)):
        return _holds(context, whole, part)
    raise BuiltinError(
        "both arguments object.subset must be of the same type or array and set", "eval_type_error"
    )


def _holds(context: Context, whole: Value, part: Value) -> bool:
    if _is_object(whole) and (type(part) is dict or type(part) is Object):
        pairs = pairs_of(part)
        context.spend(len(pairs) >> 6)
        for name, item in pairs:
            found = lookup(whole, name)
            if isinstance(found, Undefined):
                return False
            if not equal(found, item) and not _holds(context, found, item):
                return False
        return True
    if type(whole) is Set and type(part) is Set:
        return part.members.keys() <= whole.members.keys()
    if type(whole) is list and type(part) is list:
        return _has_run(context, whole, part)
    return False


def _has_run(context: Context, whole: list[Value], part: list[Value]) -> bool:
    context.spend(len(whole) * len(part) >> 4)
    for start in range(len(whole) - len(part) + 1):
        if all(map(equal, whole[start : start + len(part)], part)):
            return True
    return False


def _array_has(context: Context, whole: list[Value], part: Set) -> bool:
    """OPA counts an element once for each time that the array has it, and finds nothing in an empty array."""
    context.spend(len(whole) >> 6)
    unmatched = len(part)
    for item in whole:
        unmatched -= key(item) in part.members
        if unmatched == 0:
            return True
    return False
