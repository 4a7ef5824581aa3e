"""Types, names and their mistakes, as Kubernetes 1.34's compiler (cel-go 0.26) has them."""

import pytest
from hypothesis import given
from lockgate.engine.cel.admission import ADMISSION_VARIABLES, variables_type
from lockgate.engine.cel.ast import Call, Constant, Index, Name, Node
from lockgate.engine.cel.checked import Checked
from lockgate.engine.cel.checker import check
from lockgate.engine.cel.device import device_environment
from lockgate.engine.cel.environment import Environment, make_environment
from lockgate.engine.cel.errors import ExpressionError
from lockgate.engine.cel.parser import parse
from lockgate.engine.cel.printing import render_expression
from lockgate.engine.cel.types import ANY, BOOL, DYN, QUANTITY, AnyType
from lockgate.engine.cel.unify import render_type
from lockgate.engine.cel.values import TypeValue
from lockgate.engine.cel.walking import walk

from tests.conformance.cel_cases import COMPOSED, SELECTORS, TOPICS, Case, cases
from tests.engine.cel.declarations import declared_environment, declared_functions
from tests.engine.cel.trees import TREES


def checked(source: str, environment: Environment | None = None) -> Checked:
    return check(parse(source), environment or declared_environment())


def outcome(source: str, environment: Environment | None = None) -> str | list[tuple[int, str]]:
    """The type as messages show it, or the mistakes."""
    try:
        return render_type(checked(source, environment).result)
    except ExpressionError as error:
        return [(one.offset, one.message) for one in error.mistakes]


TYPES = [
    ("i + i", "int"),
    ("1 < 1.0", "bool"),
    ("object.a.b", "dyn"),
    ("object == 1", "bool"),
    ('object["a"].b', "dyn"),
    ("request.userInfo.groups[0]", "string"),
    ("request.userInfo.extra['a'][0]", "string"),
    ("request.options.foo", "dyn"),
    ("namespaceObject.metadata.creationTimestamp", "timestamp"),
    ("namespaceObject.metadata.labels.a", "string"),
    ("request == null", "bool"),
    ("true ? null : request", "null"),
    ("[[], [1]]", "list(list(int))"),
    ("[{}, {'a': 1}]", "list(map(string, int))"),
    ("[]", "list(dyn)"),
    ("[] + [1]", "list(int)"),
    ("li + object", "list(int)"),
    ("true ? 1 : object", "dyn"),
    ("-object", "dyn"),
    ("object - 1", "int"),
    ("li[object]", "int"),
    # The expansions of macros.
    ("li.map(x, x > 1, string(x))", "list(string)"),
    ("li.map(x, {x: x}).map(x, {x: x})", "list(map(map(int, int), map(int, int)))"),
    ("msi.transformMap(k, v, string(v))", "map(string, string)"),
    ("msi.transformMapEntry(k, v, {v: k})", "map(int, string)"),
    ("msi.transformList(k, v, v)", "list(int)"),
    ("object.transformMap(k, v, v)", "map(dyn, dyn)"),
    ("object.map(x, x)", "list(dyn)"),
    ("[].map(x, x + 1)", "list(int)"),
    ("[].all(x, x.foo == 1)", "bool"),
    ("li.all(x, li.exists(x, x > 0))", "bool"),
    ("li.all(object, object > 0)", "bool"),
    ("li.sortBy(x, -x)", "list(int)"),
    ("object.sortBy(x, x.a)", "dyn"),
    # Optionals.
    ("object.?a.b.c", "optional_type(dyn)"),
    ("msi.?a", "optional_type(int)"),
    ("li[?0]", "optional_type(int)"),
    ("optional.of(msi).a", "optional_type(int)"),
    ("optional.of(li)[0]", "optional_type(int)"),
    ("object.?a.optMap(x, string(x))", "optional_type(string)"),
    ("optional.of(1).optFlatMap(x, optional.of(string(x)))", "optional_type(string)"),
    ("optional.none()", "optional_type(dyn)"),
    ("optional.none().orValue(1)", "int"),
    # The first overload that fits decides.
    ("dyn(1).value() - dyn(2)", "double"),
    ("[optional.none(), optional.of(1)]", "list(optional_type(int))"),
    ("[?optional.of(1), 2]", "list(int)"),
    ("{?'a': optional.of(1)}", "map(string, int)"),
    ("[?object.?a]", "list(dyn)"),
    # cel-go 0.26 crashes at this one.
    ("[?object.a]", "list(dyn)"),
    # Types and names.
    ("type(li)", "type(list(int))"),
    ("type(1) == int", "bool"),
    ("google.protobuf.Timestamp", "type(timestamp)"),
    ("net.IP", "type(net.IP)"),
    ("list", "type(list(dyn))"),
    (".object.a", "dyn"),
    (".size(li)", "int"),
    ("authorizer.requestResource.check('get').allowed()", "bool"),
    ("authorizer.group('apps').resource('deployments').check('create').allowed()", "bool"),
    ("quantity('1Gi').add(1)", "kubernetes.Quantity"),
    ("'%s %d'.format(['a', 1])", "string"),
    ("'%s'.format([[1, 'a']])", "string"),
]


