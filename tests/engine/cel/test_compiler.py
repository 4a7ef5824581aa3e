"""The compiler: both of its paths over cases of every construct, and what they owe each other."""

import marshal
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.cel.ast import Call, Constant, ListLiteral, Macro, Name, Node, Select
from lockgate.engine.cel.budget import CALL_EXCEEDED, CALL_LIMIT, CostBudget
from lockgate.engine.cel.compiler import compile_tree
from lockgate.engine.cel.errors import CelError, CostError, ExpressionError, UnknownError
from lockgate.engine.cel.expression import Artifact, Expression
from lockgate.engine.cel.knowledge import Untyped
from lockgate.engine.cel.lazy import LazyMap
from lockgate.engine.cel.parser import parse
from lockgate.engine.cel.stored_tree import dump_tree, load_tree
from lockgate.engine.cel.values import NONE, Map, Optional, Uint, Value
from lockgate.engine.cel.walking import walk
from lockgate.engine.codegen.budget import Limits

from tests.engine.cel.evaluating import BY_NAME, careful, checked, compiled, outcome, same
from tests.engine.cel.trees import TREES, shape

POD: dict[str, Value] = {
    "metadata": {"name": "web", "labels": {"b": "2", "a": "1", "c": "3"}, "generation": 3},
    "spec": {
        "containers": [
            {"name": "one", "image": "registry/one:1", "ports": [{"containerPort": 80}]},
            {"name": "two", "image": "registry/two:2"},
        ],
        "replicas": 2,
        "paused": False,
        "nothing": None,
        "ratio": 0.5,
    },
}

