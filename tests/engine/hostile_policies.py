"""Policies that never end, or make endless values: each has to end with an error that names rule and line."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Hostile:
    """The rules of a policy, of which `p` is asked; `rule` and `line` are those that the error names.

    Lines count from the first of `text`. An empty `rule` leaves open which one reaches the limit.
    """

    name: str
    text: str
    rule: str = "p"
    line: int = 1
    given: Any = None


def _nested(function: str, times: int, inner: str) -> str:
    return f"{function}(" * times + inner + ")" * times


def _powers(body: str, base: str) -> str:
    """`g` applies the function `f` some 17,000 times: a chain that no text could spell out."""
    step = _nested("f", 26, "x")
    return f"f(x) := {body}\ng(x) := {step}\nh(x) := {_nested('g', 26, 'x')}\np := {_nested('h', 26, base)}\n"


def _around(opening: str, closing: str) -> str:
    """Rego for a text of 5,000 brackets in brackets."""
    opened, closed = [f'["{mark}" | some i in numbers.range(1, 5000)]' for mark in (opening, closing)]
    return f'concat("", array.concat({opened}, {closed}))'


_L = {"l": list(range(1_000))}
_BIG = {
    "l": list(range(1_000)),
    "s": "ab" * 100_000,
    "t": "ä" * 50_000,
    "o": {str(n): {"a": n} for n in range(2_000)},
}
_MANY = "some i in numbers.range(1, 100000)"

LOOPS = [
    Hostile("nested loops", "p := count([1 | input.l[_]; input.l[_]; input.l[_]])", given=_L),
    Hostile(
        "nested some",
        "p if { some x in input.l\nsome y in input.l\nsome z in input.l\nx + y + z < 0 }",
        line=3,
        given=_L,
    ),
    Hostile(
        "every in every",
        "p if every x in input.l { every y in input.l { every z in input.l { x + y + z >= 0 } } }",
        given=_L,
    ),
    Hostile(
        "set rule", "p contains [x, y, z] if { some x, y, z; input.l[x]; input.l[y]; input.l[z] }", given=_L
    ),
    Hostile("object rule", "p[[x, y, z]] := z if { input.l[x]; input.l[y]; input.l[z] }", given=_L),
    Hostile("deep object rule", "p[x][y] contains z if { input.l[x]; input.l[y]; input.l[z] }", given=_L),
    Hostile("set comprehension", "p := {[x, y, z] | input.l[x]; input.l[y]; input.l[z]}", given=_L),
    Hostile(
        "object comprehension", "p := {[x, y]: z | input.l[x]; input.l[y]; z := 1; input.l[_]}", given=_L
    ),
    Hostile("walk in walk", "p := count([1 | walk(input); walk(input); walk(input)])", given=_L),
    Hostile("negated loop", "p if not q\nq if { input.l[_] > input.l[_]; input.l[_] < 0 }", "q", 2, _L),
    Hostile(
        "a function that loops",
        "p := [f(x) | some x in input.l]\nf(x) := count([1 | input.l[_]; input.l[_]])",
        "f",
        2,
        _L,
    ),
    Hostile(
        "loop under with",
        "p := [1 | some i in input.l; q with input.z as i]\nq if { some a, b in input.l; some c in input.l; a + b + c < 0 }",
        "q",
        2,
        _L,
    ),
    Hostile(
        "loops over data", "p := count([1 | data.a.q[_]; data.a.q[_]; data.a.q[_]])\nq := input.l", given=_L
    ),
    Hostile(
        "a fork in each function",
        "\n".join(
            [
                "f0(x) := x",
                *[f"f{n}(x) := f{n - 1}(x) + f{n - 1}(x + 1)" for n in range(1, 40)],
                "p := f39(1)",
            ]
        ),
        "",
    ),
    Hostile(
        "else chain over loops",
        "p := 1 if { input.l[_] + input.l[_] < input.l[_] - 5000 } else := 2 if { input.l[_] < 0 }",
        given=_L,
    ),
]

TEXTS = [
    Hostile("concat doubles", _powers('concat("", [x, x])', '"ab"'), ""),
    Hostile("sprintf doubles", _powers('sprintf("%s%s", [x, x])', '"ab"'), ""),
    Hostile("sprintf of any value doubles", _powers('sprintf("%v-%v", [x, x])', "input"), "", given=[1]),
    Hostile("a template doubles", _powers('$"{x}{x}"', '"ab"'), ""),
    Hostile("replace grows", _powers('replace(x, "a", "aaaa")', '"a"'), ""),
    Hostile("replace of nothing grows", _powers('replace(x, "", "ab")', '"a"'), ""),
    Hostile("replace_n grows", _powers('strings.replace_n({"a": "aaaa", "b": "a"}, x)', '"ab"'), ""),
    Hostile("regex.replace grows", _powers('regex.replace(x, "a", "aaaa")', '"a"'), ""),
    Hostile("regex.replace with groups grows", _powers('regex.replace(x, "(.*)", "$1$1$1")', '"a"'), ""),
    Hostile("base64 grows", _powers("base64.encode(x)", '"ab"'), ""),
    Hostile("base64url grows", _powers("base64url.encode_no_pad(x)", '"ab"'), ""),
    Hostile("hex grows", _powers("hex.encode(x)", '"ab"'), ""),
    Hostile("urlquery grows", _powers("urlquery.encode(x)", '"ä"'), ""),
    Hostile("json in json grows", _powers("json.marshal([x, x])", '"a"'), ""),
    Hostile("quotes in quotes", _powers("json.marshal(x)", '"\\""'), ""),
    Hostile("yaml grows", _powers("yaml.marshal([x, x])", '"a"'), ""),
    Hostile("indented json", _powers('json.marshal_with_options([x, x], {"indent": "        "})', '"a"'), ""),
    Hostile("huge widths", f'p := [sprintf("%999999d", [i]) | {_MANY}]'),
    Hostile("huge precisions", f'p := [sprintf("%.999999f", [i / 3]) | {_MANY}]'),
    Hostile("widths as arguments", f'p := [sprintf("%*d", [999999, i]) | {_MANY}]'),
    Hostile("many upper", f"p := [upper(input.s) | {_MANY}]", given=_BIG),
    Hostile("many lower", f"p := [lower(input.t) | {_MANY}]", given=_BIG),
    Hostile("many substring", f"p := [substring(input.s, i, -1) | {_MANY}]", given=_BIG),
    Hostile("many trim", f'p := [trim(input.s, "a") | {_MANY}]', given=_BIG),
    Hostile("many trim_prefix", f'p := [trim_prefix(input.s, "a") | {_MANY}]', given=_BIG),
    Hostile("many reverse", f"p := [strings.reverse(input.s) | {_MANY}]", given=_BIG),
    Hostile("many concat", f'p := [concat(",", [input.s, format_int(i, 10)]) | {_MANY}]', given=_BIG),
    Hostile("many formats", f'p := [sprintf("%v %d", [input.s, i]) | {_MANY}]', given=_BIG),
    Hostile("many templates", f'p := [$"{{input.s}}{{i}}" | {_MANY}]', given=_BIG),
    Hostile("many marshals", f"p := [json.marshal(input.o) | {_MANY}]", given=_BIG),
    Hostile("many values shown", f'p := [sprintf("%v", [input.o]) | {_MANY}]', given=_BIG),
    Hostile("many replace", f'p := [replace(input.s, "a", "xyz") | {_MANY}]', given=_BIG),
    Hostile("many base64.decode", f"p := [base64.decode(input.s) | {_MANY}]", given=_BIG),
    Hostile("many hex", f"p := [hex.encode(input.s) | {_MANY}]", given=_BIG),
    Hostile("a set of long texts", f'p contains sprintf("%d%s", [i, input.s]) if {{ {_MANY} }}', given=_BIG),
]

COLLECTIONS = [
    Hostile("range", "p := numbers.range(1, 1e15)"),
    Hostile("range downwards", "p := numbers.range(1e15, 1)"),
    Hostile("range with steps", "p := numbers.range_step(1, 1e30, 7)"),
    Hostile("ranges in a loop", "p := [numbers.range(1, 100000) | some i in numbers.range(1, 10000)]"),
    Hostile("array.concat doubles", _powers("array.concat(x, x)", "[1]"), ""),
    Hostile("array.flatten grows", _powers("array.flatten([x, x, x])", "[1]"), ""),
    Hostile("many array.concat", f"p := [array.concat(input.l, [i]) | {_MANY}]", given=_BIG),
    Hostile("many array.reverse", f"p := [array.reverse(input.l) | {_MANY}]", given=_BIG),
    Hostile("many array.slice", f"p := [array.slice(input.l, 0, 1000) | {_MANY}]", given=_BIG),
    Hostile("many sort", f"p := [sort(input.l) | {_MANY}]", given=_BIG),
    Hostile("many object.union", f'p := [object.union(input.o, {{"i": i}}) | {_MANY}]', given=_BIG),
    Hostile("many object.remove", f'p := [object.remove(input.o, ["1"]) | {_MANY}]', given=_BIG),
    Hostile("many object.keys", f"p := [object.keys(input.o) | {_MANY}]", given=_BIG),
    Hostile(
        "many json.patch",
        f'p := [json.patch(input.o, [{{"op": "add", "path": "/x", "value": i}}]) | {_MANY}]',
        given=_BIG,
    ),
    Hostile("many json.remove", f'p := [json.remove(input.o, ["1"]) | {_MANY}]', given=_BIG),
    Hostile("many split", f'p := [split(input.s, "a") | {_MANY}]', given=_BIG),
    Hostile("many split into characters", f'p := [split(input.s, "") | {_MANY}]', given=_BIG),
    Hostile("many regex.split", f'p := [regex.split("a", input.s) | {_MANY}]', given=_BIG),
    Hostile("many regex.find_n", f'p := [regex.find_n("a", input.s, -1) | {_MANY}]', given=_BIG),
    Hostile(
        "many submatches",
        f'p := [regex.find_all_string_submatch_n("(a)(b)", input.s, -1) | {_MANY}]',
        given=_BIG,
    ),
    Hostile("many indexof_n", f'p := [indexof_n(input.s, "a") | {_MANY}]', given=_BIG),
    Hostile(
        "many json.unmarshal",
        f'p := [json.unmarshal(concat("", ["[", input.j, "1]"])) | {_MANY}]',
        given={"j": "[],{}," * 30_000},
    ),
    Hostile(
        "many yaml.unmarshal", f"p := [yaml.unmarshal(input.y) | {_MANY}]", given={"y": "- a\n" * 10_000}
    ),
    Hostile(
        "yaml aliases",
        "p := yaml.unmarshal(input.y)",
        given={
            "y": "a: &a [1,1]\n"
            + "".join(
                f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
            )
        },
    ),
    Hostile("many walk", f"p := [[x | walk(input.o, x)] | {_MANY}]", given=_BIG),
    Hostile("a whole network", 'p := net.cidr_expand("10.0.0.0/8")'),
    Hostile("a whole network of version 6", 'p := net.cidr_expand("::/0")'),
    Hostile("networks in a loop", f'p := [net.cidr_expand("10.0.0.0/20") | {_MANY}]'),
    Hostile(
        "all paths of a graph",
        "p := graph.reachable_paths({x: numbers.range(1, 25) | some x in numbers.range(1, 25)}, [1])",
    ),
    Hostile("unions of sets", f"p := [({{i}} | s) | {_MANY}; s := {{x | some x in input.l}}]", given=_BIG),
    Hostile(
        "differences of sets", f"p := [(s - {{i}}) | s := {{x | some x in input.l}}; {_MANY}]", given=_BIG
    ),
    Hostile("intersections of sets", f"p := [(s & s) | s := {{x | some x in input.l}}; {_MANY}]", given=_BIG),
    Hostile("wide arrays", f"p := [[{', '.join(['i'] * 5_000)}] | {_MANY}]"),
    Hostile("wide objects", "p := [{" + ", ".join(f'"{n}": i' for n in range(2_000)) + f"}} | {_MANY}]"),
    Hostile("nested wide arrays", f"p := [{'[' + ', '.join(['[i, i, i]'] * 500) + ']'} | {_MANY}]"),
    Hostile("sets of large members", f"p := {{[i, input.o] | {_MANY}}}", given=_BIG),
    Hostile("objects with large keys", f"p := {{[i, input.o]: 1 | {_MANY}}}", given=_BIG),
    Hostile(
        "inputs made anew",
        f"p := [input | {_MANY}; q with input.x as i]\nq := 1",
        given={str(n): n for n in range(50_000)},
    ),
]

SHARED = [
    Hostile("a doubled array is the result", _powers("[x, x]", "[1]"), ""),
    Hostile(
        "a doubled array is shown",
        "\n".join(["f(x) := [x, x]", f'p := sprintf("%v", [{_nested("f", 40, "1")}])']),
        "p",
        2,
    ),
    Hostile(
        "a doubled array is marshalled",
        "\n".join(["f(x) := [x, x]", f"p := json.marshal({_nested('f', 40, '1')})"]),
        "p",
        2,
    ),
    Hostile(
        "a doubled array is yaml",
        "\n".join(["f(x) := [x, x]", f"p := yaml.marshal({_nested('f', 40, '1')})"]),
        "p",
        2,
    ),
    Hostile(
        "a doubled array is walked",
        "\n".join(["f(x) := [x, x]", f"p := count([1 | walk({_nested('f', 40, '1')})])"]),
        "p",
        2,
    ),
    Hostile(
        "a doubled array is a member",
        "\n".join(["f(x) := [x, x]", f"p := {{{_nested('f', 40, '1')}}}"]),
        "p",
        2,
    ),
    Hostile(
        "a doubled object is a member",
        "\n".join(['f(x) := {"a": x, "b": x}', f"p := {{{_nested('f', 40, '1')}}}"]),
        "p",
        2,
    ),
    Hostile("a doubled set", "\n".join(["f(x) := {[x], [x, x]}", f"p := {_nested('f', 40, '1')}"]), ""),
    Hostile(
        "doubled arrays are compared",
        "\n".join(["f(x) := [x, x]", f"p if {_nested('f', 40, 'input')} == {_nested('f', 40, 'input')}"]),
        "p",
        2,
        1,
    ),
    Hostile(
        "doubled arrays are ordered",
        "\n".join(["f(x) := [x, x]", f"p if {_nested('f', 40, 'input')} < {_nested('f', 40, 'input')}"]),
        "p",
        2,
        1,
    ),
    Hostile(
        "doubled arrays are sorted",
        "\n".join(["f(x) := [x, x]", f"p := sort([{_nested('f', 40, '1')}, {_nested('f', 40, '2')}])"]),
        "p",
        2,
    ),
    Hostile(
        "doubled arrays are sought",
        "\n".join(["f(x) := [x, x]", f"p if {_nested('f', 40, 'input')} in [{_nested('f', 40, 'input')}]"]),
        "p",
        2,
        1,
    ),
    Hostile(
        "sets of doubled objects",
        "\n".join(
            [
                'f(x) := {"a": x, "b": x}',
                f"p contains {_nested('f', 40, 'input.x')} if true",
                f"p contains {_nested('f', 40, 'input.x')} if true",
            ]
        ),
        "",
        given={"x": 1},
    ),
    Hostile(
        "doubled values conflict",
        "\n".join(
            [
                "f(x) := [x, x]",
                f"p := {_nested('f', 40, 'input')} if true",
                f"p := {_nested('f', 40, 'input')} if true",
            ]
        ),
        "",
        given=1,
    ),
    Hostile(
        "a wide array of wide arrays",
        "\n".join([f"f(x) := [{', '.join(['x'] * 500)}]", f"p := {_nested('f', 6, '1')}"]),
        "",
    ),
]

NUMBERS = [
    Hostile("bits.lsh", "p := bits.lsh(1, 1e15)"),
    Hostile("bits.lsh by more digits than fit", "p := bits.lsh(1, 1e300)"),
    Hostile("repeated squaring", _powers("x * x", "3"), ""),
    Hostile("repeated doubling", _powers("x + x", "1"), ""),
    Hostile("repeated halving", _powers("x - (0 - x)", "1"), ""),
    Hostile("repeated squaring of a fraction", _powers("x * x", "1.5"), ""),
    Hostile("product", "p := product([1e300 | some i in numbers.range(1, 1000)])"),
    Hostile(
        "product of integers",
        "p := product([x | some i in numbers.range(1, 10000); x := i + 12345678901234567890])",
    ),
    Hostile("sum of huge numbers", "p := sum([bits.lsh(1, 13600) | some i in numbers.range(1, 100)])"),
    Hostile("units", 'p := units.parse("1e5000")'),
    Hostile("units of bytes", 'p := units.parse_bytes("1e5000")'),
    Hostile("digits of units", 'p := units.parse(concat("", ["1" | some i in numbers.range(1, 9000)]))'),
    Hostile("format_int of a huge number", "p := format_int(1e20000, 10)"),
    Hostile("arithmetic on a huge exponent", "p := 1e20000 + 0.5"),
    Hostile("rounding of a huge number", "p := round(1e20000)"),
]

DEEP = [
    Hostile("a deep array is the result", _powers("[x]", "1"), ""),
    Hostile(
        "a deep array is shown", _powers("[x]", "1").replace("p := ", "q := ") + 'p := sprintf("%v", [q])', ""
    ),
    Hostile(
        "a deep object is marshalled",
        _powers('{"a": x}', "1").replace("p := ", "q := ") + "p := json.marshal(q)",
        "",
    ),
    Hostile("a deep array is a member", _powers("[x]", "1").replace("p := ", "q := ") + "p := {q}", ""),
    Hostile(
        "deep arrays are compared",
        _powers("[x]", "1").replace("p := ", "q := ") + "r := h(h(1))\np if [q] == [r]",
        "",
    ),
    Hostile("deep arrays are ordered", _powers("[x]", "1").replace("p := ", "q := ") + "p if q < [q]", ""),
    Hostile("a deep set", _powers("{x}", "1"), ""),
    Hostile(
        "a deep array is walked", _powers("[x]", "1").replace("p := ", "q := ") + "p := [x | walk(q, x)]", ""
    ),
    Hostile(
        "a chain of rules",
        "\n".join(["r0 := 1", *[f"r{n} := r{n - 1} + 1" for n in range(1, 1_200)], "p := r1199"]),
        "",
    ),
    Hostile(
        "deep json",
        'p := json.unmarshal(concat("", array.concat(["[" | some i in numbers.range(1, 5000)], ["]" | some i in numbers.range(1, 5000)])))',
    ),
    Hostile(
        "deep yaml",
        'p := yaml.unmarshal(concat("", array.concat(["[" | some i in numbers.range(1, 5000)], ["]" | some i in numbers.range(1, 5000)])))',
    ),
    Hostile(
        "yaml nested by indentation",
        'p := yaml.unmarshal(concat("", ["- " | some i in numbers.range(1, 3000)]))',
    ),
]

OTHERS = [
    Hostile("digits of JSON", 'p := json.unmarshal(concat("", ["1" | some i in numbers.range(1, 9000)]))'),
    Hostile("a GraphQL query", f"p := graphql.parse_query({_around('{a', '}')})"),
    Hostile(
        "a GraphQL schema",
        f'p := graphql.parse_schema(concat("", ["type Query {{ a: ", {_around("[", "]")}, "}}"]))',
    ),
    Hostile(
        "GraphQL in a loop",
        f"p := [graphql.parse_query(input.q) | {_MANY}]",
        given={"q": "{ a b c d e f g }" * 50},
    ),
    Hostile("a deep template", f"p := strings.render_template({_around('{{if true}}', '{{end}}')}, {{}})"),
    Hostile(
        "loops of a template",
        'p := strings.render_template(input.t, {"xs": numbers.range(1, 1000)})',
        given={"t": "{{range .xs}}{{range $.xs}}{{range $.xs}}aaaaaaaaaaaaaaaa{{end}}{{end}}{{end}}"},
    ),
    Hostile(
        "a template in itself",
        "p := strings.render_template(input.t, {})",
        given={"t": '{{define "a"}}{{template "a" .}}{{template "a" .}}{{end}}{{template "a" .}}'},
    ),
    Hostile("a schema in itself", 'p := json.match_schema({"a": 1}, {"$ref": "#"})'),
    Hostile(
        "schemas in a loop",
        f'p := [json.match_schema(input.l, {{"type": "array", "items": {{"type": "integer"}}}}) | {_MANY}]',
        given=_L,
    ),
    Hostile("groups of a pattern", f'p := regex.match({_around("(", ")")}, "a")'),
    Hostile("a long pattern", f'p := regex.match(concat("|", [format_int(i, 10) | {_MANY}]), "a")'),
    Hostile(
        "a token",
        f'p := io.jwt.decode(concat(".", [base64url.encode_no_pad({_around("[", "]")}), "e30", "YQ"]))',
    ),
]

POLICIES = [*LOOPS, *TEXTS, *COLLECTIONS, *SHARED, *NUMBERS, *DEEP, *OTHERS]
