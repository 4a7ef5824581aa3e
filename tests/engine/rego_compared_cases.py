"""What a comparison with OPA 1.22.2 over many snippets found wrong once; the answers are OPA's (see rego_cases)."""

from tests.engine.rego_cases import Case

CASES = [
    Case(
        "what a call needs that is nested in a negated one is evaluated ahead",
        "v1",
        "p := [i | not count(input.xs[i]) == 1]",
        {"xs": ["a", "bc", ""]},
        value={"p": [1, 2]},
    ),
    Case(
        "a comma before the first member",
        "v1",
        'p := [, 1, 2]\nq := {, 1}\nr := {, "a": 1,}',
        None,
        value={"p": [1, 2], "q": [1], "r": {"a": 1}},
    ),
    Case(
        "rules need no line of their own",
        "v1",
        "p := 1 q := 2 r if p s := 3",
        None,
        value={"p": 1, "q": 2, "r": True, "s": 3},
    ),
    Case(
        "space before the brackets of a head",
        "v0",
        "p [x] { x := 1 }\nf (x) = x { true }\nq = f(2) { true }",
        None,
        value={"p": [1], "q": 2},
    ),
    Case("in v0 `if` is a name", "v0", "p = 1 if { true }", None, value={"p": 1, "if": True}),
    Case(
        "in v0 rules may be named like the documents",
        "v0",
        "input = 1 { true }\ndata.x = 2 { true }",
        None,
        value={"input": 1, "data": {"x": 2}},
    ),
    Case(
        "in v0 variables may be named like the documents",
        "v0",
        "p = x { input := 7; x := input }\nq = [input | input := 1]\nr = 1 { input := 1; true with input as 2 }",
        None,
        value={"p": 7, "q": [1], "r": 1},
    ),
    Case(
        "a rule takes over the operator that calls its builtin",
        "v1",
        "minus(x, y) := 1\np := -input.x\nq := 3 - 2",
        {"x": 5},
        value={"p": 1, "q": 1},
    ),
    Case(
        "an argument that is not matched by its parts",
        "v1",
        "f({1, 2}) := 3\np := f({2, 1})\nq := 4 if not f({1})\ng([{t | some t in [1]}]) := 5\nr := g([{1}])",
        None,
        value={"p": 3, "q": 4, "r": 5},
    ),
    Case(
        "a rule written as a statement",
        "v0",
        'p[1]\np["a"]\nf(x)\nq = f(1) { true }\na.b.c',
        None,
        value={"p": [1, "a"], "q": True, "a": {"b": {"c": True}}},
    ),
    Case(
        "default rules of functions",
        "v1",
        "default f(_) := 1\nf(x) := 2 if x > 1\np := [f(0), f(2)]",
        None,
        value={"p": [1, 2]},
    ),
    Case(
        "a value of a key below another rule's",
        "v1",
        'p[x] := 1 if x := "a"\np.b := 2\nq[1] := 2\nq.x := 3',
        None,
        value={"p": {"a": 1, "b": 2}, "q": {"1": 2, "x": 3}},
    ),
]


def _refused(name: str, module: str, error: str, version: str = "v1") -> Case:
    return Case(name, "v0" if version == "v0" else "v1", module, None, error=error)


ERRORS = [
    _refused("an index in a negated call", "p if not f(input.xs[i])\nf(x) := x", "rego_unsafe_var_error"),
    _refused("an index in a negated comparison", "p if not [1] == [input.xs[i]]", "rego_unsafe_var_error"),
    _refused("a comma alone", "p := [,]", "rego_parse_error"),
    _refused("a comprehension after a comma", "p := [, x | x := 1]", "rego_parse_error"),
    _refused("a semicolon before the closing brace", "p if { true; }", "rego_parse_error"),
    _refused("two statements as a rule", "p := 1; q := 2", "rego_parse_error"),
    _refused("a builtin's name as a statement", "count(1)", "rego_parse_error"),
    _refused("an operator as a rule", "1 + 1", "rego_parse_error"),
    _refused("a function without arguments", "f()", "rego_parse_error"),
    _refused("a negation as a rule", "not p", "rego_parse_error"),
    _refused("a rule under with", "p with input as 1", "rego_parse_error"),
    _refused("a declaration as a rule", "some x", "rego_parse_error"),
    _refused("a name alone", "p", "rego_parse_error"),
    _refused("a document alone", "input", "rego_parse_error"),
    _refused("a rule without value and body", "p.q.r", "rego_parse_error"),
    _refused("a keyword as a rule", "every := 1", "rego_parse_error"),
    _refused("a keyword as a default rule", "default if := 1", "rego_parse_error"),
    _refused("contains as a rule", "contains := 1", "rego_parse_error"),
    _refused("a default function with a pattern", "default f([x]) := 1", "rego_parse_error"),
    _refused("a default function with an argument twice", "default f(x, x) := 1", "rego_parse_error"),
    _refused("else after a key that is not fixed", "p[x] := 1 if x = 1 else := 2", "rego_parse_error"),
    _refused("else of a set", "p contains 1 if true else := 2", "rego_parse_error"),
    _refused("template strings are newer than v0", 'p = $"a" { true }', "rego_parse_error", "v0"),
    _refused("an argument named like a document", "f(input) = 1 { true }", "rego_compile_error", "v0"),
    _refused("rules below a value", "p.q := 1\np.q.r := 2", "rego_type_error"),
    _refused("rules below a set", "p contains 1\np.q := 2", "rego_type_error"),
    _refused(
        "a function below keys that are not fixed", "p[x] := 1 if x = 1\np.f(x) := 2", "rego_type_error"
    ),
    _refused(
        "an assignment's value is not bound by its variable",
        "p if { x := y; x = 7 }",
        "rego_unsafe_var_error",
    ),
    _refused(
        "a name that is declared later in the body", "p if { q == 1; q := 2 }\nq := 1", "rego_compile_error"
    ),
    _refused("a name that is declared around", "p if { [1 | q]; q := 2 }\nq := 1", "rego_unsafe_var_error"),
]