CASES: list[tuple[str, Value]] = [
    # Literals and lists.
    ("null", None),
    ("[1, 2u, 3.5, 'x', b'y', true]", [1, Uint(2), 3.5, "x", b"y", True]),
    ("{'a': 1, 'b': {'c': []}}", {"a": 1, "b": {"c": []}}),
    ("{1: 'one', true: 'yes'}", Map([(1, "one"), (True, "yes")])),
    ("{'a': 1, 'a': 2}", {"a": 2}),
    ("{null: 1}", "CelError: unsupported key type"),
    # Selects, indices, presence.
    ("object.metadata.name", "web"),
    ("object.spec.containers[1].name", "two"),
    ("object['metadata']['name']", "web"),
    ("object.spec[object.metadata.name == 'web' ? 'replicas' : 'x']", 2),
    ("object.spec.missing", "CelError: no such key: missing"),
    ("object.metadata.name.first", "CelError: no such key: first"),
    ("object.spec.nothing.more", "CelError: no such key: more"),
    ("object.spec.containers[2]", "CelError: index out of bounds: 2"),
    ("object.spec.containers[-1]", "CelError: index out of bounds: -1"),
    ("object.spec.containers[0u].name", "one"),
    ("{1: 'one'}[1]", "one"),
    ("{1: 'one'}[2]", "CelError: no such key: 2"),
    ("has(object.spec.replicas)", True),
    ("has(object.spec.missing)", False),
    ("has(object.spec.nothing)", True),
    ("has(object.spec.nothing.more)", False),
    ("has(object.missing.more)", "CelError: no such key: missing"),
    ("missing.name", "CelError: no such attribute(s): missing"),
    # Comparisons: kinds that Python mixes up.
    ("object.spec.paused == 0", False),
    ("object.spec.paused == false", True),
    ("object.spec.replicas == 2", True),
    ("object.spec.replicas == 2.0", True),
    ("object.spec.replicas == 2u", True),
    ("object.spec.replicas == true", False),
    ("object.spec.replicas != '2'", True),
    ("object.spec.paused != 0", True),
    ("object.spec.nothing == null", True),
    ("object.spec == null", False),
    ("object.spec.containers == object.spec.containers", True),
    ("object.spec.replicas < 3 && 1 < object.spec.replicas", True),
    ("object.spec.ratio < 1", True),
    ("object.metadata.name > 'a'", True),
    ("object.spec.paused < 1", "CelError: no such overload"),
    ("object.metadata.name < 1", "CelError: no such overload"),
    # What is computed in place where the kinds are right.
    ("object.metadata.name + '-' + object.metadata.labels.a + '!'", "web-1!"),
    ("object.metadata.name + '-' + object.spec.missing", "CelError: no such key: missing"),
    ("object.spec.replicas + object.metadata.generation + 1", 6),
    ("object.spec.replicas + object.metadata.name", "CelError: no such overload"),
    ("object.metadata.name + object.spec.replicas", "CelError: no such overload"),
    ("[0] + object.spec.containers[0].ports + [2]", [0, {"containerPort": 80}, 2]),
    ("object.spec.containers[0].ports + object.metadata.name", "CelError: no such overload"),
    ("9223372036854775807 + object.spec.replicas", "CelError: integer overflow"),
    ("string(object.metadata.name) + string(object.spec.replicas)", "web2"),
    ("string(object.spec)", "CelError: no such overload"),
    ("object.metadata.name.startsWith('we') && object.metadata.name.endsWith('eb')", True),
    ("object.spec.replicas.startsWith('2')", "CelError: no such overload"),
    ("size(object.spec.containers) + object.metadata.name.size() + object.metadata.labels.size()", 8),
    ("size(object.spec.replicas)", "CelError: no such overload"),
    ("'abc'.size() + [1, 2].size()", 5),
    # Membership.
    ("object.metadata.name in ['api', 'web']", True),
    ("object.spec.replicas in ['api', 'web']", False),
    ("object.spec.containers in ['api', 'web']", False),
    ("'a' in object.metadata.labels", True),
    ("'e' in object.metadata.name", "CelError: no such overload"),
    ("2 in [1, 2]", True),
    ("object.spec.replicas in [1, 2.0]", True),
    ("object.metadata.labels.a in object.metadata.labels", False),
    ("object.metadata.labels.a in [object.metadata.name, '1']", True),
    ("object.spec.containers in object.spec.containers", False),
    ("1 in object.spec.replicas", "CelError: no such overload"),
    ("true in [1, 2]", False),
    # Logic.
    ("true && false || true", True),
    ("!object.spec.paused", True),
    ("!object.spec.replicas", "CelError: no such overload"),
    ("object.spec.missing && false", False),
    ("false && object.spec.missing", False),
    ("object.spec.missing || true", True),
    ("object.spec.missing || false", "CelError: no such key: missing"),
    ("object.spec.first || object.spec.second", "CelError: no such key: first"),
    ("object.spec.replicas || true", True),
    ("object.spec.replicas || false", "CelError: no such overload"),
    ("'x' && false", False),
    ("object.spec.paused ? object.spec.missing : 'no'", "no"),
    ("object.spec.replicas ? 1 : 2", "CelError: no such overload"),
    ("object.spec.missing ? 1 : 2", "CelError: no such key: missing"),
    # Macros.
    ("object.spec.containers.all(c, c.image.startsWith('registry/'))", True),
    ("object.spec.containers.all(c, has(c.ports))", False),
    ("object.spec.containers.all(c, c.ports.size() > 0)", "CelError: no such key: ports"),
    ("object.spec.containers.all(c, c.ports.size() > 1)", False),
    ("object.spec.containers.exists(c, c.name == 'two')", True),
    ("object.spec.containers.exists(c, c.ports[0].containerPort == 80)", True),
    ("object.spec.containers.exists(c, c.ports[0].containerPort == 81)", "CelError: no such key: ports"),
    ("[].all(x, x) && ![].exists(x, x)", True),
    ("[1, 2, 3].exists_one(x, x > 2)", True),
    ("[1, 2, 3].exists_one(x, x > 1)", False),
    ("[1, 0, 2].exists_one(x, 1 / x == 1)", "CelError: division by zero"),
    ("[1, 2, 3].filter(x, x != 2)", [1, 3]),
    ("[1, 2, 3].map(x, x + 1)", [2, 3, 4]),
    ("[1, 2, 3].map(x, x != 2, x * 2)", [2, 6]),
    ("object.metadata.labels.map(k, k + object.metadata.labels[k])", ["a1", "b2", "c3"]),
    ("{3: 'c', 1: 'a', 2: 'b'}.map(k, k)", [1, 2, 3]),
    ("object.metadata.name.map(c, c)", "CelError: got 'types.String', expected iterable type"),
    ("[[1], [2, 3]].map(x, x.map(x, x + 1))", [[2], [3, 4]]),
    ("[1, 2].all(x, [1, 2].exists(y, x == y && [x].all(x, x == y)))", True),
    ("object.metadata.labels.all(k, v, k < 'd' && v != '')", True),
    ("['a', 'b'].exists(i, v, i == 1 && v == 'b')", True),
    ("['a', 'b'].transformList(i, v, v + string(i))", ["a0", "b1"]),
    ("['a', 'b'].transformList(i, v, i > 0, v)", ["b"]),
    ("object.metadata.labels.transformMap(k, v, v != '2', v + v)", {"a": "11", "c": "33"}),
    ("['a'].transformMap(i, v, v)", Map([(0, "a")])),
    ("object.metadata.labels.transformMapEntry(k, v, {v: k})", {"1": "a", "2": "b", "3": "c"}),
    ("['x', 'x'].transformMapEntry(i, v, {v: i})", "CelError: insert failed: key x already exists"),
    # Optional values.
    ("object.?spec.?missing", NONE),
    ("object.?spec.replicas", Optional(2)),
    ("object.?missing.replicas.more", NONE),
    ("object[?'spec'].replicas", Optional(2)),
    ("object.spec.containers[?5]", NONE),
    ("has(object.?spec.replicas)", True),
    ("[?object.?missing, ?object.?metadata.name]", ["web"]),
    ("{?'a': object.?missing, ?'b': object.?metadata.name}", {"b": "web"}),
    ("[?object.spec]", "CelError"),
    ("object.?metadata.name.optMap(n, n + '!')", Optional("web!")),
    ("object.?missing.optMap(n, n + '!')", NONE),
    ("object.?metadata.optFlatMap(m, m.?missing)", NONE),
    # What needs statements inside of what does not.
    ("true ? [1].map(x, x) : [2].map(y, y)", [1]),
    ("object.spec.paused ? [1].map(x, x) : 5", 5),
    ("false || [1, 2].exists(x, x == 2) || object.missing", True),
    ("true && [1].all(x, x == 1) && 2 == 2 && [2].all(x, x == 2)", True),
    ("{'a': [1].map(x, x), 'b': [2].exists(x, x == 3)}", {"a": [1], "b": False}),
    ("[[1, 2].filter(x, x > 1), [3].map(x, x)][1][0] + 4", 7),
]

