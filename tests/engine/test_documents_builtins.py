"""GraphQL, JSON Schema and templates: what the table of calls cannot show, limits above all."""

import pytest
from lockgate.engine.codegen.values import Object, Set, Value, make_object
from lockgate.engine.errors import EvaluationError
from lockgate.engine.rego.builtins.errors import BuiltinError, BuiltinLimitError

from tests.engine.builtin_cases import Budget, call

SCHEMA = "type Query { a: Query b(x: Int): Query c: Int }"


def plenty() -> Budget:
    return Budget(left=100_000_000)


def chain(count: int) -> str:
    links = [f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(count)]
    return "{ ...F0 } " + " ".join(links) + f" fragment F{count} on Query {{ c }}"


@pytest.mark.parametrize(
    "query",
    [
        "{" + "a{" * 60 + "c" + "}" * 61,
        "{ b(x: " + "[" * 60 + "]" * 60 + ") { c } }",
        "query ($x: " + "[" * 200 + "Int" + "]" * 200 + ") { c }",
        chain(5_000),
        "{" + "a { c } " * 3_000 + "}",
        "{ __schema { ...A } } "
        + " ".join(
            f"fragment {one} on __Schema {{ ...{two} types {{ name }} ...{two} }}"
            for one, two in zip("ABCDEFGHIJKLMNOPQRST", "BCDEFGHIJKLMNOPQRSTU", strict=True)
        )
        + " fragment U on __Schema { description }",
    ],
    ids=["fields", "values", "types", "fragments", "pairs of fields", "paths through fragments"],
)
def test_a_hostile_query_ends_with_a_limit(query: str) -> None:
    with pytest.raises(BuiltinLimitError, match="GraphQL document"):
        call("graphql.parse", query, SCHEMA, context=plenty())
    # Not even a question that can be answered with no is answered.
    with pytest.raises(BuiltinLimitError):
        call("graphql.is_valid", query, SCHEMA, context=plenty())


def test_work_on_a_query_is_paid_for() -> None:
    with pytest.raises(EvaluationError, match="out of steps"):
        call("graphql.is_valid", "{" + "a { c } " * 500 + "}", SCHEMA, context=Budget(left=1_000))


def test_a_schema_costs_the_same_when_it_is_remembered() -> None:
    schema = "type Query { only_here: Int }"
    first, second = Budget(), Budget()
    call("graphql.schema_is_valid", schema, context=first)
    call("graphql.schema_is_valid", schema, context=second)
    assert first.left == second.left < 100_000


def test_a_query_does_not_change_what_is_remembered_of_a_schema() -> None:
    before = call("graphql.parse_schema", SCHEMA)
    call("graphql.is_valid", "{ b(x: 1) { c } __typename }", SCHEMA)
    assert call("graphql.parse_schema", SCHEMA) == before
    assert call("graphql.is_valid", "{ __schema { description } }", SCHEMA) is True


@pytest.mark.parametrize(
    "tree",
    [
        {"Operations": 3},
        {"Operations": [3]},
        {"Operations": [{"Operation": "nope"}]},
        {"Operations": [{"VariableDefinitions": [{"Variable": "x"}]}]},
        {"Operations": [{"SelectionSet": [{"Name": "a", "Arguments": [{"Name": "x"}]}]}]},
        {"Operations": [{"SelectionSet": [{"Arguments": [{"Name": "x", "Value": {"Kind": 99}}]}]}]},
        {"Fragments": [{"Name": True}]},
    ],
)
def test_a_wrong_tree_is_an_error(tree: Value) -> None:
    assert call("graphql.is_valid", tree, SCHEMA) is False
    if tree not in ({"Operations": [{"SelectionSet": [{"Name": "a", "Arguments": [{"Name": "x"}]}]}]},):
        with pytest.raises(BuiltinError):
            call("graphql.parse", tree, SCHEMA)


def test_a_tree_means_what_its_text_means() -> None:
    query = "query Q($x: Int) { b(x: $x) { c } }"
    trees = call("graphql.parse_query", query), call("graphql.parse_schema", SCHEMA)
    assert call("graphql.parse", *trees) == call("graphql.parse", query, SCHEMA) == list(trees)


@pytest.mark.parametrize(
    ("document", "schema"),
    [
        ({"a": 1}, {"$ref": "#"}),
        (
            {"a": 1},
            {
                "definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}},
                "$ref": "#/definitions/a",
            },
        ),
        (
            {"a": 1},
            {
                "definitions": {
                    **{f"d{n}": {"allOf": [{"$ref": f"#/definitions/d{n + 1}"}] * 2} for n in range(30)},
                    "d30": {},
                },
                "$ref": "#/definitions/d0",
            },
        ),
        (
            {"a": 1},
            {
                "definitions": {
                    **{f"d{n}": {"$ref": f"#/definitions/d{n + 1}"} for n in range(3_000)},
                    "d3000": {},
                },
                "$ref": "#/definitions/d0",
            },
        ),
    ],
    ids=["itself", "each other", "twice each", "a long chain"],
)
def test_a_hostile_schema_ends_with_a_limit(document: Value, schema: Value) -> None:
    with pytest.raises(BuiltinLimitError, match="JSON schema"):
        call("json.match_schema", document, schema, context=plenty())


