"""A structural `openAPIV3Schema`: what a template says of its constraints' parameters.

Reads the schema as Kubernetes reads that of a CustomResourceDefinition, with the same demands: a type at every
level, no `$ref`, defaults that fit (k8s.io/apiextensions-apiserver pkg/apiserver/schema; kubernetes.io,
"Specifying a structural schema"). `legacySchema` adds `x-kubernetes-preserve-unknown-fields` at every level.
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Final

from lockgate.engine.codegen.values import UNDEFINED, Number, Undefined, Value, equal
from lockgate.engine.documents.document import Path
from lockgate.engine.errors import LockgateError
from lockgate.engine.record import record
from lockgate.gatekeeper.problems import Problem

TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")

# Real schemas stay below 15 levels; each level costs a Python frame while checking.
MAX_SCHEMA_DEPTH: Final = 48

_UNSUPPORTED: Final = (
    "id",
    "$schema",
    "$ref",
    "patternProperties",
    "dependencies",
    "additionalItems",
    "definitions",
)
# What a schema under allOf, anyOf, oneOf and not may not say: it only narrows, the outer schema tells the shape.
_NOT_NESTED: Final = (
    "type",
    "additionalProperties",
    "default",
    "title",
    "description",
    "nullable",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
)
_INT_OR_STRING: Final[Value] = [{"type": "integer"}, {"type": "string"}]

Search = Callable[[str], bool]


@record
class Schema:
    """One level of a schema. Absent bounds are None; `additional` is the schema of other properties, or a bool."""

    type: str = ""
    nullable: bool = False
    preserve_unknown: bool = False
    embedded: bool = False
    int_or_string: bool = False
    default: Value | Undefined = UNDEFINED
    properties: "Mapping[str, Schema]" = field(default_factory=dict)
    additional: "Schema | bool | None" = None
    items: "Schema | None" = None
    required: tuple[str, ...] = ()
    enum: tuple[Value, ...] | None = None
    pattern: str = ""
    search: Search | None = None
    format: str = ""
    minimum: int | Number | None = None
    maximum: int | Number | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False
    multiple_of: int | Number | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_items: int | None = None
    max_items: int | None = None
    unique_items: bool = False
    min_properties: int | None = None
    max_properties: int | None = None
    all_of: "tuple[Schema, ...]" = ()
    any_of: "tuple[Schema, ...]" = ()
    one_of: "tuple[Schema, ...]" = ()
    negated: "Schema | None" = None


@record
class _Shape:
    """What a level says of the shape of a value. `Schema` has the same fields."""

    type: str
    nullable: bool
    preserve_unknown: bool
    embedded: bool
    int_or_string: bool
    default: Value | Undefined
    properties: Mapping[str, Schema]
    additional: Schema | bool | None
    items: Schema | None


ANYTHING: Final = Schema(preserve_unknown=True)


def parse_schema(value: Value, path: Path, problems: list[Problem], *, legacy: bool = False) -> Schema:
    """Reads a schema at `path`; adds what is wrong with it to `problems` and goes on."""
    return _Reader(problems, legacy).level(value, path, nested=False, depth=0)


class _Reader:
    def __init__(self, problems: list[Problem], legacy: bool) -> None:
        self.problems = problems
        self.legacy = legacy

    def problem(self, path: Path, message: str, hint: str = "") -> None:
        self.problems.append(Problem(path, message, hint))

    def level(self, value: Value, path: Path, *, nested: bool, depth: int) -> Schema:
        if depth > MAX_SCHEMA_DEPTH:
            self.problem(path, f"the schema is nested deeper than {MAX_SCHEMA_DEPTH} levels")
            return ANYTHING
        if not isinstance(value, dict):
            self.problem(path, "a schema must be an object")
            return ANYTHING
        for name in _UNSUPPORTED:
            if value.get(name):
                self.problem((*path, name), f"`{name}` is not supported in a structural schema")
        shape = self._shape(value, path, nested=nested, depth=depth)
        return self._bounds(value, path, shape, depth)

    def _shape(self, value: dict[str, Value], path: Path, *, nested: bool, depth: int) -> _Shape:
        kind = self._text(value, "type", path)
        if kind and kind not in TYPES:
            self.problem(
                (*path, "type"),
                f"unknown type {kind!r}",
                f"the types are {', '.join(TYPES)}; null is `nullable`",
            )
            kind = ""
        preserve = self._flag(value, "x-kubernetes-preserve-unknown-fields", path)
        int_or_string = self._flag(value, "x-kubernetes-int-or-string", path)
        embedded = self._flag(value, "x-kubernetes-embedded-resource", path)
        legacy = self.legacy and not nested
        if legacy and kind in ("", "object") and not int_or_string:
            preserve = True
        if nested:
            for name in _NOT_NESTED:
                if value.get(name) not in (None, False, "", []):
                    self.problem((*path, name), f"`{name}` must not be set under allOf, anyOf, oneOf or not")
        else:
            if not kind and not preserve and not int_or_string:
                self.problem(
                    path,
                    "the schema has no type",
                    "every level needs `type`, `x-kubernetes-int-or-string: true` or "
                    "`x-kubernetes-preserve-unknown-fields: true`",
                )
            if int_or_string and preserve:
                self.problem(
                    (*path, "x-kubernetes-preserve-unknown-fields"),
                    "must not be set beside x-kubernetes-int-or-string",
                )
            if embedded and kind != "object":
                self.problem(path, "x-kubernetes-embedded-resource needs `type: object`")
        items = self._items(value, path, kind=kind, nested=nested, depth=depth)
        properties = {
            name: self.level(inner, (*path, "properties", name), nested=nested, depth=depth + 1)
            for name, inner in self._object(value, "properties", path).items()
        }
        additional: Schema | bool | None = None
        raw = value.get("additionalProperties")
        if isinstance(raw, dict):
            additional = self.level(raw, (*path, "additionalProperties"), nested=nested, depth=depth + 1)
        elif isinstance(raw, bool):
            additional = raw
        elif raw is not None:
            self.problem((*path, "additionalProperties"), "must be a schema or a boolean")
        if (additional is False or isinstance(additional, Schema)) and properties and not nested:
            self.problem(
                (*path, "additionalProperties"), "additionalProperties and properties are mutually exclusive"
            )
        return _Shape(
            type=kind,
            nullable=self._flag(value, "nullable", path),
            preserve_unknown=preserve,
            embedded=embedded,
            int_or_string=int_or_string,
            default=value["default"] if value.get("default") is not None else UNDEFINED,
            properties=properties,
            additional=additional,
            items=items,
        )

    def _items(
        self, value: dict[str, Value], path: Path, *, kind: str, nested: bool, depth: int
    ) -> Schema | None:
        raw = value.get("items")
        if isinstance(raw, list):
            self.problem((*path, "items"), "items must be one schema, not a list")
            return None
        if raw is not None:
            return self.level(raw, (*path, "items"), nested=nested, depth=depth + 1)
        if kind == "array" and not nested:
            if self.legacy:
                return ANYTHING
            self.problem(path, "an array needs `items`")
        return None

    def _bounds(self, value: dict[str, Value], path: Path, shape: _Shape, depth: int) -> Schema:
        required = value.get("required")
        names: tuple[str, ...] = ()
        if required is not None:
            if isinstance(required, list) and all(isinstance(name, str) for name in required):
                names = tuple([str(name) for name in required])
            else:
                self.problem((*path, "required"), "must be a list of names")
        enum = value.get("enum")
        if enum is not None and not isinstance(enum, list):
            self.problem((*path, "enum"), "must be a list")
            enum = None
        pattern = self._text(value, "pattern", path)
        whole_any_of = shape.int_or_string and equal(value.get("anyOf"), _INT_OR_STRING)
        unique = self._flag(value, "uniqueItems", path)
        if unique:
            self.problem(
                (*path, "uniqueItems"), "uniqueItems must not be true", "use `x-kubernetes-list-type: set`"
            )
        raw_not = value.get("not")
        return Schema(
            type=shape.type,
            nullable=shape.nullable,
            preserve_unknown=shape.preserve_unknown,
            embedded=shape.embedded,
            int_or_string=shape.int_or_string,
            default=shape.default,
            properties=shape.properties,
            additional=shape.additional,
            items=shape.items,
            required=names,
            enum=None if enum is None else tuple(enum),
            pattern=pattern,
            search=self._search(pattern, path),
            format=self._text(value, "format", path),
            minimum=self._number(value, "minimum", path),
            maximum=self._number(value, "maximum", path),
            exclusive_minimum=self._flag(value, "exclusiveMinimum", path),
            exclusive_maximum=self._flag(value, "exclusiveMaximum", path),
            multiple_of=self._number(value, "multipleOf", path),
            min_length=self._count(value, "minLength", path),
            max_length=self._count(value, "maxLength", path),
            min_items=self._count(value, "minItems", path),
            max_items=self._count(value, "maxItems", path),
            unique_items=unique,
            min_properties=self._count(value, "minProperties", path),
            max_properties=self._count(value, "maxProperties", path),
            all_of=self._juncture(value, "allOf", path, shape, depth),
            any_of=() if whole_any_of else self._juncture(value, "anyOf", path, shape, depth),
            one_of=self._juncture(value, "oneOf", path, shape, depth),
            negated=None
            if raw_not is None
            else self.level(raw_not, (*path, "not"), nested=True, depth=depth + 1),
        )

    def _juncture(
        self, value: dict[str, Value], name: str, path: Path, outer: _Shape, depth: int
    ) -> tuple[Schema, ...]:
        raw = value.get(name)
        if raw is None:
            return ()
        if not isinstance(raw, list):
            self.problem((*path, name), "must be a list of schemas")
            return ()
        parts = [(inner, (*path, name, index)) for index, inner in enumerate(raw)]
        if name == "allOf" and outer.int_or_string and parts:
            first = parts[0][0]
            if isinstance(first, dict) and equal(first.get("anyOf"), _INT_OR_STRING):
                # The one place where Kubernetes lets a nested schema name types: what int-or-string means.
                rest: Value = {key: item for key, item in first.items() if key != "anyOf"}
                parts[0] = (rest, parts[0][1])
        return tuple([self.level(inner, where, nested=True, depth=depth + 1) for inner, where in parts])

    def _search(self, pattern: str, path: Path) -> Search | None:
        if not pattern:
            return None
        from lockgate.engine.regex import compile_pattern

        try:
            compiled = compile_pattern(pattern)
        except LockgateError as error:
            self.problem((*path, "pattern"), f"{pattern!r} is no regular expression: {error.message}")
            return None
        return compiled.search

    def _object(self, value: dict[str, Value], name: str, path: Path) -> dict[str, Value]:
        raw = value.get(name)
        if isinstance(raw, dict):
            return raw
        if raw is not None:
            self.problem((*path, name), "must be an object")
        return {}

    def _text(self, value: dict[str, Value], name: str, path: Path) -> str:
        raw = value.get(name)
        if raw is None or isinstance(raw, str):
            return raw or ""
        self.problem((*path, name), "must be a string")
        return ""

    def _flag(self, value: dict[str, Value], name: str, path: Path) -> bool:
        raw = value.get(name)
        if raw is None or isinstance(raw, bool):
            return bool(raw)
        self.problem((*path, name), "must be true or false")
        return False

    def _number(self, value: dict[str, Value], name: str, path: Path) -> int | Number | None:
        raw = value.get(name)
        if raw is None or isinstance(raw, Number) or type(raw) is int:
            return raw
        self.problem((*path, name), "must be a number")
        return None

    def _count(self, value: dict[str, Value], name: str, path: Path) -> int | None:
        raw = value.get(name)
        if raw is None or type(raw) is int:
            return raw
        self.problem((*path, name), "must be an integer")
        return None
