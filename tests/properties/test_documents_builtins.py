"""GraphQL, JSON Schema and templates: whatever they are given, they answer, or fail as builtins do."""

from typing import Any

import jsonschema
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from lockgate.engine.errors import EvaluationError
from lockgate.engine.rego.builtins.errors import BuiltinError

from tests.engine.builtin_cases import Budget, call

SCHEMA = "type Query { a(x: Int, y: [Query_!]): Query b: String } input Query_ { z: ID } union U = Query"
GRAPHQL = st.lists(
    st.sampled_from(
        [
            "{",
            "}",
            "(",
            ")",
            "[",
            "]",
            ":",
            "!",
            "$",
            "@",
            "=",
            "|",
            "&",
            "...",
            "a",
            "b",
            "x",
            "y",
            "query",
            "fragment",
            "on",
            "type",
            "union",
            "enum",
            "input",
            "extend",
            "schema",
            "Query",
            "Int",
            "true",
            "null",
            "1",
            "-2.5",
            '"s"',
            '"""b"""',
            "#c\n",
            "Int!",
            "U",
            "directive",
            "repeatable",
            "FIELD",
        ]
    ),
    max_size=30,
).map(" ".join)
TEMPLATE = st.lists(
    st.sampled_from(
        [
            *("{{", "}}", "{{- ", " -}}", "{{end}}", "{{else}}", "{{if .a}}", "{{range .b}}", "{{with .c}}"),
            *('{{define "t"}}', '{{template "t" .}}', "{{$x := .a}}", "{{$x}}", "{{break}}", "{{continue}}"),
            *(
                ".a",
                ".b",
                "$x",
                "(",
                ")",
                "|",
                "len",
                "index",
                "printf",
                '"%v"',
                "1",
                "nil",
                "text",
                " ",
                "\n",
            ),
        ]
    ),
    max_size=25,
).map("".join)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "bb", "é"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


def schemas() -> st.SearchStrategy[Any]:
    """Schemas whose keywords mean the same to all libraries of draft 7."""
    size = st.integers(0, 3)

    def inside(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        several = st.lists(inner, min_size=1, max_size=3)
        named = st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        return st.fixed_dictionaries(
            {},
            optional={
                "properties": named,
                "patternProperties": st.dictionaries(st.sampled_from(["^a", "b", "."]), inner, max_size=2),
                "additionalProperties": inner,
                "propertyNames": inner,
                "items": inner | several,
                "additionalItems": inner,
                "contains": inner,
                "allOf": several,
                "anyOf": several,
                "oneOf": several,
                "not": inner,
                "if": inner,
                "then": inner,
                "else": inner,
            },
        )

    plain = st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"]),
            "enum": st.lists(JSON, min_size=1, max_size=2, unique_by=repr),
            "const": JSON,
            "minimum": size,
            "exclusiveMaximum": size,
            "multipleOf": st.integers(1, 3),
            "minLength": st.just(1),
            "maxLength": st.just(2),
            "pattern": st.sampled_from(["^a", "b$"]),
            "minItems": st.just(1),
            "maxItems": st.just(2),
            "uniqueItems": st.booleans(),
            "minProperties": st.just(1),
            "maxProperties": st.just(2),
            "required": st.lists(st.sampled_from("abc"), max_size=2, unique=True),
        },
    )
    return st.recursive(st.booleans() | plain, inside, max_leaves=6)


@given(GRAPHQL, GRAPHQL)
@settings(max_examples=300, deadline=None)
def test_graphql_answers_or_fails_as_a_builtin(query: str, schema: str) -> None:
    for name, operands in (
        ("graphql.parse_query", [query]),
        ("graphql.parse_schema", [schema]),
        ("graphql.parse", [query, SCHEMA]),
        ("graphql.parse", ["{ a { b } }", f"{SCHEMA} {schema}"]),
    ):
        try:
            call(name, *operands)
        except (BuiltinError, EvaluationError):
            continue


@given(GRAPHQL)
@settings(max_examples=300, deadline=None)
def test_the_tree_of_a_query_is_as_valid_as_its_text(query: str) -> None:
    try:
        tree = call("graphql.parse_query", query)
    except EvaluationError:
        assert call("graphql.is_valid", query, SCHEMA) is False
        return
    if "..." not in query:
        # OPA reads the use of a fragment back as a field.
        assert call("graphql.is_valid", tree, SCHEMA) == call("graphql.is_valid", query, SCHEMA)


@given(TEMPLATE, JSON, JSON)
@settings(max_examples=400, deadline=None)
def test_templates_answer_or_fail_as_a_builtin(template: str, first: Any, second: Any) -> None:
    try:
        made = call("strings.render_template", template, {"a": first, "b": second, "c": {"a": 1}})
    except EvaluationError:
        return
    if "{{" not in template:
        assert made == template


@given(schemas(), JSON)
@settings(max_examples=500, deadline=None)
def test_documents_match_as_another_library_says(schema: Any, document: Any) -> None:
    as_object: dict[str, Any] = {"properties": {"given": schema}}
    try:
        expected = jsonschema.Draft7Validator(as_object).is_valid({"given": document})
    except TypeError:
        # The other library counts what is in `items` beside additionalItems, and `items: false` has nothing to count.
        reject()
    valid, flaws = call("json.match_schema", {"given": document}, as_object, context=Budget(left=10_000_000))
    assert valid == expected == (not flaws)


@given(JSON, JSON)
@settings(max_examples=300, deadline=None)
def test_any_json_is_a_schema_or_none(schema: Any, document: Any) -> None:
    valid, reason = call("json.verify_schema", {"items": schema, "properties": {"a": schema}})
    assert valid == (reason is None)
    try:
        call("json.match_schema", {"a": document}, {"properties": {"a": schema}})
    except BuiltinError:
        assert not valid
