"""A schema as JSON: the structural OpenAPI v3 of a CustomResourceDefinition."""

from typing import Final

from lockgate.engine.codegen.values import Undefined, Value
from lockgate.gatekeeper.schema import Schema

_FLAGS: Final = (
    ("nullable", "nullable"),
    ("preserve_unknown", "x-kubernetes-preserve-unknown-fields"),
    ("embedded", "x-kubernetes-embedded-resource"),
    ("int_or_string", "x-kubernetes-int-or-string"),
    ("exclusive_minimum", "exclusiveMinimum"),
    ("exclusive_maximum", "exclusiveMaximum"),
    ("unique_items", "uniqueItems"),
)
_BOUNDS: Final = (
    ("minimum", "minimum"),
    ("maximum", "maximum"),
    ("multiple_of", "multipleOf"),
    ("min_length", "minLength"),
    ("max_length", "maxLength"),
    ("min_items", "minItems"),
    ("max_items", "maxItems"),
    ("min_properties", "minProperties"),
    ("max_properties", "maxProperties"),
)


def schema_json(schema: Schema) -> dict[str, Value]:
    """The schema, as `parse_schema` reads it."""
    texts = (("type", schema.type), ("pattern", schema.pattern), ("format", schema.format))
    made: dict[str, Value] = {name: text for name, text in texts if text}
    for field, name in _FLAGS:
        if getattr(schema, field):
            made[name] = True
    for field, name in _BOUNDS:
        bound: Value = getattr(schema, field)
        if bound is not None:
            made[name] = bound
    if not isinstance(schema.default, Undefined):
        made["default"] = schema.default
    if schema.properties:
        made["properties"] = {name: schema_json(below) for name, below in schema.properties.items()}
    if schema.additional is not None:
        extra = schema.additional
        made["additionalProperties"] = extra if isinstance(extra, bool) else schema_json(extra)
    if schema.items is not None:
        made["items"] = schema_json(schema.items)
    if schema.required:
        made["required"] = [*schema.required]
    if schema.enum is not None:
        made["enum"] = [*schema.enum]
    for name, several in (("allOf", schema.all_of), ("anyOf", schema.any_of), ("oneOf", schema.one_of)):
        if several:
            made[name] = [schema_json(one) for one in several]
    if schema.negated is not None:
        made["not"] = schema_json(schema.negated)
    return made
