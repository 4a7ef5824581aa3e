"""A document against a schema: all that is wrong, in gojsonschema's order.

Where a map's order would decide, which in Go is another each time, it is by name here.
"""

from fractions import Fraction
from typing import Any, Final

from lockgate.engine.codegen.arithmetic import integral, quotient, rounded, shortest_digits
from lockgate.engine.codegen.values import Number, Value
from lockgate.engine.record import record
from lockgate.engine.rego.builtins.gotext import from_digits
from lockgate.engine.rego.json_schema.canonical import canonical
from lockgate.engine.rego.json_schema.formats import FORMATS
from lockgate.engine.rego.json_schema.subschema import Subschema
from lockgate.engine.rego.meter import Meter

ROOT: Final = "(Root)"


@record
class Flaw:
    """One thing that is wrong: a name for it, where it is, and a sentence."""

    type: str
    field: str
    description: str

    def __str__(self) -> str:
        return f"{self.field}: {self.description}"


class Outcome:
    """What one schema finds. The score says how much of it held: the best of several tells what went wrong."""

    __slots__ = ("flaws", "score")

    def __init__(self) -> None:
        self.flaws: list[Flaw] = []
        self.score = 0

    def add(self, name: str, path: str, description: str) -> None:
        """Adds what is wrong at a path."""
        self.flaws.append(Flaw(name, path.removeprefix(f"{ROOT}."), description))
        self.score -= 2

    def merge(self, other: "Outcome") -> None:
        """Adds what another one found."""
        self.flaws += other.flaws
        self.score += other.score


