"""Builtins that the table of calls cannot show: relations, orders, limits, the clock."""

import subprocess
import sys

import pytest
from lockgate.engine.codegen.values import UNDEFINED, Number, Set, Value, equal, parse_json, render_rego
from lockgate.engine.errors import EvaluationError
from lockgate.engine.rego.builtins.errors import BuiltinError, BuiltinLimitError

from tests.engine.builtin_cases import Budget, call

ORDER: list[Value] = [
    None,
    False,
    True,
    -1,
    0,
    Number("0.5"),
    1,
    "",
    "a",
    "b",
    [],
    [1],
    {},
    {"a": 1},
    Set(),
    Set([1]),
]


@pytest.mark.parametrize("low", range(len(ORDER)))
@pytest.mark.parametrize("high", range(len(ORDER)))
def test_comparisons_follow_the_order_of_all_values(low: int, high: int) -> None:
    left, right = ORDER[low], ORDER[high]
    assert call("lt", left, right) is (low < high)
    assert call("lte", left, right) is (low <= high)
    assert call("gt", left, right) is (low > high)
    assert call("gte", left, right) is (low >= high)
    assert call("equal", left, right) is (low == high)
    assert call("eq", left, right) is (low == high)
    assert call("assign", left, right) is (low == high)
    assert call("neq", left, right) is (low != high)


@pytest.mark.parametrize(
    ("item", "collection", "expected"),
    [
        (1, [2, 1], True),
        (True, [1], False),
        (1, Set([1]), True),
        (Number("1.0"), Set([1]), True),
        ("a", {"a": 1}, False),
        (1, {"a": 1}, True),
        ("a", "abc", False),
        (None, None, False),
    ],
)
def test_member(item: Value, collection: Value, expected: bool) -> None:
    assert call("internal.member_2", item, collection) is expected


@pytest.mark.parametrize(
    ("name", "item", "collection", "expected"),
    [
        (0, "a", ["a"], True),
        (1, "a", ["a"], False),
        (Number("0.0"), "a", ["a"], True),
        (-1, "a", ["a"], False),
        (True, "b", ["a", "b"], False),
        ("k", 1, {"k": 1}, True),
        ("k", 2, {"k": 1}, False),
        (1, 1, Set([1]), True),
        (1, 2, Set([1, 2]), False),
        ("k", "k", "k", False),
    ],
)
def test_member_with_key(name: Value, item: Value, collection: Value, expected: bool) -> None:
    assert call("internal.member_3", name, item, collection) is expected


def test_walk_goes_depth_first_in_order() -> None:
    value = parse_json('{"b": [1, {"x": 2}], "a": "s"}')
    assert render_rego(call("walk", value)) == (
        '[[[], {"a": "s", "b": [1, {"x": 2}]}], [["a"], "s"], [["b"], [1, {"x": 2}]], [["b", 0], 1],'
        ' [["b", 1], {"x": 2}], [["b", 1, "x"], 2]]'
    )


def test_walk_enters_sets() -> None:
    assert render_rego(call("walk", Set([2, 1]))) == "[[[], {1, 2}], [[1], 1], [[2], 2]]"


def test_walk_of_a_scalar_is_the_scalar() -> None:
    assert call("walk", 5) == [[[], 5]]


def test_template_string_joins_parts() -> None:
    parts: Value = ["a ", Set(["b"]), " ", Set([[1, "x"]]), " ", Set(), 7]
    assert call("internal.template_string", parts) == 'a b [1, "x"] <undefined>7'


def test_template_string_refuses_two_values() -> None:
    with pytest.raises(BuiltinLimitError, match="multiple outputs"):
        call("internal.template_string", [Set([1, 2])])


def test_now_is_the_time_of_the_evaluation() -> None:
    assert call("time.now_ns", context=Budget(now_ns=42)) == 42


def test_uuid_is_the_same_for_the_same_name_and_time() -> None:
    first = call("uuid.rfc4122", "a", context=Budget(now_ns=1))
    assert first == call("uuid.rfc4122", "a", context=Budget(now_ns=1))
    assert first != call("uuid.rfc4122", "b", context=Budget(now_ns=1))
    assert first != call("uuid.rfc4122", "a", context=Budget(now_ns=2))
    assert call("uuid.parse", first) == {"variant": "RFC4122", "version": 4}


@pytest.mark.parametrize("limit", [1, 7, -7, 10**12])
def test_random_number_stays_below_its_limit(limit: int) -> None:
    found = call("rand.intn", "x", limit)
    assert 0 <= found < abs(limit)
    assert found == call("rand.intn", "x", limit)


