"""Checks a value against a structural schema, fills in its defaults and finds fields that it does not know.

As k8s.io/apiextensions-apiserver does: validation by k8s.io/kube-openapi, defaulting and pruning by
pkg/apiserver/schema. Nulls are values here (`nullable`), for a constraint is validated before anything is pruned.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from lockgate.engine.codegen.values import Number, Undefined, Value, equal, key, render_json, type_name
from lockgate.engine.documents.document import Path
from lockgate.gatekeeper.problems import Problem
from lockgate.gatekeeper.schema import Schema

# Every object of Kubernetes has these at its root.
META_FIELDS: Final = frozenset({"apiVersion", "kind", "metadata"})
# A value quoted in a message is cut here, for the message to stay readable.
_QUOTED_LENGTH: Final = 60


def violations(value: Value, schema: Schema, path: Path) -> Iterator[Problem]:
    """What is wrong with the value, each with its path."""
    if value is None:
        # Nothing but its type and an enum is asked of a null, and no enum has it: kube-openapi skips a null there.
        if not schema.nullable:
            yield from _type(value, schema, path)
        if schema.enum is not None:
            yield _not_among(value, schema.enum, path)
        return
    yield from _type(value, schema, path)
    yield from _choice(value, schema, path)
    if isinstance(value, str):
        yield from _string(value, schema, path)
    elif isinstance(value, bool):
        pass
    elif isinstance(value, (int, Number)):
        yield from _number(value, schema, path)
    elif isinstance(value, list):
        yield from _list(value, schema, path)
    elif isinstance(value, dict):
        yield from _object(value, schema, path)
    yield from _junctures(value, schema, path)


def _is_known_format(name: str) -> bool:
    # Few schemas have any.
    from lockgate.gatekeeper.formats import is_known_format

    return is_known_format(name)


def _is_format(value: str, name: str) -> bool:
    from lockgate.gatekeeper.formats import is_format

    return is_format(value, name)


def _type(value: Value, schema: Schema, path: Path) -> Iterator[Problem]:
    if schema.int_or_string:
        if not isinstance(value, str) and not _is_integer(value):
            yield Problem(path, f"must be an integer or a string, not {_describe(value)}")
        return
    wanted = schema.type
    actual = type_name(value)
    if schema.format and wanted not in ("integer", "number") and _is_known_format(schema.format):
        # kube-openapi takes strings and lists for formatted values, whatever the type says; and nothing else.
        if actual in ("string", "array"):
            return
        if not wanted and value is not None:
            yield Problem(path, f"must be a {schema.format}, not {_describe(value)}")
    if not wanted:
        return
    fits = wanted == actual or (wanted == "integer" and _is_integer(value))
    if not fits:
        yield Problem(path, f"must be of type {wanted}, not {_describe(value)}")


def _choice(value: Value, schema: Schema, path: Path) -> Iterator[Problem]:
    if schema.enum is not None and not any(equal(value, allowed) for allowed in schema.enum):
        yield _not_among(value, schema.enum, path)


def _not_among(value: Value, allowed: tuple[Value, ...], path: Path) -> Problem:
    values = ", ".join([render_json(item) for item in allowed])
    return Problem(path, f"unsupported value {_quoted(value)}", f"supported values: {values}")


def _string(value: str, schema: Schema, path: Path) -> Iterator[Problem]:
    if schema.max_length is not None and len(value) > schema.max_length:
        yield Problem(path, f"is {len(value)} characters long, over the limit of {schema.max_length}")
    if schema.min_length is not None and len(value) < schema.min_length:
        yield Problem(path, f"is {len(value)} characters long, at least {schema.min_length} are needed")
    if schema.search is not None and not schema.search(value):
        yield Problem(path, f"{_quoted(value)} does not match {schema.pattern!r}")
    if schema.format and not _is_format(value, schema.format):
        yield Problem(path, f"{_quoted(value)} is no {schema.format}")


def _number(value: int | Number, schema: Schema, path: Path) -> Iterator[Problem]:
    low, high = schema.minimum, schema.maximum
    if low is not None and (value <= low if schema.exclusive_minimum else value < low):
        bound = "greater than" if schema.exclusive_minimum else "at least"
        yield Problem(path, f"is {render_json(value)}, must be {bound} {render_json(low)}")
    if high is not None and (value >= high if schema.exclusive_maximum else value > high):
        bound = "less than" if schema.exclusive_maximum else "at most"
        yield Problem(path, f"is {render_json(value)}, must be {bound} {render_json(high)}")
    if schema.multiple_of is not None and not _is_multiple(value, schema.multiple_of):
        yield Problem(path, f"is {render_json(value)}, no multiple of {render_json(schema.multiple_of)}")


def _is_multiple(value: int | Number, step: int | Number) -> bool:
    """Does the step divide the value, as float64 sees them? Kubernetes asks no more exactly."""
    try:
        return (_float(value) / _float(step)).is_integer()
    except (OverflowError, ZeroDivisionError):
        return False


def _list(value: list[Value], schema: Schema, path: Path) -> Iterator[Problem]:
    if schema.max_items is not None and len(value) > schema.max_items:
        yield Problem(path, f"has {len(value)} items, over the limit of {schema.max_items}")
    if schema.min_items is not None and len(value) < schema.min_items:
        yield Problem(path, f"has {len(value)} items, at least {schema.min_items} are needed")
    if schema.unique_items and len({key(item) for item in value}) < len(value):
        yield Problem(path, "has equal items")
    if schema.items is not None:
        for index, item in enumerate(value):
            yield from violations(item, schema.items, (*path, index))


def _object(value: dict[str, Value], schema: Schema, path: Path) -> Iterator[Problem]:
    if schema.max_properties is not None and len(value) > schema.max_properties:
        yield Problem(path, f"has {len(value)} fields, over the limit of {schema.max_properties}")
    if schema.min_properties is not None and len(value) < schema.min_properties:
        yield Problem(path, f"has {len(value)} fields, at least {schema.min_properties} are needed")
    for name in schema.required:
        if name not in value:
            yield Problem((*path, name), "is required")
    for name, item in value.items():
        inner = schema.properties.get(name)
        if inner is None and isinstance(schema.additional, Schema):
            inner = schema.additional
        if inner is not None:
            yield from violations(item, inner, (*path, name))
        elif schema.additional is False:
            yield Problem((*path, name), "is not allowed")


def _junctures(value: Value, schema: Schema, path: Path) -> Iterator[Problem]:
    for part in schema.all_of:
        yield from violations(value, part, path)
    if schema.any_of and not any(_fits(value, part, path) for part in schema.any_of):
        yield Problem(path, "fits none of the schemas of anyOf")
    if schema.one_of:
        fitting = sum([_fits(value, part, path) for part in schema.one_of])
        if fitting != 1:
            yield Problem(path, f"must fit exactly one of the schemas of oneOf, fits {fitting}")
    if schema.negated is not None and _fits(value, schema.negated, path):
        yield Problem(path, "fits the schema of `not`")


def _fits(value: Value, schema: Schema, path: Path) -> bool:
    return next(violations(value, schema, path), None) is None


def fill_defaults(value: Value, schema: Schema) -> Value:
    """The value with the schema's defaults; the given value stays as it is."""
    if isinstance(value, dict):
        filled = dict(value)
        for name, inner in schema.properties.items():
            if isinstance(inner.default, Undefined):
                continue
            if name not in filled or (filled[name] is None and not inner.nullable):
                filled[name] = inner.default
        for name, item in filled.items():
            below = schema.properties.get(name)
            if below is None:
                below = schema.additional if isinstance(schema.additional, Schema) else None
            if below is not None:
                filled[name] = _filled(item, below)
        return filled
    if isinstance(value, list) and schema.items is not None:
        return [_filled(item, schema.items) for item in value]
    return value