# What Kubernetes' checker refuses of them: literals of mixed types, and names and types that cannot be right.
MISTAKES = frozenset(
    (
        "[1, 2u, 3.5, 'x', b'y', true]",
        "{'a': 1, 'b': {'c': []}}",
        "{1: 'one', true: 'yes'}",
        "missing.name",
        "true in [1, 2]",
        "object.spec.replicas in [1, 2.0]",
        "object.metadata.labels.a in [object.metadata.name, '1']",
        "'x' && false",
        "object.spec.paused ? [1].map(x, x) : 5",
        "{'a': [1].map(x, x), 'b': [2].exists(x, x == 3)}",
    )
)


@pytest.mark.parametrize("compile_source", [compiled, checked, careful])
@pytest.mark.parametrize(("source", "expected"), CASES)
def test_values_and_errors(
    source: str, expected: Value, compile_source: Callable[[str], Expression | None]
) -> None:
    expression = compile_source(source)
    if expression is None:
        # A mistake that shows without a value.
        assert source in MISTAKES
        return
    found = outcome(expression, {"object": POD})
    if expected == "CelError":
        assert isinstance(found, str)
        assert found.startswith("CelError: ")
    elif isinstance(expected, str) and expected.startswith("CelError: no such overload"):
        # Which function has none is the library's to say.
        assert isinstance(found, str)
        assert found.startswith(expected)
    else:
        assert same(found, expected), found


@pytest.mark.parametrize("source", [source for source, expected in CASES if not isinstance(expected, str)])
def test_most_cases_have_a_fast_path(source: str) -> None:
    assert compiled(source).artifact.code is not None


_DECIDED = st.sampled_from(["true", "false", "no.such", "1 / 0 == 1", "object.flag", "object.number"])
_LOGIC = st.recursive(
    _DECIDED,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda one: f"(!{one})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} ? {t[1]} : {t[2]})"),
        inner.map(lambda one: f"[1, 2].all(x, {one})"),
        inner.map(lambda one: f"[1, 2].exists(x, {one} && x == 2)"),
    ),
    max_leaves=12,
)


