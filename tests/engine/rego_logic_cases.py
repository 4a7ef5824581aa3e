"""Cases for `and`, `or`, `not { … }` and their imports; the answers are OPA 1.22.2's (see rego_cases)."""

from tests.engine.rego_cases import Case

_IMPORTS = "import future.keywords.and\nimport future.keywords.not\nimport future.keywords.or\n"


def _case(name: str, rules: str, given: object = None, *, value: object) -> Case:
    return Case(name, "v1", _IMPORTS + rules, given, value=value)


def _refused(name: str, rules: str, error: str = "rego_parse_error") -> Case:
    return Case(name, "v1", _IMPORTS + rules, None, error=error)


CASES = [
    _case(
        "`and` and `or` with their precedence",
        "a if true and true\nb if true and false\nc if false or true\nd if false or false\n"
        "e if false and false or true\nf if true or false and false\ng if (true or true) and false",
        value={"a": True, "c": True, "e": True, "f": True},
    ),
    _case(
        "undefined operands",
        "a if input.x or input.y\nb if input.x and input.y\nc if not input.x or input.x\nd if input.y and not input.x",
        {"y": 1},
        value={"a": True, "c": True, "d": True},
    ),
    _case(
        "bodies in braces have a scope of their own",
        "a if { x := 1; x > 0 } and { x := 2; x > 1 }\nb if { some x in input.xs; x > 2 } or false\n"
        "c if { x = 1; x > 0 } and { x = -1; x < 0 }",
        {"xs": [1, 3]},
        value={"a": True, "b": True, "c": True},
    ),
    _case(
        "operands hold once, however often their bodies do",
        "p := [x | some x in [1, 2]; { some y in input.xs; y >= x } and true]",
        {"xs": [2, 2, 2]},
        value={"p": [1, 2]},
    ),
    _case(
        "`not` with a body",
        "a if not { x := input.n; x > 5 }\nb if not { x := input.n; x > 1 }\nc if not { input.none.a }\n"
        "d if not { not { input.n } }\ne if not {some x in [1]; x > 1} and input.n",
        {"n": 3},
        value={"a": True, "c": True, "d": True, "e": True},
    ),
    _case(
        "arguments of a negated call are negated with it",
        "a if not startswith(input.none, `x`)\nb if { some i; input.xs[i]; not count(input.xs[i]) == i }",
        {"xs": ["a"]},
        value={"a": True, "b": True},
    ),
    Case(
        "without the import they are not",
        "v1",
        "a if not startswith(input.none, `x`)\nnot_here := 1",
        {},
        value={"not_here": 1},
    ),
    _case(
        "`with` belongs to the whole of what stands before it",
        "a if input.x and input.y with input as {`x`: 1, `y`: 1}\n"
        "b if (input.x with input as {`x`: 1}) and input.z\nc if not { input.x } with input as {}\n"
        "d if (input.x or input.y with input as {`y`: 1}) and input.z",
        {"z": 1},
        value={"a": True, "b": True, "c": True, "d": True},
    ),
    _case(
        "the set operators can be called by name",
        "a := and({1, 2}, {2})\nb := or({1}, {2})\nc if and({1}, {1}) == {1} and true",
        value={"a": [2], "b": [1, 2], "c": True},
    ),
    _case(
        "in rules without braces, in `every` and in comprehensions",
        "a if input.n > 1 and input.n < 5\nb if every x in input.xs { x > 0 and x < 9 or x == 10 }\n"
        "c := [x | some x in input.xs; x == 1 or x == 10]",
        {"n": 3, "xs": [1, 10, 3]},
        value={"a": True, "b": True, "c": [1, 10]},
    ),
    _case(
        "twenty operands do not nest",
        "a if " + " and ".join(["input.n > 0"] * 20) + "\nb if " + " or ".join(["input.n > 9"] * 90),
        {"n": 3},
        value={"a": True},
    ),
    Case(
        "`import rego.v2` has them all",
        "v0",
        "import rego.v2\na contains x if { some x in [1, 2]; x > 1 and x < 3 }\nb if not { input.x } or false",
        {},
        value={"a": [2], "b": True},
    ),
    Case(
        "`with` in a template string",
        "v1",
        'a := $"{input.x with input as {"x": 1}} {input.x}"\nb := $"{count([1 | input.x]) with input as {"x": 1}}"',
        {"x": 2},
        value={"a": "1 2", "b": "1"},
    ),
    Case(
        "numbers without digits before the point",
        "v1",
        "a := .5 == 0.5\nb := -.25 + 1\nc := .5e2 == 50",
        None,
        value={"a": True, "b": 0.75, "c": True},
    ),
    Case(
        "a comprehension's variable may be declared after it",
        "v1",
        "p := x if { y := {x | some x in [1]}; x := count(y) }",
        None,
        value={"p": 1},
    ),
]

ERRORS = [
    _refused("an assignment in an operand", "p if x := 1 and true", "rego_compile_error"),
    _refused("an assignment under `not`", "p if not x := 1", "rego_compile_error"),
    _refused(
        "a variable of an operand is not bound outside",
        "p if { x = 1 and true; x == 1 }",
        "rego_unsafe_var_error",
    ),
    _refused("an index under `not`", "p if not count(input.xs[i]) == i", "rego_unsafe_var_error"),
    _refused("a value in braces as operand", "p if input.x and {1, 2} == input.x"),
    _refused("a value in braces as first operand", "p if { {1} == input.x and true }"),
    _refused("an ambiguous union", "p if { input.x | input.y } and true"),
    _refused("`with` on an operand", "p if input.x with input as {} and true"),
    _refused("an empty operand", "p if {} and true"),
    _refused("an empty group", "p if true and ()"),
    _refused("a body in parentheses", "p if true and ({ x := 1; x > 0 })"),
    _refused("`some` under `not`", "p if not some x in [1]"),
    _refused("`print` alone as operand", "p if true and print(1)"),
    _refused("the operators as variables", "p if { and := 1 }"),
    Case("an unknown version", "v1", "import rego.v3\np := 1", None, error="rego_parse_error"),
    Case("negation in a template", "v1", 'p := $"{not true}"', None, error="rego_parse_error"),
    Case("an argument declared again", "v1", "f(x) := 1 if x := 2", None, error="rego_compile_error"),
]
