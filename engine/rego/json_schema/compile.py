"""From a JSON document to a schema. The first thing that is wrong, in gojsonschema's order, is the error."""

from typing import Any, Final

from lockgate.engine.codegen.values import Number, Value
from lockgate.engine.regex import Pattern, RegexError, RegexLimitError, compile_pattern
from lockgate.engine.rego.json_schema.canonical import canonical
from lockgate.engine.rego.json_schema.references import Documents, Reference, draft_of
from lockgate.engine.rego.json_schema.subschema import (
    DRAFT4,
    DRAFT6,
    DRAFT7,
    MIXED,
    SchemaError,
    Subschema,
)
from lockgate.engine.rego.meter import Meter

TYPES: Final = ("array", "boolean", "integer", "number", "null", "object", "string")
_INT64: Final = 1 << 63
_EITHER: Final = "Schema Or Array Of Strings"

Found = dict[str, Any]


def compile_schema(document: Value, meter: Meter) -> Subschema:
    """The schema of a document. Raises SchemaError and RegexLimitError."""
    documents = Documents(document, meter)
    return _Compiler(documents, meter).compile(documents.root, draft_of(document) or MIXED)


class _Compiler:
    def __init__(self, documents: Documents, meter: Meter) -> None:
        self._documents = documents
        self._meter = meter
        self._references: dict[str, Subschema] = {}

    def compile(self, found: Any, draft: int) -> Subschema:
        made = Subschema(draft)
        self._fill(made, found)
        return made

    def _fill(self, made: Subschema, found: Any) -> None:
        self._meter.spend(1)
        if made.draft >= DRAFT6 and type(found) is bool:
            made.passes = found
            return
        if not isinstance(found, dict):
            raise SchemaError("Expected: Valid Schema, given: Invalid JSON")
        own = "$id"
        if made.draft == DRAFT4 or (made.draft == MIXED and "id" in found):
            own = "id"
        url = _text(found, own)
        if url is not None:
            Reference(url)
        self._definitions(found, made.draft)
        _text(found, "title")
        _text(found, "description")
        reference = _text(found, "$ref")
        if reference is not None and self._refer(made, Reference(reference)):
            return
        _types(made, found)
        self._of_objects(made, found)
        self._of_arrays(made, found)
        _numbers(made, found)
        _lengths(made, found)
        _text_rules(made, found, self._meter)
        _properties_counts(made, found)
        _items_counts(made, found)
        if "contains" in found and made.draft >= DRAFT6:
            made.contains = self.compile(found["contains"], made.draft)
        _literals(made, found)
        self._combined(made, found)

    def _definitions(self, found: Found, draft: int) -> None:
        if "definitions" not in found:
            return
        definitions = found["definitions"]
        if not isinstance(definitions, dict):
            raise _wrong_type("Array Of Schemas", "definitions")
        for name in sorted(definitions):
            if not isinstance(definitions[name], bool | dict):
                raise _wrong_type("Array Of Schemas", "definitions")
            self.compile(definitions[name], draft)

    def _refer(self, made: Subschema, reference: Reference) -> bool:
        """Makes a schema stand for another one; tells whether it is the first that refers there."""
        text = str(reference)
        known = self._references.get(text)
        if known is not None:
            made.reference = known
            return False
        target = self._references[text] = Subschema(made.draft)
        document, draft = self._documents.find(reference)
        target.draft = made.draft if draft is None else draft
        if not isinstance(document, bool | dict):
            raise SchemaError("Valid Schema must be of type object")
        self._fill(target, document)
        made.reference = target
        return True

    def _of_objects(self, made: Subschema, found: Found) -> None:
        properties = found.get("properties", {})
        if not isinstance(properties, dict):
            raise SchemaError("Properties must be of type object")
        for name in sorted(properties):
            made.properties[name] = self.compile(properties[name], made.draft)
        made.additional_properties = self._additional(made, found, "additionalProperties")
        patterns = found.get("patternProperties", {})
        if not isinstance(patterns, dict):
            raise _wrong_type("Valid Schema", "patternProperties")
        for source in sorted(patterns):
            pattern = _pattern(source, self._meter)
            if pattern is None:
                raise SchemaError(f"Invalid regex pattern '{source}'")
            made.pattern_properties.append((pattern, self.compile(patterns[source], made.draft)))
        if "propertyNames" in found and made.draft >= DRAFT6:
            if not isinstance(found["propertyNames"], bool | dict):
                raise _wrong_type("Valid Schema", "patternProperties")
            made.property_names = self.compile(found["propertyNames"], made.draft)
        self._dependencies(made, found)

    def _additional(self, made: Subschema, found: Found, keyword: str) -> Subschema | bool | None:
        if keyword not in found:
            return None
        given = found[keyword]
        if isinstance(given, bool):
            return given
        if not isinstance(given, dict):
            raise _wrong_type("boolean/Valid Schema", keyword)
        return self.compile(given, made.draft)

    def _dependencies(self, made: Subschema, found: Found) -> None:
        dependencies = found.get("dependencies", {})
        if not isinstance(dependencies, dict):
            raise SchemaError("dependencies must be of type object")
        for name in sorted(dependencies):
            given = dependencies[name]
            if isinstance(given, bool | dict):
                made.dependencies[name] = self.compile(given, made.draft)
            elif isinstance(given, list) and all(isinstance(item, str) for item in given):
                made.dependencies[name] = given
            else:
                raise SchemaError(f"Dependency must be of type {_EITHER}")

    def _of_arrays(self, made: Subschema, found: Found) -> None:
        items = found.get("items", [])
        several = isinstance(items, list)
        for item in items if several else [items]:
            if not isinstance(item, bool | dict):
                raise _wrong_type("Valid Schema/Array Of Schemas", "items")
            made.items.append(self.compile(item, made.draft))
        made.same_items = not several
        made.additional_items = self._additional(made, found, "additionalItems")

    def _combined(self, made: Subschema, found: Found) -> None:
        for keyword in ("oneOf", "anyOf", "allOf"):
            made.combined[keyword] = [self.compile(one, made.draft) for one in _list(found, keyword)]
        keywords = ("not", "if", "then", "else") if made.draft >= DRAFT7 else ("not",)
        for keyword in keywords:
            if keyword in found:
                if not isinstance(found[keyword], bool | dict):
                    raise SchemaError(f"{keyword} must be of an object")
                made.conditions[keyword] = self.compile(found[keyword], made.draft)