@pytest.mark.parametrize(("source", "shown"), TYPES)
def test_types(source: str, shown: str) -> None:
    assert outcome(source) == shown


def undeclared(name: str) -> str:
    return f"undeclared reference to '{name}' (in container '')"


def no_overload(name: str, given: str) -> str:
    return f"found no matching overload for '{name}' applied to '{given}'"


MISTAKES = [
    ("undefined.a.b", [(0, undeclared("undefined"))]),
    ("undefined.f(1)", [(0, undeclared("undefined")), (11, undeclared("f"))]),
    ("f(undefined)", [(1, undeclared("f")), (2, undeclared("undefined"))]),
    ("math.greatest(1, 2)", [(0, undeclared("math")), (13, undeclared("greatest"))]),
    ("[x, y]", [(1, undeclared("x")), (4, undeclared("y"))]),
    ("i + s", [(2, no_overload("_+_", "(int, string)"))]),
    ("1 + 'a' + 2.0", [(2, no_overload("_+_", "(int, string)"))]),
    ("1 == 1.0", [(2, no_overload("_==_", "(int, double)"))]),
    ("1 in [1.0]", [(2, no_overload("@in", "(int, list(double))"))]),
    ("[1,2] == [1.0,2.0]", [(6, no_overload("_==_", "(list(int), list(double))"))]),
    ("null == type(1)", [(5, no_overload("_==_", "(null, type(int))"))]),
    ("s[0]", [(1, no_overload("_[_]", "(string, int)"))]),
    ("s.split(1)", [(7, no_overload("split", "string.(int)"))]),
    ("li.flatten()", [(10, no_overload("flatten", "list(int).()"))]),
    ("i && true", [(0, "expected type 'bool' but found 'int'")]),
    ("i ? 1 : 2", [(2, no_overload("_?_:_", "(int, int, int)"))]),
    ("request.foo", [(7, "undefined field 'foo'")]),
    ("has(request.foo)", [(3, "undefined field 'foo'")]),
    ("request['kind']", [(7, no_overload("_[_]", "(kubernetes.AdmissionRequest, string)"))]),
    ("has(i.foo)", [(3, "type 'int' does not support field selection")]),
    ("optional.of(i).a", [(14, "type 'int' does not support field selection")]),
    ("type(1).a", [(7, "type 'type(int)' does not support field selection")]),
    ("a.b{c: 1}", [(3, undeclared("a.b"))]),
    ("int{}", [(3, "'int' is not a message type")]),
    ("i{}", [(1, "'int' is not a type")]),
    # Kubernetes allows this one.
    (
        "google.protobuf.Timestamp{seconds: 1}",
        [
            (
                25,
                "messages of type 'google.protobuf.Timestamp' cannot be written here; use timestamp(…), duration(…) or a map",
            )
        ],
    ),
    (
        "cel.bind(x, 1, x)",
        [(0, undeclared("cel")), (8, undeclared("bind")), (9, undeclared("x")), (15, undeclared("x"))],
    ),
    # The expansions of macros.
    (
        "i.all(x, true)",
        [
            (
                0,
                "expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
            )
        ],
    ),
    ("li.all(x, x)", [(10, "expected type 'bool' but found 'int'")]),
    ("li.filter(x, x)", [(9, no_overload("_?_:_", "(int, list(int), list(int))"))]),
    ("li.exists_one(x, x)", [(13, no_overload("_?_:_", "(int, int, int)"))]),
    ("li.transformList(j, x, x, j)", [(16, no_overload("_?_:_", "(int, list(int), list(int))"))]),
    (
        "msi.transformMapEntry(k, v, 1)",
        [(21, no_overload("cel.@mapInsert", "(map(dyn, dyn), int)"))],
    ),
    ("li.sortBy(x, [x])", [(9, no_overload("@sortByAssociatedKeys", "list(int).(list(list(int)))"))]),
    (
        "i.optMap(x, x)",
        [(8, no_overload("hasValue", "int.()")), (8, no_overload("value", "int.()"))],
    ),
    (
        "optional.of(1).optFlatMap(x, x)",
        [(25, no_overload("_?_:_", "(bool, int, optional_type(dyn))"))],
    ),
    ("optional.of(1).optMap(x, x.a)", [(26, "type 'int' does not support field selection")]),
    (
        "li.map(x, undefined, 1 + s)",
        [(10, undeclared("undefined")), (23, no_overload("_+_", "(int, string)"))],
    ),
    ("li.map(object, object).all(x, x.a)", [(31, "type 'int' does not support field selection")]),
    # Literals.
    ("[1, 1.0]", [(4, "expected type 'int' but found 'double'")]),
    ("[1, object]", [(4, "expected type 'int' but found 'dyn'")]),
    ("[null, i, s]", [(7, "expected type 'null' but found 'int'")]),
    (
        "{'a': 1, 2: 'b'}",
        [(9, "expected type 'string' but found 'int'"), (12, "expected type 'int' but found 'string'")],
    ),
    ("[[], [object], [1]]", [(15, "expected type 'list(dyn)' but found 'list(int)'")]),
    ("[request.kind, null]", [(15, "expected type 'kubernetes.GroupVersionKind' but found 'null'")]),
    ("[?1]", [(2, "expected type 'optional_type(int)' but found 'int'")]),
    ("{?'a': 1}", [(7, "expected type 'optional_type(int)' but found 'int'")]),
    ("timestamp('nope')", [(10, "invalid timestamp argument")]),
    ("duration('1x')", [(9, "invalid duration argument")]),
    ("duration(1)", [(9, "invalid duration argument")]),
    ("s.matches('[')", [(10, "invalid matches argument")]),
    # Of the global function cel-go looks at the text.
    ("matches('[', s)", [(8, "invalid matches argument")]),
    ("uint(-1)", [(4, "program instantiation failed: unsigned integer overflow")]),
    ("bool(dyn([1]))", [(4, "program instantiation failed: no such overload: bool(list)")]),
    ("string(dyn(uint(-1)))", [(15, "program instantiation failed: unsigned integer overflow")]),
    ("object[dyn([1])]", [(6, "program instantiation failed: invalid qualifier type: *types.baseList")]),
    ("object[null]", [(6, "program instantiation failed: invalid qualifier type: types.Null")]),
    # Formats.
    ("'%s'.format([1, 2])", [(11, "too many arguments supplied to string.format (expected 1, got 2)")]),
    ("'%d %q'.format([1])", [(14, "index 1 out of range")]),
    ("'%'.format([1])", [(10, "unexpected end of string")]),
    (
        "'%z'.format([1])",
        [(11, 'could not parse formatting clause: unrecognized formatting clause "z"')],
    ),
    (
        "'%é'.format([1])",
        [(11, 'could not parse formatting clause: unrecognized formatting clause "Ã"')],
    ),
    (
        "'%.s'.format([1])",
        [
            (
                12,
                (
                    "could not parse formatting clause: error while parsing precision: error while converting precision "
                    'to integer: strconv.Atoi: parsing "": invalid syntax'
                ),
            )
        ],
    ),
    (
        "'%.9223372036854775808f'.format([1.0])",
        [
            (
                31,
                (
                    "could not parse formatting clause: error while parsing precision: error while converting precision "
                    'to integer: strconv.Atoi: parsing "9223372036854775808": value out of range'
                ),
            )
        ],
    ),
    (
        "'%.2'.format([1])",
        [
            (
                12,
                (
                    "could not parse formatting clause: error while parsing precision: could not find end of precision "
                    "specifier"
                ),
            )
        ],
    ),
    (
        "'%d'.format(['a'])",
        [(13, "error during formatting: decimal clause can only be used on integers, was given string")],
    ),
    (
        "'%s'.format([[quantity('1')]])",
        [
            (
                22,
                (
                    "error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, "
                    "lists, types, durations, and timestamps, was given kubernetes.Quantity"
                ),
            )
        ],
    ),
]


