"""A schema that is written as JSON is read as the same schema."""

from typing import Any

import pytest
from lockgate.gatekeeper.constraint_schema import constraint_schema
from lockgate.gatekeeper.problems import Problem
from lockgate.gatekeeper.schema import Schema, parse_schema
from lockgate.gatekeeper.schema_json import schema_json

from tests.gatekeeper.workbench import document


def parsed(value: Any) -> Schema:
    problems: list[Problem] = []
    made = parse_schema(value, (), problems, legacy=False)
    assert not problems, problems
    return made


@pytest.mark.parametrize(
    "value",
    [
        {"type": "object", "properties": {"a": {"type": "string", "default": "x", "pattern": "^x"}}},
        {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "integer"}}},
        {"type": "object", "required": ["a"], "properties": {"a": {"type": "number", "maximum": 5}}},
        {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        {"type": "object", "properties": {"a": {"x-kubernetes-int-or-string": True}}},
        {"type": "object", "properties": {"a": {"type": "string", "nullable": True, "enum": ["b", None]}}},
        {
            "type": "object",
            "properties": {"a": {"type": "integer", "minimum": 1, "exclusiveMinimum": True}},
            "anyOf": [{"required": ["a"]}, {"not": {"required": ["b"]}}],
        },
    ],
)
def test_it_is_read_as_the_same(value: Any) -> None:
    schema = parsed(document({"kind": "A", "apiVersion": "v1", "s": value}).value["s"])
    assert parsed(schema_json(schema)) == schema


def test_that_of_constraints_has_no_more_than_json_has() -> None:
    found = schema_json(constraint_schema(parsed({"type": "object"})))
    properties = found["properties"]
    assert isinstance(properties, dict)
    assert set(properties) == {"metadata", "spec", "status"}
