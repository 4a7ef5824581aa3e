"""Facts of constraints: what follows a schema, what defaults are filled in; real gator is asked about each too."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from tests.gatekeeper.workbench import DUMP_PARAMETERS, Json, constraint


@dataclass(frozen=True)
class ConstraintCase:
    """A schema, a constraint and what comes of it.

    outcome: "schema" for a violation of the schema, "refused" for anything else that is wrong.
    shown: `json.marshal(input.parameters)` of a valid one, else a part of what is said.
    """

    name: str
    schema: Any
    value: Json
    outcome: Literal["valid", "schema", "refused"]
    shown: str
    rego: str = DUMP_PARAMETERS


def _object(required: list[str] | None = None, **properties: Any) -> Json:
    made: Json = {"type": "object", "properties": properties}
    return {**made, "required": required} if required else made


def _with(name: str, schema: Any, parameters: Any, outcome: Any, shown: str) -> ConstraintCase:
    return ConstraintCase(name, schema, constraint({"parameters": parameters}), outcome, shown)


def _spec(name: str, spec: Any, outcome: Any, shown: str) -> ConstraintCase:
    return ConstraintCase(name, _object(), constraint(spec), outcome, shown)


def _top(name: str, outcome: Any, shown: str, **top: Any) -> ConstraintCase:
    return ConstraintCase(name, _object(), constraint({}, **top), outcome, shown)


TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
LIST = {"type": "array", "items": TEXT}

# Strings of formats, and whether they have them.
FORMATS: tuple[tuple[str, str, bool], ...] = (
    ("ipv4", "010.1.2.3", True),
    ("ipv4", "256.1.1.1", False),
    ("ipv4", "1.2.3", False),
    ("ipv6", "::1", True),
    ("ipv6", "::ffff:1.2.3.4", True),
    ("ipv6", "1.2.3.4", False),
    ("ipv6", "fe80::1%eth0", False),
    ("cidr", "10.0.0.1/8", True),
    ("cidr", "10.0.0.0/33", False),
    ("cidr", "::/128", True),
    ("cidr", "10.0.0.0", False),
    ("date", "2026-02-28", True),
    ("date", "2026-02-29", False),
    ("date", "2026-W01-1", False),
    ("date-time", "2026-02-28T10:00:00Z", True),
    ("date-time", "2026-02-28t10:00:00.5+01:00", True),
    ("date-time", "2026-02-28 10:00:00Z", False),
    ("date-time", "2026-02-28T10:00:00", False),
    ("date-time", "2026-02-28T24:00:00Z", False),
    ("duration", "1h30m", True),
    ("duration", "-1.5s", True),
    ("duration", "3 days", True),
    ("duration", "22 ns", True),
    ("duration", "5 fortnights", False),
    ("duration", "h", False),
    ("hostname", "example.com", True),
    ("hostname", "a-b.example.com", True),
    ("hostname", "a-.example.com", False),
    ("hostname", "10.0.0.1", False),
    ("hostname", "host", True),
    ("hostname", "a-host", True),
    ("hostname", "my-host", False),
    ("hostname", "a_b.com", False),
    ("hostname", "ø.example.no", True),
    ("hostname", "a.b", False),
    ("email", "ann@example.com", True),
    ("email", "ann@", False),
    ("email", "example.com", False),
    ("uri", "https://example.com/a?b", True),
    ("uri", "/a/b", True),
    ("uri", "example", False),
    ("uuid", "123e4567-e89b-12d3-a456-426614174000", True),
    ("uuid", "123e4567e89b12d3a456426614174000", True),
    ("uuid", "123e4567", False),
    ("uuid4", "123e4567-e89b-12d3-a456-426614174000", False),
    ("uuid4", "123e4567-e89b-42d3-a456-426614174000", True),
    ("mac", "00:11:22:33:44:55", True),
    ("mac", "00:11:22:33:44", False),
    ("hexcolor", "#a0F", True),
    ("hexcolor", "#a0", False),
    ("rgbcolor", "rgb(1, 2,255)", True),
    ("rgbcolor", "rgb(1,2,256)", False),
    ("ssn", "123-45-6789", True),
    ("ssn", "123-45-678", False),
    ("byte", "YWI=", True),
    ("byte", "YWI", False),
    ("bsonobjectid", "507f1f77bcf86cd799439011", True),
    ("bsonobjectid", "507f", False),
    ("password", "x", True),
)


CONSTRAINT_CASES: tuple[ConstraintCase, ...] = (
    # types
    _with("string", _object(a=TEXT), {"a": "x"}, "valid", '{"a":"x"}'),
    _with("string: number", _object(a=TEXT), {"a": 1}, "schema", "must be of type string"),
    _with("string: null", _object(a=TEXT), {"a": None}, "schema", "must be of type string"),
    _with(
        "string: nullable null",
        _object(a={"type": "string", "nullable": True}),
        {"a": None},
        "valid",
        '{"a":null}',
    ),
    _with("integer", _object(a=WHOLE), {"a": 1000000}, "valid", '{"a":1000000}'),
    _with("integer: whole float", _object(a=WHOLE), {"a": 2.0}, "valid", '{"a":2}'),
    _with("integer: fraction", _object(a=WHOLE), {"a": 1.5}, "schema", "must be of type integer"),
    _with("integer: text", _object(a=WHOLE), {"a": "1"}, "schema", "must be of type integer"),
    _with("number", _object(a={"type": "number"}), {"a": 1.5}, "valid", '{"a":1.5}'),
    _with("number: integer", _object(a={"type": "number"}), {"a": 1}, "valid", '{"a":1}'),
    _with("boolean", _object(a={"type": "boolean"}), {"a": True}, "valid", '{"a":true}'),
    _with(
        "boolean: text", _object(a={"type": "boolean"}), {"a": "true"}, "schema", "must be of type boolean"
    ),
    _with("array", _object(a=LIST), {"a": ["x"]}, "valid", '{"a":["x"]}'),
    _with("array: item", _object(a=LIST), {"a": ["x", 1]}, "schema", "must be of type string"),
    _with("array: text", _object(a=LIST), {"a": "x"}, "schema", "must be of type array"),
    _with("object: list", _object(a=_object()), {"a": []}, "schema", "must be of type object"),
    _with(
        "int or string: int", _object(a={"x-kubernetes-int-or-string": True}), {"a": 1}, "valid", '{"a":1}'
    ),
    _with(
        "int or string: text",
        _object(a={"x-kubernetes-int-or-string": True}),
        {"a": "1"},
        "valid",
        '{"a":"1"}',
    ),
    _with(
        "int or string: list",
        _object(a={"x-kubernetes-int-or-string": True}),
        {"a": []},
        "schema",
        "integer or a",
    ),
    _with(
        "int or string in words",
        _object(a={"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}),
        {"a": 1},
        "valid",
        '{"a":1}',
    ),
    # what values may be
    _with("required", _object(["a"], a=TEXT), {"a": "x"}, "valid", '{"a":"x"}'),
    _with("required: absent", _object(["a"], a=TEXT), {}, "schema", "is required"),
    _with(
        "required: null counts as there",
        _object(["a"], a=TEXT),
        {"a": None},
        "schema",
        "must be of type string",
    ),
    _with("required without parameters", _object(["a"], a=TEXT), {"b": 1}, "schema", "is required"),
    _with("enum", _object(a={"type": "string", "enum": ["x", "y"]}), {"a": "y"}, "valid", '{"a":"y"}'),
    _with(
        "enum: other",
        _object(a={"type": "string", "enum": ["x", "y"]}),
        {"a": "z"},
        "schema",
        "unsupported value",
    ),
    _with("pattern", _object(a={"type": "string", "pattern": "^x+$"}), {"a": "xx"}, "valid", '{"a":"xx"}'),
    _with(
        "pattern: a part is enough",
        _object(a={"type": "string", "pattern": "x"}),
        {"a": "axa"},
        "valid",
        '{"a":"axa"}',
    ),
    _with(
        "pattern: other",
        _object(a={"type": "string", "pattern": "^x+$"}),
        {"a": "xy"},
        "schema",
        "does not match",
    ),
    _with("minimum", _object(a={"type": "integer", "minimum": 1}), {"a": 1}, "valid", '{"a":1}'),
    _with(
        "minimum: a fraction",
        _object(a={"type": "number", "minimum": 1.5}),
        {"a": 1},
        "schema",
        "at least 1.5",
    ),
    _with(
        "null in an enum",
        _object(a={"type": "string", "nullable": True, "enum": ["a"]}),
        {"a": None},
        "schema",
        "unsupported value null",
    ),
    _with(
        "null that an enum has",
        _object(a={"type": "string", "nullable": True, "enum": ["a", None]}),
        {"a": None},
        "schema",
        "unsupported value null",
    ),
    _with(
        "null and a pattern",
        _object(a={"type": "string", "nullable": True, "pattern": "a", "not": {}}),
        {"a": None},
        "valid",
        '{"a":null}',
    ),
    _with("minimum: below", _object(a={"type": "integer", "minimum": 1}), {"a": 0}, "schema", "at least 1"),
    _with(
        "exclusive minimum",
        _object(a={"type": "integer", "minimum": 1, "exclusiveMinimum": True}),
        {"a": 1},
        "schema",
        "greater than 1",
    ),
    _with("maximum: above", _object(a={"type": "integer", "maximum": 9}), {"a": 10}, "schema", "at most 9"),
    _with(
        "exclusive maximum",
        _object(a={"type": "integer", "maximum": 9, "exclusiveMaximum": True}),
        {"a": 9},
        "schema",
        "less than 9",
    ),
    _with("multiple of", _object(a={"type": "integer", "multipleOf": 5}), {"a": 10}, "valid", '{"a":10}'),
    _with(
        "multiple of: other",
        _object(a={"type": "integer", "multipleOf": 5}),
        {"a": 11},
        "schema",
        "no multiple",
    ),
    _with(
        "length in code points",
        _object(a={"type": "string", "maxLength": 2}),
        {"a": "åø"},
        "valid",
        '{"a":"åø"}',
    ),
    _with(
        "maximal length",
        _object(a={"type": "string", "maxLength": 2}),
        {"a": "abc"},
        "schema",
        "over the limit of 2",
    ),
    _with(
        "minimal length", _object(a={"type": "string", "minLength": 2}), {"a": "a"}, "schema", "at least 2"
    ),
    _with(
        "most items", _object(a={**LIST, "maxItems": 1}), {"a": ["x", "y"]}, "schema", "over the limit of 1"
    ),
    _with("least items", _object(a={**LIST, "minItems": 1}), {"a": []}, "schema", "at least 1"),
    _with(
        "most fields",
        {**_object(a=TEXT, b=TEXT), "maxProperties": 1},
        {"a": "", "b": ""},
        "schema",
        "over the limit",
    ),
    _with("least fields", {**_object(a=TEXT), "minProperties": 1}, {}, "schema", "at least 1"),
    _with(
        "format ipv4",
        _object(a={"type": "string", "format": "ipv4"}),
        {"a": "10.0.0.1"},
        "valid",
        '{"a":"10.0.0.1"}',
    ),
    _with(
        "format ipv4: other",
        _object(a={"type": "string", "format": "ipv4"}),
        {"a": "10.0.0"},
        "schema",
        "is no ipv4",
    ),
    _with(
        "format cidr: other",
        _object(a={"type": "string", "format": "cidr"}),
        {"a": "10.0.0.1"},
        "schema",
        "no cidr",
    ),
    _with(
        "format date: other",
        _object(a={"type": "string", "format": "date"}),
        {"a": "2026-13-01"},
        "schema",
        "no date",
    ),
    _with(
        "format unknown", _object(a={"type": "string", "format": "colour"}), {"a": "x"}, "valid", '{"a":"x"}'
    ),
    _with(
        "any of",
        _object(a={"type": "string", "anyOf": [{"pattern": "^a"}, {"pattern": "^b"}]}),
        {"a": "b"},
        "valid",
        '{"a":"b"}',
    ),
    _with(
        "any of: none",
        _object(a={"type": "string", "anyOf": [{"pattern": "^a"}, {"pattern": "^b"}]}),
        {"a": "c"},
        "schema",
        "anyOf",
    ),
    _with(
        "one of: two",
        _object(a={"type": "string", "oneOf": [{"pattern": "a"}, {"pattern": "b"}]}),
        {"a": "ab"},
        "schema",
        "oneOf",
    ),
    _with(
        "all of: one missing",
        _object(a={"type": "string", "allOf": [{"pattern": "a"}, {"pattern": "b"}]}),
        {"a": "a"},
        "schema",
        "does not match",
    ),
    _with("not", _object(a={"type": "string", "not": {"pattern": "a"}}), {"a": "a"}, "schema", "`not`"),
    _with(
        "any of on fields",
        {**_object(a=TEXT, b=TEXT), "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {},
        "schema",
        "anyOf",
    ),
    *(
        _with(
            f"format {name}: {text}",
            _object(a={"type": "string", "format": name}),
            {"a": text},
            "valid" if fits else "schema",
            json.dumps({"a": text}, ensure_ascii=False, separators=(",", ":")) if fits else f"is no {name}",
        )
        for name, text, fits in FORMATS
    ),
    _with(
        "format: a list passes",
        _object(a={"type": "string", "format": "ipv4"}),
        {"a": [1]},
        "valid",
        '{"a":[1]}',
    ),
    _with(
        "format: a number does not",
        _object(a={"type": "string", "format": "ipv4"}),
        {"a": 1},
        "schema",
        "of type",
    ),
    # unknown fields
    _with("unknown parameter", _object(a=TEXT), {"b": "x"}, "refused", "unknown field spec.parameters.b"),
    _with(
        "unknown parameter, deep",
        _object(a={"type": "array", "items": _object(b=TEXT)}),
        {"a": [{"c": 1}]},
        "refused",
        "spec.parameters.a[0].c",
    ),
    _with(
        "kept unknown",
        {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        {"b": 1},
        "valid",
        '{"b":1}',
    ),
    _with("additional", {"type": "object", "additionalProperties": TEXT}, {"b": "x"}, "valid", '{"b":"x"}'),
    _with(
        "additional: other type",
        {"type": "object", "additionalProperties": TEXT},
        {"b": 1},
        "schema",
        "must be of type string",
    ),
    _with(
        "no additional",
        {"type": "object", "additionalProperties": False},
        {"b": 1},
        "schema",
        "is not allowed",
    ),
    _with("no additional, none given", {"type": "object", "additionalProperties": False}, {}, "valid", "{}"),
    _with(
        "any additional", {"type": "object", "additionalProperties": True}, {"b": [1]}, "valid", '{"b":[1]}'
    ),
    _with(
        "any additional, deep",
        {"type": "object", "additionalProperties": True},
        {"b": {"c": 1}},
        "refused",
        "b.c",
    ),
    _with("no schema, parameters", None, {"a": 1}, "refused", "takes no parameters"),
    ConstraintCase("no schema, no parameters", None, constraint({}), "valid", "{}"),
    _spec("unknown field of spec", {"colour": "red"}, "refused", "unknown field spec.colour"),
    _spec(
        "unknown field of match", {"match": {"colour": "red"}}, "refused", "unknown field spec.match.colour"
    ),
    _top("unknown field", "refused", "unknown field colour", colour="red"),
    _top("status is kept", "valid", "{}", status={"anything": 1}),
    ConstraintCase("no spec", _object(), constraint(), "valid", "{}"),
    # defaults
    _with("default", _object(a={"type": "string", "default": "x"}), {}, "valid", '{"a":"x"}'),
    _with("default: given", _object(a={"type": "string", "default": "x"}), {"a": "y"}, "valid", '{"a":"y"}'),
    _with(
        "default: deep",
        _object(a=_object(b={"type": "integer", "default": 3})),
        {"a": {}},
        "valid",
        '{"a":{"b":3}}',
    ),
    _with(
        "default: not of an absent object",
        _object(a=_object(b={"type": "integer", "default": 3})),
        {},
        "valid",
        "{}",
    ),
    _with(
        "default: an object, then its fields",
        _object(a={**_object(b={"type": "integer", "default": 3}), "default": {}}),
        {},
        "valid",
        '{"a":{"b":3}}',
    ),
    _with(
        "default: of items",
        _object(a={"type": "array", "items": _object(b={"type": "integer", "default": 3})}),
        {"a": [{}]},
        "valid",
        '{"a":[{"b":3}]}',
    ),
    _with(
        "default: of additional",
        {"type": "object", "additionalProperties": _object(b={"type": "integer", "default": 3})},
        {"k": {}},
        "valid",
        '{"k":{"b":3}}',
    ),
    _with("default: false", _object(a={"type": "boolean", "default": False}), {}, "valid", '{"a":false}'),
    ConstraintCase(
        "default: none without parameters",
        _object(a={"type": "string", "default": "x"}),
        constraint({}),
        "valid",
        "{}",
    ),
    ConstraintCase(
        "default: of parameters",
        {**_object(a={"type": "string", "default": "x"}), "default": {}},
        constraint({}),
        "valid",
        '{"a":"x"}',
    ),
    # Gatekeeper's own part
    _spec("match: glob with ?", {"match": {"namespaces": ["a?"]}}, "schema", "does not match"),
    _spec("match: upper case", {"match": {"name": "A"}}, "schema", "does not match"),
    _spec("match: number", {"match": {"namespaces": [1]}}, "schema", "must be of type string"),
    _spec("match: source", {"match": {"source": "Everything"}}, "schema", "unsupported value"),
    _spec(
        "match: no operator",
        {"match": {"labelSelector": {"matchExpressions": [{"key": "a"}]}}},
        "refused",
        "unknown operator",
    ),
    _spec(
        "match: In without values",
        {"match": {"labelSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}},
        "refused",
        "needs values",
    ),
    _spec(
        "match: Exists with values",
        {
            "match": {
                "namespaceSelector": {
                    "matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]
                }
            }
        },
        "refused",
        "takes no values",
    ),
    _spec(
        "match: label key",
        {"match": {"labelSelector": {"matchLabels": {"a b": "c"}}}},
        "refused",
        "no label key",
    ),
    _spec(
        "match: label value",
        {"match": {"labelSelector": {"matchLabels": {"a": "b c"}}}},
        "refused",
        "no label value",
    ),
    _spec(
        "match: label number",
        {"match": {"labelSelector": {"matchLabels": {"a": 1}}}},
        "refused",
        "must be a string",
    ),
    _spec("match: list", {"match": []}, "refused", "must be"),
    _spec("action: number", {"enforcementAction": 1}, "schema", "must be of type string"),
    _spec("scoped: nothing", {"enforcementAction": "scoped"}, "refused", "must be defined"),
    _spec(
        "scoped: text",
        {"enforcementAction": "scoped", "scopedEnforcementActions": "deny"},
        "schema",
        "must be of type array",
    ),
    _top("name with upper case", "refused", "invalid name", metadata={"name": "Probe"}),
    _top("long name", "schema", "over the limit of 63", metadata={"name": "a" * 64}),
    _top("no name", "refused", "missing metadata.name", metadata={}),
    _top("other version", "refused", "unsupported version", apiVersion="constraints.gatekeeper.sh/v1"),
    _top("older version", "valid", "{}", apiVersion="constraints.gatekeeper.sh/v1alpha1"),
    _top("kind in other case", "refused", "wrong kind", kind="PROBE"),
    _top("other kind", "refused", "no template has the kind 'Other'", kind="Other"),
)