class Validator:
    """Validates; `meter` counts schemas asked and characters looked at."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def check(self, schema: Subschema, value: Value, path: str = ROOT) -> Outcome:
        """What is wrong with a value."""
        outcome = Outcome()
        self._check(schema, value, outcome, path)
        return outcome

    def _check(self, schema: Subschema, value: Any, outcome: Outcome, path: str) -> None:
        self._meter.spend(1 + (len(path) >> 6))
        while schema.passes is None and schema.reference is not None:
            self._meter.spend(1)
            schema = schema.reference
        if schema.passes is not None:
            if not schema.passes:
                outcome.add("false", path, "False always fails validation")
            return
        kind = _type_of(value)
        accepted = kind in schema.types or (kind == "integer" and "number" in schema.types)
        if schema.types and not accepted:
            message = f"Invalid type. Expected: {schema.type_text()}, given: {kind}"
            outcome.add("invalid_type", path, message)
            return
        self._combined(schema, value, outcome, path)
        if kind == "array":
            self._array(schema, value, outcome, path)
        elif kind == "object":
            self._object(schema, value, outcome, path)
        elif kind in ("number", "integer"):
            _number(schema, value, outcome, path)
        self._common(schema, value, outcome, path)
        if kind == "string":
            self._string(schema, value, outcome, path)
        elif kind == "object":
            for name, inner in schema.properties.items():
                if name in value:
                    self._check(inner, value[name], outcome, f"{path}.{name}")
        outcome.score += 1

    def _combined(self, schema: Subschema, value: Any, outcome: Outcome, path: str) -> None:
        if schema.combined.get("anyOf"):
            self._any_of(schema.combined["anyOf"], value, outcome, path)
        if schema.combined.get("oneOf"):
            self._one_of(schema.combined["oneOf"], value, outcome, path)
        all_of = schema.combined.get("allOf", [])
        if all_of:
            found = [self.check(one, value, path) for one in all_of]
            for one in found:
                outcome.merge(one)
            if any(one.flaws for one in found):
                outcome.add("number_all_of", path, "Must validate all the schemas (allOf)")
        conditions = schema.conditions
        if "not" in conditions and not self.check(conditions["not"], value, path).flaws:
            outcome.add("number_not", path, "Must not validate the schema (not)")
        if schema.dependencies and isinstance(value, dict):
            self._dependencies(schema, value, outcome, path)
        if "if" in conditions:
            self._conditional(conditions, value, outcome, path)
        outcome.score += 1

    def _any_of(self, schemas: list[Subschema], value: Any, outcome: Outcome, path: str) -> None:
        best: Outcome | None = None
        for one in schemas:
            found = self.check(one, value, path)
            if not found.flaws:
                return
            if best is None or found.score > best.score:
                best = found
        outcome.add("number_any_of", path, "Must validate at least one schema (anyOf)")
        assert best is not None
        outcome.merge(best)

    def _one_of(self, schemas: list[Subschema], value: Any, outcome: Outcome, path: str) -> None:
        best: Outcome | None = None
        valid = 0
        for one in schemas:
            found = self.check(one, value, path)
            if not found.flaws:
                valid += 1
            elif not valid and (best is None or found.score > best.score):
                best = found
        if valid == 1:
            return
        outcome.add("number_one_of", path, "Must validate one and only one schema (oneOf)")
        if not valid and best is not None:
            outcome.merge(best)

    def _dependencies(self, schema: Subschema, value: dict[str, Any], outcome: Outcome, path: str) -> None:
        for name in sorted(value.keys() & schema.dependencies.keys()):
            dependency = schema.dependencies[name]
            if isinstance(dependency, Subschema):
                self._check(dependency, value, outcome, path)
                continue
            for needed in dependency:
                if needed not in value:
                    outcome.add("missing_dependency", path, f"Has a dependency on {needed}")

    def _conditional(self, conditions: dict[str, Subschema], value: Any, outcome: Outcome, path: str) -> None:
        holds = not self.check(conditions["if"], value, path).flaws
        keyword, state = ("then", "was") if holds else ("else", "was not")
        if keyword not in conditions:
            return
        found = self.check(conditions[keyword], value, path)
        if found.flaws:
            outcome.add(f"condition_{keyword}", path, f'Must validate "{keyword}" as "if" {state} valid')
            outcome.merge(found)

    def _common(self, schema: Subschema, value: Any, outcome: Outcome, path: str) -> None:
        if schema.const is not None or schema.enum is not None:
            text = canonical(value)
            self._meter.spend(len(text) >> 6)
            field = path.removeprefix(f"{ROOT}.")
            if schema.const is not None and text != schema.const:
                outcome.add("const", path, f"{field} does not match: {schema.const}")
            if schema.enum is not None and text not in schema.enum:
                allowed = ", ".join(schema.enum)
                self._meter.spend(len(allowed) >> 6)
                outcome.add("enum", path, f"{field} must be one of the following: {allowed}")
        if schema.format and isinstance(value, str):
            self._meter.spend(len(value) >> 4)
            checker = FORMATS.get(schema.format)
            if checker is not None and not checker(value):
                outcome.add("format", path, f"Does not match format '{schema.format}'")
        outcome.score += 1

    def _array(self, schema: Subschema, value: list[Any], outcome: Outcome, path: str) -> None:
        self._items(schema, value, outcome, path)
        sizes, count = schema.sizes, len(value)
        if count < sizes.get("minItems", 0):
            outcome.add("array_min_items", path, f"Array must have at least {sizes['minItems']} items")
        if count > sizes.get("maxItems", count):
            outcome.add("array_max_items", path, f"Array must have at most {sizes['maxItems']} items")
        if schema.unique_items:
            seen: dict[str, int] = {}
            for position, item in enumerate(value):
                text = canonical(item)
                self._meter.spend(1 + (len(text) >> 6))
                if text in seen:
                    shown = f"array items[{seen[text]},{position}] must be unique"
                    outcome.add("unique", path, shown)
                seen[text] = position
        if schema.contains is not None:
            self._contains(schema.contains, value, outcome, path)
        outcome.score += 1

    def _items(self, schema: Subschema, value: list[Any], outcome: Outcome, path: str) -> None:
        if schema.same_items:
            for position, item in enumerate(value):
                outcome.merge(self.check(schema.items[0], item, f"{path}.{position}"))
            return
        if not schema.items:
            return
        for position, (inner, item) in enumerate(zip(schema.items, value, strict=False)):
            outcome.merge(self.check(inner, item, f"{path}.{position}"))
        if len(schema.items) >= len(value):
            return
        if schema.additional_items is False:
            outcome.add("array_no_additional_items", path, "No additional items allowed on array")
        elif isinstance(schema.additional_items, Subschema):
            for position in range(len(schema.items), len(value)):
                outcome.merge(self.check(schema.additional_items, value[position], f"{path}.{position}"))

    def _contains(self, wanted: Subschema, value: list[Any], outcome: Outcome, path: str) -> None:
        best: Outcome | None = None
        for position, item in enumerate(value):
            found = self.check(wanted, item, f"{path}.{position}")
            if not found.flaws:
                return
            if best is None or found.score > best.score:
                best = found
        outcome.add("contains", path, "At least one of the items must match")
        if best is not None:
            outcome.merge(best)

    def _object(self, schema: Subschema, value: dict[str, Any], outcome: Outcome, path: str) -> None:
        sizes, count = schema.sizes, len(value)
        if count < sizes.get("minProperties", 0):
            shown = f"Must have at least {sizes['minProperties']} properties"
            outcome.add("array_min_properties", path, shown)
        if count > sizes.get("maxProperties", count):
            shown = f"Must have at most {sizes['maxProperties']} properties"
            outcome.add("array_max_properties", path, shown)
        for name in schema.required:
            if name in value:
                outcome.score += 1
            else:
                outcome.add("required", path, f"{name} is required")
        self._meter.spend(len(schema.required))
        if schema.pattern_properties or schema.additional_properties not in (None, True):
            for name in sorted(value):
                self._property(schema, name, value[name], outcome, path)
        if schema.property_names is not None:
            for name in sorted(value):
                found = self.check(schema.property_names, name, path)
                if found.flaws:
                    shown = f'Property name of "{name}" does not match'
                    outcome.add("invalid_property_name", path, shown)
                    outcome.merge(found)
        outcome.score += 1

    def _property(self, schema: Subschema, name: str, value: Any, outcome: Outcome, path: str) -> None:
        matched = False
        for pattern, inner in schema.pattern_properties:
            self._meter.spend(1 + (len(name) >> 4))
            if pattern.search(name):
                matched = True
                outcome.merge(self.check(inner, value, f"{path}.{name}"))
        if matched:
            outcome.score += 1
        elif name not in schema.properties:
            if schema.additional_properties is False:
                shown = f"Additional property {name} is not allowed"
                outcome.add("additional_property_not_allowed", path, shown)
            elif isinstance(schema.additional_properties, Subschema):
                outcome.merge(self.check(schema.additional_properties, value, f"{path}.{name}"))

    def _string(self, schema: Subschema, value: str, outcome: Outcome, path: str) -> None:
        sizes, length = schema.sizes, len(value)
        if length < sizes.get("minLength", 0):
            shown = f"String length must be greater than or equal to {sizes['minLength']}"
            outcome.add("string_gte", path, shown)
        if length > sizes.get("maxLength", length):
            shown = f"String length must be less than or equal to {sizes['maxLength']}"
            outcome.add("string_lte", path, shown)
        if schema.pattern is not None:
            self._meter.spend(length >> 4)
            if not schema.pattern.search(value):
                outcome.add("pattern", path, f"Does not match pattern '{schema.pattern.source}'")
        outcome.score += 1


def _type_of(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return "string"
    if value is None:
        return "null"
    if kind is bool:
        return "boolean"
    if kind is int or kind is Number:
        return "number" if integral(value) is None else "integer"
    return "array" if kind is list else "object"


def _number(schema: Subschema, value: int | Number, outcome: Outcome, path: str) -> None:
    numbers = schema.numbers
    if "multipleOf" in numbers and (_exact(value) / _exact(numbers["multipleOf"])).denominator != 1:
        outcome.add("multiple_of", path, f"Must be a multiple of {_shown(numbers['multipleOf'])}")
    if "maximum" in numbers and value > numbers["maximum"]:
        shown = f"Must be less than or equal to {_shown(numbers['maximum'])}"
        outcome.add("number_lte", path, shown)
    if "exclusiveMaximum" in numbers and value >= numbers["exclusiveMaximum"]:
        outcome.add("number_lt", path, f"Must be less than {_shown(numbers['exclusiveMaximum'])}")
    if "minimum" in numbers and value < numbers["minimum"]:
        shown = f"Must be greater than or equal to {_shown(numbers['minimum'])}"
        outcome.add("number_gte", path, shown)
    if "exclusiveMinimum" in numbers and value <= numbers["exclusiveMinimum"]:
        outcome.add("number_gt", path, f"Must be greater than {_shown(numbers['exclusiveMinimum'])}")
    outcome.score += 1


def _exact(value: int | Number) -> Fraction:
    return Fraction(value if isinstance(value, int) else value.exact)


def _shown(value: int | Number) -> str:
    """The number as Go prints a `big.Float` that holds it in as many bits as it needs, 64 at least."""
    exact = _exact(value)
    above, below = exact.numerator, exact.denominator
    precision = max(above.bit_length(), below.bit_length(), 64)
    numerator = rounded(above < 0, abs(above), 0, precision)
    divided = quotient(numerator, rounded(False, below, 0, precision), precision)
    digits, point = shortest_digits(divided, precision)
    return from_digits("-" if above < 0 else "", digits, point)
