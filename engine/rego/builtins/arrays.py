"""`array.*`."""

from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.builtins.context import Context, reserve_slots
from lockgate.engine.rego.builtins.operands import array, machine_integer


def array_concat(context: Context, left: Value, right: Value) -> list[Value]:
    """Both arrays, one after the other."""
    first, second = array(left, 1), array(right, 2)
    reserve_slots(context, len(first) + len(second))
    return first + second


def array_flatten(context: Context, value: Value) -> list[Value]:
    """The array with each array in it replaced by its elements, one level deep."""
    found = array(value, 1)
    reserve_slots(context, sum(len(item) if type(item) is list else 1 for item in found))
    flat: list[Value] = []
    for item in found:
        if type(item) is list:
            flat.extend(item)
        else:
            flat.append(item)
    return flat


def array_reverse(context: Context, value: Value) -> list[Value]:
    """The array from its end."""
    found = array(value, 1)
    reserve_slots(context, len(found))
    return found[::-1]


def array_slice(context: Context, value: Value, start: Value, stop: Value) -> list[Value]:
    """The elements from `start` up to, without, `stop`; both are clamped to the array."""
    found = array(value, 1)
    first, last = machine_integer(start, 2), machine_integer(stop, 3)
    last = min(max(last, 0), len(found))
    first = min(max(first, 0), last)
    reserve_slots(context, last - first)
    return found[first:last]