@pytest.mark.parametrize(("source", "mistakes"), MISTAKES)
def test_mistakes(source: str, mistakes: list[tuple[int, str]]) -> None:
    assert outcome(source) == mistakes


# Messages are made here that Kubernetes lets be made: it refuses nothing for that, and nobody has a use for them.
NOT_MADE = (
    "google.protobuf.Timestamp{",
    "google.protobuf.Duration{",
    "google.protobuf.Int64Value{",
    "google.protobuf.BoolValue{",
    "google.protobuf.StringValue{",
    "google.protobuf.Struct{",
    "kubernetes.AdmissionRequest{",
)


def agrees(case: Case, environment: Environment) -> bool:
    """Whether types, or the first mistakes, are the same. What fails at planning has no place there."""
    ours = outcome(case.question.expression, environment)
    if case.question.expression.startswith(NOT_MADE):
        return not isinstance(ours, str)
    mistakes = case.answer.get("mistakes")
    if mistakes:
        first = mistakes[0]
        if isinstance(ours, str):
            return False
        expects = "error parsing regexp" if "error parsing regexp" in first["message"] else first["message"]
        place = ours[0][0] if first["offset"] == -1 else first["offset"]
        return ours[0][0] == place and ours[0][1].startswith(("program instantiation failed", expects))
    if isinstance(ours, str):
        shown = case.answer.get("type")
        return shown is None or shown == str(checked(case.question.expression, environment).result)
    return False


