"""Literals: values as Python source. The only way in which text of a policy gets into generated code."""

from typing import Any

from lockgate.engine.codegen.values import UNDEFINED, Number, Object, Set, Value, object_items


def literal(value: Value) -> str:
    """Python source that makes the value; strings through `repr`, which quotes whatever they hold."""
    kind = type(value)
    if value is None or kind is bool or kind is int:
        return repr(value)
    if kind is str:
        return ascii(value)
    if kind is Number:
        assert isinstance(value, Number)
        return f"Number({value.text!r})"
    if isinstance(value, list):
        return "[" + ", ".join([literal(item) for item in value]) + "]"
    if isinstance(value, Set):
        return "make_set([" + ", ".join([literal(item) for item in value.members.values()]) + "])"
    if isinstance(value, dict):
        return "{" + ", ".join([f"{literal(k)}: {literal(v)}" for k, v in value.items()]) + "}"
    assert isinstance(value, Object)
    pairs = [f"({literal(k)}, {literal(v)})" for k, v in object_items(value)]
    return "make_object([" + ", ".join(pairs) + "])"


def is_inline(value: Any) -> bool:
    """Is the literal short and made without a call, so that it may stand in the code itself?"""
    kind = type(value)
    if value is UNDEFINED or value is None or kind is bool:
        return True
    return (kind is int and -(2**62) < value < 2**62) or (kind is str and len(value) <= 200)
