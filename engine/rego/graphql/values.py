"""Values as they are written, and whether they can be read."""

import math

from lockgate.engine.rego.builtins.gotext import quote
from lockgate.engine.rego.graphql import nodes
from lockgate.engine.rego.graphql.nodes import Node

_INT32 = 1 << 31
_INT64 = 1 << 63


def value_text(value: Node) -> str:
    """A value as GraphQL."""
    kind = value["Kind"]
    if kind == nodes.VARIABLE:
        return f"${value['Raw']}"
    if kind in (nodes.STRING, nodes.BLOCK):
        return quote(value["Raw"])
    if kind == nodes.LIST:
        return "[" + ",".join([value_text(child["Value"]) for child in value["Children"]]) + "]"
    if kind == nodes.OBJECT:
        members = [f"{child['Name']}:{value_text(child['Value'])}" for child in value["Children"]]
        return "{" + ",".join(members) + "}"
    text: str = value["Raw"]
    return text


def is_readable(value: Node) -> bool:
    """Are all numbers inside of it in the range of 64 bits? A variable is as readable as its default value."""
    kind = value["Kind"]
    if kind == nodes.INT:
        return fits(value["Raw"], _INT64)
    if kind == nodes.FLOAT:
        return is_float(value["Raw"])
    if kind == nodes.BOOLEAN:
        return value["Raw"] in (
            "true",
            "false",
            "1",
            "0",
            "t",
            "f",
            "T",
            "F",
            "TRUE",
            "FALSE",
            "True",
            "False",
        )
    if kind == nodes.VARIABLE:
        default = None if value.variable is None else value.variable["DefaultValue"]
        return default is None or is_readable(default)
    if kind in (nodes.LIST, nodes.OBJECT):
        return all(is_readable(child["Value"]) for child in value["Children"])
    return True


def is_integer(text: str) -> bool:
    """Is it written as an integer?"""
    digits = text[1:] if text[:1] in ("-", "+") else text
    return digits.isascii() and digits.isdecimal()


def fits(text: str, bound: int = _INT32) -> bool:
    """Is it an integer from -bound up to, without, bound?"""
    if not is_integer(text):
        return False
    digits = text.lstrip("+-").lstrip("0")
    # More digits than the bound has need no arithmetic.
    if len(digits) > 20:
        return False
    number = int(digits or "0")
    return -bound <= (-number if text[0] == "-" else number) < bound


def is_float(text: str) -> bool:
    """Is it a number that a float of 64 bits can hold?"""
    try:
        return not math.isinf(float(text))
    except ValueError:
        return False