@pytest.mark.parametrize("topic", [one for one in TOPICS if one not in (SELECTORS, COMPOSED)])
def test_conformance(topic: str) -> None:
    environment = make_environment(
        declared_functions(), {**ADMISSION_VARIABLES, "params": DYN, "variables": variables_type({})}
    )
    differing = [
        (case.question.expression, outcome(case.question.expression, environment), case.answer)
        for case in cases(topic)
        if not agrees(case, environment)
    ]
    assert differing == []


def test_conformance_of_composed_variables() -> None:
    found = cases(COMPOSED)
    base = make_environment(declared_functions(), {**ADMISSION_VARIABLES, "params": DYN})
    variables: dict[str, AnyType] = {}
    environment = base.extended(variables={"variables": variables_type(variables)})
    for name, source in found[0].question.composed:
        variables[name] = checked(source, environment).result
        environment = base.extended(variables={"variables": variables_type(variables)})
    assert [one.question.expression for one in found if not agrees(one, environment)] == []


def test_conformance_of_selectors() -> None:
    environment = device_environment(make_environment(declared_functions()))
    differing = []
    for case in cases(SELECTORS):
        mistakes = [one["message"] for one in case.answer.get("mistakes", ())]
        ours = outcome(case.question.expression, environment)
        if isinstance(ours, str):
            # A selector has to be true or false, or of no known type, which is asked after the check.
            shown = checked(case.question.expression, environment).result
            good = shown in (BOOL, ANY) if not mistakes else mistakes[0].endswith(f"not {shown}")
        else:
            good = mistakes[:1] == [ours[0][1]]
        if not good:
            differing.append((case.question.expression, ours, case.answer))
    assert differing == []