def test_random_number_below_zero_is_zero() -> None:
    assert call("rand.intn", "x", 0) == 0


BIG = "x" * 100_000


@pytest.mark.parametrize(
    ("name", "operands"),
    [
        ("numbers.range", (0, 10**12)),
        ("numbers.range", (0, 10**7)),
        ("numbers.range_step", (10**18, 0, 3)),
        ("sprintf", ("%1000000d" * 100, [1] * 100)),
        ("sprintf", ("%.1000000f" * 100, [Number("0.5")] * 100)),
        ("sprintf", ("%[1]s" * 200, [BIG])),
        ("replace", (BIG, "x", BIG)),
        ("replace", (BIG, "", BIG)),
        ("strings.replace_n", ({"x": BIG}, BIG)),
        ("strings.replace_n", ({"": BIG}, BIG)),
        ("concat", (BIG, ["a"] * 1_000)),
        ("regex.replace", (BIG, "x", BIG)),
        ("net.cidr_expand", ("10.0.0.0/8",)),
        ("net.cidr_expand", ("::/0",)),
        ("json.marshal_with_options", ([list(range(1_000))], {"indent": BIG})),
        ("graph.reachable_paths", ({str(i): [str(j) for j in range(i)] for i in range(30)}, ["29"])),
        ("object.subset", ([0] * 20_000 + [1], [0] * 10_000 + [1])),
        ("net.cidr_contains_matches", (["10.0.0.0/8"] * 1_000, ["10.0.0.0/8"] * 1_000)),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
def test_unbounded_results_end_with_an_error(name: str, operands: tuple[Value, ...]) -> None:
    with pytest.raises(EvaluationError) as caught:
        call(name, *operands)
    # Not an error of the builtin, which would count as undefined.
    assert not isinstance(caught.value, BuiltinError)


@pytest.mark.parametrize(
    ("name", "operands"),
    [
        ("bits.lsh", (1, 10**9)),
        ("regex.match", ("a" * 70_000, "a")),
        ("regex.is_valid", ("a" * 70_000,)),
        ("regex.match", (r"(?:\pL{900}\pN{900}){1}" * 40, "a")),
        ("glob.match", ("a" * 70_000, [], "a")),
        ("units.parse", ("1e999999",)),
        ("units.parse_bytes", ("1e999999",)),
        ("mul", (10**4_000, 10**4_000)),
        ("plus", (Number("1e5000"), 1)),
        ("product", ([10**3_000, 10**3_000],)),
        ("json.unmarshal", ("[" * 200 + "]" * 200,)),
        ("json.unmarshal", ("[" * 100_000,)),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
def test_results_that_are_too_large_end_with_an_error(name: str, operands: tuple[Value, ...]) -> None:
    with pytest.raises(EvaluationError) as caught:
        call(name, *operands)
    assert not isinstance(caught.value, BuiltinError)


def test_bytes_that_are_no_text_become_replacement_characters() -> None:
    assert call("base64.decode", "4oL/") == "\ufffd" * 3
    assert call("count", call("hex.decode", "ff61fe")) == 3
    assert call("replace", "\u00e9", "", "-") == "-\ufffd-\ufffd-"


def test_a_number_written_otherwise_gets_the_spelling_of_json() -> None:
    assert render_rego(call("to_number", "007")) == "7"
    assert render_rego(call("to_number", "+.50")) == "0.50"


def test_objects_with_any_keys() -> None:
    united = call("object.union", {"a": 1}, call("json.patch", {}, [{"op": "add", "path": [1], "value": 2}]))
    assert render_rego(united) == '{1: 2, "a": 1}'
    assert equal(call("object.remove", united, [1]), {"a": 1})


def test_removing_the_whole_document_is_undefined() -> None:
    assert call("json.patch", {"a": 1}, [{"op": "remove", "path": ""}]) is UNDEFINED


def test_a_patch_copies_only_what_it_changes() -> None:
    inner: dict[str, Value] = {"x": 1}
    whole: dict[str, Value] = {"kept": inner, "a": [1]}
    patched = call("json.patch", whole, [{"op": "add", "path": "/a/-", "value": 2}])
    assert patched == {"kept": {"x": 1}, "a": [1, 2]}
    assert patched["kept"] is inner
    assert whole == {"kept": {"x": 1}, "a": [1]}


def test_the_catalogue_imports_no_builtin() -> None:
    code = (
        "import sys; from lockgate.engine.rego.builtins import catalogue;"
        "print([m for m in sys.modules if '.builtins.' in m and not m.endswith('catalogue')])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"