@pytest.mark.parametrize(
    "reference",
    [
        "http://127.0.0.1:9/x",
        "https://json-schema.org/draft-07/schema#",
        "http://json-schema.org/draft-2020-12/schema",
        "file:///etc/hostname",
        "//host/x",
    ],
)
def test_no_reference_leaves_the_schema(reference: str) -> None:
    valid, reason = call("json.verify_schema", {"$ref": reference})
    assert valid is False
    assert "remote reference loading disabled" in reason or "must be canonical" in reason


@pytest.mark.parametrize("draft", ["04", "06", "07"])
def test_the_schemas_of_the_drafts_are_known(draft: str) -> None:
    schema: Value = {"$ref": f"http://json-schema.org/draft-{draft}/schema#"}
    assert call("json.match_schema", {"type": "object", "minLength": 1, "enum": [1]}, schema) == [True, []]
    several: list[Value] = [
        {"minLength": -1},
        {"type": "text"},
        {"properties": {"a": {"required": 3}}},
        {"enum": []},
    ]
    for wrong in several:
        assert call("json.match_schema", wrong, schema)[0] is False
    inner: Value = {"$ref": f"http://json-schema.org/draft-{draft}/schema#/definitions/simpleTypes"}
    assert call("json.match_schema", {"a": "null"}, {"properties": {"a": inner}}) == [True, []]


def test_a_reference_may_go_by_the_name_of_a_schema() -> None:
    schema: Value = {
        "$id": "http://example.com/root.json",
        "definitions": {"a": {"$id": "inner.json", "type": "string"}},
        "properties": {"x": {"$ref": "http://example.com/inner.json"}, "y": {"$ref": "#/definitions/a"}},
    }
    valid, flaws = call("json.match_schema", {"x": 1, "y": "text"}, schema)
    assert valid is False
    assert [flaw["field"] for flaw in flaws] == ["x"]


def test_a_document_may_have_sets_and_keys_that_are_no_strings() -> None:
    document = make_object([("s", Set([1, 2])), (3, "three")])
    assert isinstance(document, Object)
    schema: Value = {"properties": {"s": {"type": "array"}, "3": {"type": "string"}}, "required": ["3"]}
    assert call("json.match_schema", document, schema) == [True, []]


def test_a_number_out_of_the_range_of_floats_is_no_crash() -> None:
    with pytest.raises(BuiltinError, match="64 bits"):
        call("json.match_schema", '{"a": 1e999}', {"properties": {"a": {"const": 1}}})


@pytest.mark.parametrize(
    "data",
    [
        {"a": Set([1])},
        {"a": Set()},
        make_object([(1, 2)]),
        {"a": [{"b": make_object([(1, 2)])}]},
        {"a": "\x00"},
    ],
    ids=["set", "empty set", "key", "key inside", "escape"],
)
def test_what_is_no_json_as_rego_writes_it_is_no_data(data: Value) -> None:
    with pytest.raises(BuiltinError):
        call("strings.render_template", "text", data)


@pytest.mark.parametrize(
    "template",
    [
        "{{if true}}" * 200 + "{{end}}" * 200,
        "{{" + "(" * 200 + "1" + ")" * 200 + "}}",
        '{{define "x"}}{{template "x"}}{{end}}{{template "x"}}',
    ],
)
def test_a_deep_template_ends_with_a_limit(template: str) -> None:
    with pytest.raises(BuiltinLimitError, match="nests too deep"):
        call("strings.render_template", template, {}, context=plenty())


@pytest.mark.parametrize(
    "template",
    [
        "{{range 1000000000}}{{end}}",
        "{{range 1000000000}}text{{end}}",
        '{{define "x"}}{{template "y" .}}{{template "y" .}}{{end}}'
        + '{{define "y"}}{{range 100000}}x{{end}}{{end}}'
        + "{{range 1000}}"
        + '{{template "x"}}{{end}}',
        '{{$x := "ab"}}{{range 64}}{{$x = print $x $x}}{{end}}{{$x}}',
        '{{printf "%1000000d" 1}}{{range 1000}}{{printf "%1000000d" 1}}{{end}}',
    ],
)
def test_an_endless_template_is_out_of_steps(template: str) -> None:
    with pytest.raises(EvaluationError):
        call("strings.render_template", template, {})