def test_selectors_bind_names() -> None:
    environment = device_environment(make_environment(declared_functions()))
    source = "cel.bind(a, device.attributes['d'], a.x && a.y == 1)"
    assert outcome(source, environment) == "bool"
    assert outcome("cel.bind(a, device.capacity['d'].m, a)", environment) == render_type(QUANTITY)
    assert outcome("cel.bind(a, 1, a.b)", environment) == [
        (16, "type 'int' does not support field selection")
    ]
    assert outcome("cel.bind(a.b, 1, a.b)", environment) == [
        (10, "cel.bind() variable names must be simple identifiers")
    ]
    assert render_expression(checked(source, environment).node) == source.replace("'", '"')


def test_names_are_resolved() -> None:
    called = checked("optional.none()").node
    assert called == Call(13, "optional.none", None, ())
    assert checked("authorizer.requestResource").node == Name(10, "authorizer.requestResource")
    assert checked("net.IP").node == Constant(3, TypeValue("net.IP"))
    assert checked(".i").node == Name(1, "i")
    assert checked(".size(li)").node == Call(5, "size", None, (Name(6, "li"),))
    # A variable of a macro comes before a type.
    assert checked("li.map(int, int)").result == checked("li").result


OVERLOADS = [
    ("i + i", ["add_int64"]),
    ("object + 1", ["add_int64"]),
    ("i < 1.0", ["less_int64_double"]),
    ("li[0]", ["index_list"]),
    ("msi.a == 1", ["equals"]),
    ("li[?0]", ["list_optindex_optional_int"]),
    ("size(s)", ["size_string"]),
    ("object.size()", ["bytes_size", "list_size", "map_size", "string_size"]),
    ("!object", ["logical_not"]),
    ("true && object", ["logical_and"]),
    ("true ? 1 : 2", ["conditional"]),
]


@pytest.mark.parametrize(("source", "ids"), OVERLOADS)
def test_overloads(source: str, ids: list[str]) -> None:
    found = checked(source)
    assert isinstance(found.node, Call | Index)
    assert [one.id for one in found.overloads_of(found.node)] == ids


@pytest.mark.parametrize("source", [source for source, _ in TYPES])
def test_everything_in_the_tree_is_known(source: str) -> None:
    found = checked(source)
    nodes = list(walk(found.node))
    assert len({id(one) for one in nodes}) == len(nodes)
    assert {id(one) for one in nodes} <= set(found.types)
    assert all(found.overloads_of(one) for one in nodes if isinstance(one, Call | Index))


def test_a_type_that_grows_without_end_is_refused() -> None:
    for source in ("[1]" + ".map(x, {x: x})" * 40, "[1]" + ".map(x, [[[x]]])" * 60):
        found = outcome(source)
        assert not isinstance(found, str)
        assert found[0][1] == "a type in this expression is too large: its lists and maps nest too deep"


@pytest.mark.parametrize(
    "source",
    [
        "+".join(["i"] * 250),
        "true ? 1 : " * 249 + "2",
        "object" + ".a" * 249,
        "object" + ".?a" * 249,
        "li" + ".map(x, x)" * 249,
        "li.all(x, " * 120 + "true" + ")" * 120,
        "[" * 120 + "]" * 120,
        "[size(" * 50 + "li" + ")]" * 50,
    ],
    ids=lambda source: source[:12],
)
def test_what_is_as_deep_as_can_be_is_typed_and_rendered(source: str) -> None:
    found = checked(source)
    assert render_type(checked(render_expression(found.node)).result) == render_type(found.result)


def test_no_more_than_a_hundred_mistakes() -> None:
    found = outcome(f"[{', '.join(['undefined'] * 200)}]")
    assert len(found) == 100


def test_a_long_expression_does_not_take_quadratic_time() -> None:
    # Each comparison has a variable of types.
    source = " && ".join(["object.a == 1"] * 5_000)
    assert outcome(source) == "bool"


def test_a_long_chain_of_conversions_is_computed_once() -> None:
    source = "dyn(" * 100 + f"[{', '.join(['1'] * 20_000)}]" + ")" * 100
    assert outcome(source) == "dyn"


@given(TREES)
def test_any_tree_is_typed_or_refused(node: Node) -> None:
    try:
        found = check(node, declared_environment())
    except ExpressionError as error:
        assert error.mistakes
    else:
        assert {id(one) for one in walk(found.node)} <= set(found.types)
