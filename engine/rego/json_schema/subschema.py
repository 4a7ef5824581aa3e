"""A schema that is compiled: what it demands, and the schemas inside of it."""

from typing import Final

from lockgate.engine.codegen.values import Number
from lockgate.engine.regex import Pattern

# Drafts by number; without a draft that is known, everything that any of them has is understood.
DRAFT4, DRAFT6, DRAFT7, MIXED = 4, 6, 7, 1 << 31
DRAFTS: Final = {
    "http://json-schema.org/draft-04/schema": DRAFT4,
    "http://json-schema.org/draft-06/schema": DRAFT6,
    "http://json-schema.org/draft-07/schema": DRAFT7,
}


class SchemaError(Exception):
    """A schema that is none. The message is gojsonschema's."""


class Subschema:
    """One schema. What is None, or empty, demands nothing."""

    def __init__(self, draft: int) -> None:
        self.draft = draft
        # A schema that is `true` or `false`.
        self.passes: bool | None = None
        self.reference: Subschema | None = None
        self.types: list[str] = []
        self.items: list[Subschema] = []
        self.same_items = False
        self.additional_items: Subschema | bool | None = None
        self.properties: dict[str, Subschema] = {}
        self.pattern_properties: list[tuple[Pattern, Subschema]] = []
        self.additional_properties: Subschema | bool | None = None
        self.property_names: Subschema | None = None
        self.dependencies: dict[str, Subschema | list[str]] = {}
        self.required: list[str] = []
        # Numbers by keyword: multipleOf, minimum, exclusiveMinimum, maximum, exclusiveMaximum.
        self.numbers: dict[str, int | Number] = {}
        # Sizes by keyword: minLength, maxLength, minItems and so on.
        self.sizes: dict[str, int] = {}
        self.pattern: Pattern | None = None
        self.format = ""
        self.unique_items = False
        self.contains: Subschema | None = None
        self.const: str | None = None
        self.enum: list[str] | None = None
        # Lists of schemas by keyword: anyOf, oneOf, allOf.
        self.combined: dict[str, list[Subschema]] = {}
        # Schemas by keyword: not, if, then, else.
        self.conditions: dict[str, Subschema] = {}

    def type_text(self) -> str:
        """The types as a message shows them."""
        return self.types[0] if len(self.types) == 1 else f"[{','.join(self.types)}]"