@given(_LOGIC)
def test_both_paths_agree(source: str) -> None:
    variables: dict[str, Value] = {"object": {"flag": True, "number": 1}}
    assert same(outcome(compiled(source), variables), outcome(careful(source), variables))


@given(st.permutations(["true", "false", "no.such", "object.number"]), st.sampled_from(["&&", "||"]))
def test_a_term_that_decides_wins_wherever_it_stands(terms: list[str], operator: str) -> None:
    found = outcome(compiled(f" {operator} ".join(terms)), {"object": {"number": 1}})
    assert found is (operator == "||")


@given(st.text(), st.text())
def test_no_text_becomes_code(text: str, field: str) -> None:
    tree: Node = Call(0, "_==_", None, (Select(0, Name(0, text), field), Constant(0, text)))
    assert outcome(compile_tree(tree, Untyped(BY_NAME), BY_NAME), {text: {field: text}}) is True
    names: Node = ListLiteral(0, (Constant(0, text),))
    loop: Node = Macro(0, "map", names, (text,), (Name(0, text),))
    assert outcome(compile_tree(loop, Untyped(BY_NAME), BY_NAME), {}) == [text]


VARIABLES: dict[str, Value] = {
    "a": [1, 2, {"a": True}],
    "object": {"a": {"spec": 1}, "spec": [1, "x", None]},
    "x1": "text",
    "_y": True,
    "namespaces": {},
}


def test_a_field_of_what_is_negated_is_no_warning_of_python() -> None:
    for operand in (Call(0, "!_", None, (Constant(0, False),)), Call(0, "-_", None, (Constant(0, 1),))):
        assert compile_tree(Select(0, operand, "a"), Untyped(BY_NAME), BY_NAME).artifact.code is not None


@given(TREES)
def test_both_paths_agree_on_any_tree(node: Node) -> None:
    typing = Untyped(BY_NAME)
    try:
        expression = compile_tree(node, typing, BY_NAME)
    except ExpressionError:
        # No such function, or a message.
        return
    assert expression.artifact.code is not None
    fast = outcome(expression, VARIABLES)
    assert same(fast, outcome(Expression(Artifact(None, ()), BY_NAME, lambda: (node, typing)), VARIABLES))
    assert "internal error" not in str(fast)


def _failing(name: str) -> Value:
    raise {"bug": ValueError, "error": CelError, "unknown": UnknownError}[name]("inside")


def test_python_s_own_errors_stay_inside() -> None:
    variables = {"x": LazyMap(["bug"], _failing)}
    found = outcome(compiled("x.bug || true"), variables)
    assert found == "CelError: internal error: ValueError: inside"


def test_errors_of_lazy_values_are_errors_like_others() -> None:
    lazy = LazyMap(["error"], _failing)
    assert outcome(compiled("x.error || true"), {"x": lazy}) is True
    assert outcome(compiled("has(x.error)"), {"x": lazy}) == "CelError: inside"
    assert outcome(compiled("x.error"), {"x": lazy}) == "CelError: inside"
    assert outcome(compiled("x.other"), {"x": lazy}) == "CelError: no such key: other"
    assert outcome(compiled("has(x.other)"), {"x": lazy}) is False


def test_what_is_not_known_is_not_absorbed() -> None:
    with pytest.raises(UnknownError):
        outcome(compiled("x.unknown || true"), {"x": LazyMap(["unknown"], _failing)})


def test_a_lazy_value_is_computed_once() -> None:
    asked: list[str] = []

    def compute(name: str) -> Value:
        asked.append(name)
        return len(asked)

    lazy = LazyMap(["a", "b"], compute)
    assert outcome(compiled("x.a == 1 && x.a == 1"), {"x": lazy}) is True
    assert asked == ["a"]


def test_an_expression_has_a_limit() -> None:
    numbers = list(range(1001))
    expression = compiled("x.all(a, x.all(b, a == b || a != b))")
    with pytest.raises(CostError, match=CALL_EXCEEDED):
        expression.evaluate({"x": numbers}, CostBudget(Limits()))
    assert expression.evaluate({"x": numbers[:100]}, CostBudget(Limits())) is True


