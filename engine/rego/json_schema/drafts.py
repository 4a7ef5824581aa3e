"""The schemas of schemas, by the URLs under which others refer to them: facts of json-schema.org's drafts 4, 6 and 7."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from lockgate.engine.rego.json_schema.subschema import DRAFT4, DRAFT7, DRAFTS

_ITSELF: Final = {"$ref": "#"}
_TYPES: Final = ["array", "boolean", "integer", "null", "number", "object", "string"]
_SIZES: Final = ("Length", "Items", "Properties")


@lru_cache(maxsize=1)
def draft_schemas() -> Mapping[str, Any]:
    """The schema of each draft by its URL."""
    return MappingProxyType({url: _schema(url, draft) for url, draft in DRAFTS.items()})


def _schema(url: str, draft: int) -> dict[str, Any]:
    name = "positiveInteger" if draft == DRAFT4 else "nonNegativeInteger"
    anything: Any = True if draft == DRAFT7 else {}
    strings: dict[str, Any] = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
    least: dict[str, Any] = {"minItems": 1} if draft == DRAFT4 else {"default": []}
    strings |= least
    identifier = "id" if draft == DRAFT4 else "$id"
    made: dict[str, Any] = {
        identifier: f"{url}#",
        "$schema": f"{url}#",
        ("description" if draft == DRAFT4 else "title"): "Core schema meta-schema",
        "definitions": {
            "schemaArray": {"type": "array", "minItems": 1, "items": _ITSELF},
            name: {"type": "integer", "minimum": 0},
            f"{name}Default0": {"allOf": [{"$ref": f"#/definitions/{name}"}, {"default": 0}]},
            "simpleTypes": {"enum": _TYPES},
            "stringArray": strings,
        },
        "type": "object" if draft == DRAFT4 else ["object", "boolean"],
        "properties": _properties(draft, name, anything),
        "default": anything,
    }
    if draft == DRAFT4:
        made["dependencies"] = {"exclusiveMaximum": ["maximum"], "exclusiveMinimum": ["minimum"]}
    return made


def _properties(draft: int, size: str, anything: Any) -> dict[str, Any]:
    text, number, flag = {"type": "string"}, {"type": "number"}, {"type": "boolean", "default": False}
    array = {"$ref": "#/definitions/schemaArray"}
    several: dict[str, Any] = {"type": "object", "additionalProperties": _ITSELF, "default": {}}
    either_array = {"anyOf": [_ITSELF, {"$ref": "#/definitions/stringArray"}]}
    made: dict[str, Any] = {
        **dict.fromkeys(("title", "description", "format"), text),
        "default": anything,
        **dict.fromkeys(("maximum", "minimum"), number),
        "pattern": {"type": "string", "format": "regex"},
        "items": {"anyOf": [_ITSELF, array], "default": anything},
        "uniqueItems": flag,
        "required": {"$ref": "#/definitions/stringArray"},
        **dict.fromkeys(("definitions", "properties", "patternProperties"), several),
        "dependencies": {"type": "object", "additionalProperties": either_array},
        "enum": {"type": "array", "minItems": 1, "uniqueItems": True},
        "type": {
            "anyOf": [
                {"$ref": "#/definitions/simpleTypes"},
                {
                    "type": "array",
                    "items": {"$ref": "#/definitions/simpleTypes"},
                    "minItems": 1,
                    "uniqueItems": True,
                },
            ]
        },
        **dict.fromkeys(("allOf", "anyOf", "oneOf"), array),
        "not": _ITSELF,
    }
    for what in _SIZES:
        made[f"max{what}"] = {"$ref": f"#/definitions/{size}"}
        made[f"min{what}"] = {"$ref": f"#/definitions/{size}Default0"}
    if draft == DRAFT4:
        additional = {"anyOf": [{"type": "boolean"}, _ITSELF], "default": {}}
        made |= {
            **dict.fromkeys(("id", "$schema"), text),
            "multipleOf": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
            **dict.fromkeys(("exclusiveMaximum", "exclusiveMinimum"), flag),
            **dict.fromkeys(("additionalItems", "additionalProperties"), additional),
        }
        return made
    made |= {
        "$id": {"type": "string", "format": "uri-reference"},
        "$ref": {"type": "string", "format": "uri-reference"},
        "$schema": {"type": "string", "format": "uri"},
        "examples": {"type": "array", "items": anything},
        "multipleOf": {"type": "number", "exclusiveMinimum": 0},
        **dict.fromkeys(("exclusiveMaximum", "exclusiveMinimum"), number),
        **dict.fromkeys(("additionalItems", "additionalProperties", "contains", "propertyNames"), _ITSELF),
        "const": anything,
    }
    if draft == DRAFT7:
        made |= {
            **dict.fromkeys(("$comment", "contentMediaType", "contentEncoding"), text),
            "readOnly": flag,
            **dict.fromkeys(("if", "then", "else"), _ITSELF),
            "enum": {**made["enum"], "items": True},
            "patternProperties": {**several, "propertyNames": {"format": "regex"}},
        }
    return made