def _wrong_type(expected: str, given: str) -> SchemaError:
    return SchemaError(f"Invalid type. Expected: {expected}, given: {given}")


def _text(found: Found, keyword: str) -> str | None:
    if keyword not in found:
        return None
    given = found[keyword]
    if not isinstance(given, str):
        raise _wrong_type("string", keyword)
    return given


def _list(found: Found, keyword: str) -> list[Any]:
    given = found.get(keyword, [])
    if not isinstance(given, list):
        raise SchemaError(f"{keyword} must be of an array")
    return given


def _pattern(source: str, meter: Meter) -> Pattern | None:
    """The compiled pattern, None for one that is none."""
    meter.spend(1 + len(source))
    try:
        return compile_pattern(source)
    except RegexLimitError:
        raise
    except RegexError:
        return None


def _types(made: Subschema, found: Found) -> None:
    if "type" not in found:
        return
    given = found["type"]
    for name in given if isinstance(given, list) else [given]:
        if not isinstance(name, str):
            raise _wrong_type("type", "string/Array Of Strings")
        if name not in TYPES:
            expected = " ".join(TYPES)
            message = f"has a primitive type that is NOT VALID -- given: /{name}/ Expected valid values are:[{expected}]"
            raise SchemaError(message)
        if name in made.types:
            raise SchemaError(f"{name} type is duplicated")
        made.types.append(name)


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is Number


def _numbers(made: Subschema, found: Found) -> None:
    if "multipleOf" in found:
        given = found["multipleOf"]
        if not _is_number(given):
            raise _wrong_type("Number", "multipleOf")
        if given <= 0:
            raise SchemaError("multipleOf must be strictly greater than 0")
        made.numbers["multipleOf"] = given
    for keyword, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if keyword in found:
            if not _is_number(found[keyword]):
                raise SchemaError(f"{keyword} must be of a Number")
            made.numbers[keyword] = found[keyword]
        if exclusive in found:
            _exclusive(made, found[exclusive], keyword, exclusive)


def _exclusive(made: Subschema, given: Any, keyword: str, exclusive: str) -> None:
    if isinstance(given, bool) and made.draft in (DRAFT4, MIXED):
        if keyword not in made.numbers:
            raise SchemaError(f"{exclusive} cannot be used without {keyword}")
        if given:
            made.numbers[exclusive] = made.numbers.pop(keyword)
    elif _is_number(given) and made.draft != DRAFT4:
        made.numbers[exclusive] = given
    else:
        expected = {DRAFT4: "boolean", MIXED: "boolean/number"}.get(made.draft, "number")
        raise _wrong_type(expected, exclusive)


def _size(made: Subschema, found: Found, keyword: str) -> None:
    if keyword not in found:
        return
    given = found[keyword]
    # As Go reads integers: `1.0` is one, but its text is none.
    if type(given) is not int or not -_INT64 <= given < _INT64:
        raise SchemaError(f"{keyword} must be of an integer")
    if given < 0:
        raise SchemaError(f"{keyword} must be greater than or equal to 0")
    made.sizes[keyword] = given


def _range(made: Subschema, found: Found, low: str, high: str) -> None:
    """Two sizes, of which the one must not exceed the other."""
    _size(made, found, low)
    _size(made, found, high)
    if low in made.sizes and high in made.sizes and made.sizes[low] > made.sizes[high]:
        raise SchemaError(f"{low} cannot be greater than {high}")


def _lengths(made: Subschema, found: Found) -> None:
    _range(made, found, "minLength", "maxLength")


def _text_rules(made: Subschema, found: Found, meter: Meter) -> None:
    source = _text(found, "pattern")
    if source is not None:
        made.pattern = _pattern(source, meter)
        if made.pattern is None:
            raise SchemaError("pattern must be a valid regex")
    made.format = _text(found, "format") or ""


def _properties_counts(made: Subschema, found: Found) -> None:
    _range(made, found, "minProperties", "maxProperties")
    seen: set[str] = set()
    for name in _list(found, "required"):
        if not isinstance(name, str):
            raise _wrong_type("string", "required")
        if name in seen:
            raise SchemaError("required items must be unique")
        seen.add(name)
        made.required.append(name)


def _items_counts(made: Subschema, found: Found) -> None:
    _size(made, found, "minItems")
    _size(made, found, "maxItems")
    unique = found.get("uniqueItems", False)
    if not isinstance(unique, bool):
        raise SchemaError("uniqueItems must be of a boolean")
    made.unique_items = unique


def _literals(made: Subschema, found: Found) -> None:
    if "const" in found and made.draft >= DRAFT6:
        made.const = canonical(found["const"])
    if "enum" in found:
        values = [canonical(value) for value in _list(found, "enum")]
        if len(set(values)) != len(values):
            raise SchemaError("enum items must be unique")
        made.enum = values