def test_a_policy_has_a_limit_over_all_of_its_expressions() -> None:
    expression = compiled("x.all(a, a >= 0)")
    variables: dict[str, Value] = {"x": list(range(10_000))}
    budget = CostBudget(Limits(max_steps=100_000))
    assert expression.evaluate(variables, budget) is True
    with pytest.raises(CostError, match="running out of cost budget"):
        for _ in range(5):
            expression.evaluate(variables, budget)


def test_a_loop_that_ends_early_pays_for_the_turns_that_it_took() -> None:
    budget = CostBudget(Limits())
    assert compiled("x.exists(a, a == 0)").evaluate({"x": list(range(100_000))}, budget) is True
    assert budget.taken < 100


def test_the_careful_path_begins_its_count_anew() -> None:
    numbers = list(range(CALL_LIMIT // 10))
    expression = compiled("x.all(a, a >= 0) && no.such || true")
    budget = CostBudget(Limits())
    assert expression.evaluate({"x": numbers}, budget) is True
    assert budget.taken < CALL_LIMIT


def test_errors_of_the_budget_are_not_absorbed() -> None:
    numbers = list(range(1001))
    found = outcome(compiled("x.all(a, x.all(b, a == b || a != b)) || true"), {"x": numbers})
    assert found == f"CostError: {CALL_EXCEEDED}"


def test_a_deadline_ends_an_evaluation() -> None:
    found = outcome(
        compiled("x.all(a, x.all(b, a == b || a != b))"), {"x": list(range(1001))}, Limits(max_seconds=0)
    )
    assert isinstance(found, str)
    assert found.startswith("CostError: ")
    assert "seconds" in found


@pytest.mark.parametrize(
    "source",
    [
        "(" * 60 + "1" + ")" * 60,
        "!" * 200 + "true",
        " + ".join(["1"] * 200),
        " && ".join(["true"] * 2_000),
        "[" * 100 + "]" * 100,
        "x" + ".y" * 200,
        "false ? 1 : " * 100 + "2",
    ],
)
def test_deep_expressions_have_a_value_or_an_error(source: str) -> None:
    assert same(outcome(compiled(source), {}), outcome(careful(source), {}))


def test_macros_nested_deeper_than_python_s_blocks() -> None:
    source = "true"
    for at in range(30):
        source = f"[1].all(v{at}, {source})"
    assert outcome(compiled(source), {}) is True


def test_a_stored_artifact_evaluates_as_the_one_it_was() -> None:
    source = "object.spec.containers.map(c, c.name).exists(n, n in ['two', 'x'] && 1u < 2u)"
    made = compiled(source)
    stored = Artifact.from_plain(made.artifact.to_plain())
    again = Expression(stored, BY_NAME, lambda: pytest.fail("the tree is asked for without need"))
    assert again.evaluate({"object": POD}, CostBudget(Limits())) is True


@given(TREES)
def test_a_stored_tree_is_the_same_tree(node: Node) -> None:
    found = load_tree(dump_tree(node, Untyped(BY_NAME)), BY_NAME)
    assert shape(found.node) == shape(node)
    assert [one.offset for one in walk(found.node)] == [one.offset for one in walk(node)]


@pytest.mark.parametrize("source", [source for source, _ in CASES])
def test_an_expression_from_the_cache_says_the_same_with_care(source: str) -> None:
    expression = checked(source) or compiled(source)
    *_, tree = marshal.loads(marshal.dumps(expression.to_plain()))
    again = Expression.from_plain((None, (), tree), BY_NAME)
    variables: dict[str, Value] = {"object": {"flag": True, "number": 1}, "x": "text"}
    assert same(outcome(again, variables), outcome(expression, variables))


@pytest.mark.parametrize(
    "source",
    [
        " + ".join(["1"] * 240),
        " && ".join(["x.flag"] * 240),
        "(" * 110 + "x" + ")" * 110,
        "!" * 240 + "x",
        "x" + ".a" * 240,
        "[" * 110 + "]" * 110,
        "{1: " * 110 + "1" + "}" * 110,
        "[1].all(a, " * 60 + "true" + ")" * 60,
    ],
)
def test_the_deepest_trees_are_stored(source: str) -> None:
    tree = parse(source)
    assert shape_of(load_tree(dump_tree(tree, Untyped(BY_NAME)), BY_NAME).node) == shape_of(tree)


def shape_of(node: Node) -> list[tuple[type, int]]:
    return [(type(one), one.offset) for one in walk(node)]