def _filled(item: Value, schema: Schema) -> Value:
    if item is None and not schema.nullable and not isinstance(schema.default, Undefined):
        item = schema.default
    return fill_defaults(item, schema)


def unknown_fields(value: Value, schema: Schema | None, path: Path) -> Iterator[Path]:
    """The paths of fields that the schema does not have (what pruning would drop)."""
    keeps = schema is not None and schema.preserve_unknown
    if isinstance(value, dict):
        for name, item in value.items():
            if schema is not None and schema.embedded and name in META_FIELDS:
                continue
            inner = None if schema is None else schema.properties.get(name)
            if inner is not None:
                yield from unknown_fields(item, inner, (*path, name))
            elif schema is not None and schema.additional is not None:
                below = schema.additional if isinstance(schema.additional, Schema) else None
                yield from unknown_fields(item, below, (*path, name))
            elif not keeps:
                yield (*path, name)
    elif isinstance(value, list):
        below = None if schema is None else schema.items
        if below is None and keeps:
            return
        for index, item in enumerate(value):
            yield from unknown_fields(item, below, (*path, index))


def default_problems(schema: Schema, path: Path) -> Iterator[Problem]:
    """Defaults that do not fit their own schema, which Kubernetes refuses when it loads the CRD.

    It does not look below additionalProperties, and neither does this.
    """
    if not isinstance(schema.default, Undefined):
        where = (*path, "default")
        for problem in violations(schema.default, _untyped(schema), ()):
            yield Problem(where, f"the default does not fit: {problem.message}", problem.hint)
        for unknown in unknown_fields(schema.default, schema, ()):
            yield Problem((*where, *unknown), "the default has a field that the schema does not have")
    for name, inner in schema.properties.items():
        yield from default_problems(inner, (*path, "properties", name))
    if schema.items is not None:
        yield from default_problems(schema.items, (*path, "items"))


def _untyped(schema: Schema) -> Schema:
    """The schema without the demand of int-or-string, which Kubernetes does not make of defaults."""
    return replace(
        schema,
        int_or_string=False,
        properties={name: _untyped(inner) for name, inner in schema.properties.items()},
        items=None if schema.items is None else _untyped(schema.items),
        additional=_untyped(schema.additional)
        if isinstance(schema.additional, Schema)
        else schema.additional,
    )


def _is_integer(value: Value) -> bool:
    if type(value) is int:
        return True
    return isinstance(value, Number) and value.exact == value.exact.to_integral_value()


def _float(number: int | Number) -> float:
    return float(number.exact) if isinstance(number, Number) else float(number)


def _quoted(value: Value) -> str:
    text = render_json(value)
    return text if len(text) <= _QUOTED_LENGTH else text[:_QUOTED_LENGTH] + "…"


def _describe(value: Value) -> str:
    return "null" if value is None else f"{type_name(value)} {_quoted(value)}"
