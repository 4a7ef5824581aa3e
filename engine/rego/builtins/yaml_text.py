"""`yaml.*`: values from and to YAML, as OPA reads and writes it with go-yaml v3.

Plain scalars are resolved by YAML 1.2's core schema: `yes` and dates are strings. Of several documents the first
counts; of equal keys the last.
"""

import re
from math import isfinite
from typing import Any, Final

import yaml
from lockgate.engine.codegen.budget import MAX_DEPTH
from lockgate.engine.codegen.values import Number, Value, parse_json
from lockgate.engine.documents.go_numbers import float_key, from_float
from lockgate.engine.errors import InputError
from lockgate.engine.rego.builtins.context import Context, made_values, reserve, reserve_values
from lockgate.engine.rego.builtins.encodings import base64_decode
from lockgate.engine.rego.builtins.errors import BuiltinError, BuiltinLimitError
from lockgate.engine.rego.builtins.json_text import json_marshal
from lockgate.engine.rego.builtins.operands import string
from lockgate.engine.rego.builtins.yaml_order import in_order
from yaml.scanner import ScannerError

_PREFIX: Final = "tag:yaml.org,2002:"
_PLAIN: Final = ""
_CONSTANTS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_INTEGER: Final = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
# Strings that YAML 1.1 reads as something else are quoted for its readers.
_OLD: Final = re.compile(
    r"[yYnN]|[yY]es|YES|[nN]o|NO|[oO]n|ON|[oO]ff|OFF|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?")


class _Loader(yaml.CLoader):
    """A parser that leaves plain scalars unresolved."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        if kind is yaml.ScalarNode and implicit[0]:
            return _PLAIN
        kinds = {yaml.ScalarNode: "str", yaml.SequenceNode: "seq", yaml.MappingNode: "map"}
        return _PREFIX + kinds[kind]


def yaml_unmarshal(context: Context, text: Value) -> Value:
    """The value of YAML text."""
    given = string(text, 1)
    # A node with its marks takes some 500 bytes, and begins with two or more characters.
    reserve_values(context, 4 * len(given))
    try:
        roots = list(yaml.compose_all(given, _Loader))
    except yaml.YAMLError as error:
        if "maximum nesting depth" in str(error):
            raise BuiltinLimitError(f"nested deeper than {MAX_DEPTH} levels") from error
        raise BuiltinError(f"yaml: {_described(error)}") from error
    except RecursionError as error:
        raise BuiltinLimitError(f"nested deeper than {MAX_DEPTH} levels") from error
    return _Builder(context).value(roots[0], 0) if roots else None


def _described(error: yaml.YAMLError) -> str:
    if not isinstance(error, yaml.MarkedYAMLError):
        return str(error)
    # The line as go-yaml counts it: from 0 in the parser, from 1 in the scanner, and not said when it is 0.
    lines = [mark.line for mark in (error.context_mark, error.problem_mark) if mark is not None and mark.line]
    if not lines:
        return str(error.problem)
    line = lines[0] + isinstance(error, ScannerError)
    return f"line {line}: {error.problem}"


def yaml_is_valid(context: Context, text: Value) -> bool:
    """Is it YAML that JSON can say?"""
    if type(text) is not str:
        return False
    try:
        yaml_unmarshal(context, text)
    except BuiltinError:
        return False
    return True


class _Builder:
    """Builds values from nodes and counts them: an alias stands for all that its anchor holds."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.built = 0

    def value(self, node: Any, depth: int) -> Value:
        if depth > MAX_DEPTH:
            raise BuiltinLimitError(f"nested deeper than {MAX_DEPTH} levels")
        self.built += 1
        if self.built & 0xFF == 0:
            reserve_values(self.context, 0x100)
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node.tag, node.value)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, depth + 1) for item in node.value]
        return self.mapping(node, depth)

    def mapping(self, node: Any, depth: int) -> dict[str, Value]:
        own: dict[str, Value] = {}
        merged: list[Any] = []
        for name, item in node.value:
            if isinstance(name, yaml.ScalarNode) and name.tag == _PLAIN and name.value == "<<":
                merged += item.value if isinstance(item, yaml.SequenceNode) else [item]
                continue
            own[_key(name)] = self.value(item, depth + 1)
        for other in merged:
            if not isinstance(other, yaml.MappingNode):
                raise BuiltinError("yaml: map merge requires map or sequence of maps as the value")
            for name, item in self.mapping(other, depth + 1).items():
                own.setdefault(name, item)
        return own


def _key(node: Any) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise BuiltinError("yaml: invalid map key")
    found = _resolved(node.tag, node.value)
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, float):
        return float_key(found)
    if found is None:
        raise BuiltinError("yaml: unsupported map key of type: null")
    return str(found)


def _scalar(tag: str, text: str) -> Value:
    found = _resolved(tag, text)
    if isinstance(found, float):
        if not isfinite(found):
            raise BuiltinError(f"json: unsupported value: {text}")
        return from_float(found)
    return found


def _resolved(tag: str, text: str) -> str | int | float | bool | None:
    if tag == _PREFIX + "binary":
        return base64_decode(text)
    known = ("bool", "int", "float", "null")
    if tag != _PLAIN and tag.removeprefix(_PREFIX) not in known:
        return text
    found = _plain(text)
    if tag == _PREFIX + "float" and type(found) is int:
        return float(found)
    names = {bool: "bool", int: "int", float: "float", type(None): "null", str: "str"}
    if tag not in (_PLAIN, _PREFIX + names[type(found)]):
        raise BuiltinError(
            f"yaml: cannot decode !!{names[type(found)]} `{text[:100]}` as a {tag.replace(_PREFIX, '!!')}"
        )
    return found


def _plain(text: str) -> str | int | float | bool | None:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", "").lower())
    digits = text.replace("_", "") if text[0] in "+-0123456789" else text
    if _INTEGER.fullmatch(digits):
        unsigned = digits.lstrip("+-")
        octal = len(unsigned) > 1 and unsigned.isdigit() and unsigned[0] == "0"
        number = int(digits, 8 if octal else 0) if len(digits) <= 70 else 1 << 64
        if -(1 << 63) <= number < 1 << 64:
            return number
    if _FLOAT.fullmatch(digits):
        try:
            found = float(digits)
        except ValueError:
            return text
        return found if isfinite(found) else text
    return text


class _Dumper(yaml.SafeDumper):
    """An emitter that indents sequences in mappings, as go-yaml v3 does."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        # No scalar needs a tag: `_style` quotes what is not plain.
        kinds = {yaml.ScalarNode: "str", yaml.SequenceNode: "seq", yaml.MappingNode: "map"}
        return _PREFIX + kinds[kind]

    def check_simple_key(self) -> bool:
        # An empty text is written `"":` by go-yaml.
        found: bool = super().check_simple_key()
        return found or (self.analysis is not None and self.analysis.empty)


def yaml_marshal(context: Context, value: Value) -> str:
    """The value as YAML in block style, keys sorted, indented by two."""
    # By way of JSON, which makes arrays of sets and strings of keys.
    try:
        json = json_marshal(context, value)
        plain = parse_json(json)
    except InputError as error:
        raise BuiltinLimitError(error.message) from error
    made_values(8 * len(json))
    text = yaml.serialize(_node(plain), Dumper=_Dumper, width=float("inf"), allow_unicode=True)
    assert isinstance(text, str)
    reserve(context, len(text))
    # The emitter ends a document of one plain scalar with a mark that go-yaml does not write.
    return text.removesuffix("...\n")


def _node(value: Value) -> Any:
    if type(value) is dict:
        pairs = [(_node(name), _node(value[name])) for name in in_order(list(value))]
        return yaml.MappingNode(_PREFIX + "map", pairs, flow_style=not pairs)
    if type(value) is list:
        return yaml.SequenceNode(_PREFIX + "seq", [_node(item) for item in value], flow_style=not value)
    if type(value) is str:
        return yaml.ScalarNode(_PREFIX + "str", value, style=_style(value))
    if value is None:
        return yaml.ScalarNode(_PREFIX + "str", "null")
    if type(value) is bool:
        return yaml.ScalarNode(_PREFIX + "str", "true" if value else "false")
    assert type(value) is int or type(value) is Number
    if type(value) is int and -(1 << 63) <= value < 1 << 64:
        return yaml.ScalarNode(_PREFIX + "str", str(value))
    # go-yaml reads the JSON before it writes it: the number is a float of 64 bits by then.
    return yaml.ScalarNode(_PREFIX + "str", _float_text(value))


def _float_text(value: int | Number) -> str:
    from lockgate.engine.rego.builtins.gotext import format_float

    try:
        found = float(value.exact if type(value) is Number else value)
    except OverflowError:
        found = float("inf")
    if found in (float("inf"), float("-inf")):
        raise BuiltinLimitError("a number is out of range for YAML")
    return format_float(found, "g", -1)


def _style(text: str) -> str | None:
    if "\n" in text:
        return "|"
    if type(_plain(text)) is not str or _OLD.fullmatch(text) or _DATE.fullmatch(text):
        return '"'
    return None
