"""Mistakes that people make in Rego, each the text of a policy; `docs/errors.md` shows what they are told."""

from dataclasses import dataclass

from lockgate.engine.rego.version import RegoVersion


@dataclass(frozen=True, slots=True)
class Mistake:
    """A policy with one mistake."""

    name: str
    rego: str
    version: RegoVersion = "v1"


MISTAKES = [
    Mistake("A brace is missing at the end", 'package p\n\nallow if {\n\tinput.user == "bob"\n'),
    Mistake("A brace too many", 'package p\n\nallow if {\n\tinput.user == "bob"\n}\n}\n'),
    Mistake("A bracket is missing", 'package p\n\nnames := ["a", "b"\n\nallow if input.name in names\n'),
    Mistake("A parenthesis is missing", "package p\n\nallow if count(input.names > 1\n"),
    Mistake("No package", 'allow if input.user == "bob"\n'),
    Mistake("An empty file", "# nothing here\n"),
    Mistake("`if` is missing before a body", 'package p\n\nallow {\n\tinput.user == "bob"\n}\n'),
    Mistake("`if` is missing before a value's body", 'package p\n\nlevel := 1 {\n\tinput.user == "bob"\n}\n'),
    Mistake("`contains` is missing", 'package p\n\ndeny[msg] {\n\tmsg := "no"\n}\n'),
    Mistake("`else` without `if`", "package p\n\nlevel := 1 if {\n\tinput.a\n} else := 2 {\n\tinput.b\n}\n"),
    Mistake("`if` in Rego v0", 'package p\n\nallow if {\n\tinput.user == "bob"\n}\n', "v0"),
    Mistake("`in` in Rego v0", 'package p\n\nallow {\n\tinput.user in ["bob"]\n}\n', "v0"),
    Mistake("`every` in Rego v0", "package p\n\nallow {\n\tevery x in input.xs { x > 1 }\n}\n", "v0"),
    Mistake("A function that does not exist", 'package p\n\nallow if starts_with(input.path, "/")\n'),
    Mistake(
        "A function of a package that has none",
        "package p\n\nimport data.lib.names\n\nallow if names.valid(input.name)\n",
    ),
    Mistake("Too few arguments", "package p\n\nallow if startswith(input.path)\n"),
    Mistake("Too many arguments", "package p\n\nallow if count(input.a, input.b, input.c)\n"),
    Mistake(
        "Too few arguments for a function of the policy",
        "package p\n\nsame(a, b) if a == b\n\nallow if same(input.a)\n",
    ),
    Mistake("A variable that nothing binds", 'package p\n\nallow if {\n\tuser == "bob"\n}\n'),
    Mistake("A variable under `not`", "package p\n\nallow if {\n\tnot input.denied[x]\n\tnot x\n}\n"),
    Mistake(
        "A variable in the head that the body does not bind",
        'package p\n\ndeny contains msg if {\n\tinput.user == "bob"\n}\n',
    ),
    Mistake(
        "A variable of a comprehension used outside",
        'package p\n\nallow if {\n\tnames := [n | n := input.names[_]]\n\tn == "a"\n}\n',
    ),
    Mistake("An argument that nothing binds", "package p\n\nf(x) := y if {\n\tx > 1\n}\n"),
    Mistake("A variable assigned twice", "package p\n\nallow if {\n\tx := 1\n\tx := 2\n}\n"),
    Mistake(
        "A variable declared after its use", "package p\n\nallow if {\n\tx == 1\n\tsome x\n\tinput.xs[x]\n}\n"
    ),
    Mistake("An assignment to a reference", 'package p\n\nallow if {\n\tinput.user := "bob"\n}\n'),
    Mistake("An assignment in a condition", "package p\n\nallow if count(x := input.xs) > 1\n"),
    Mistake("An import that does not exist", "package p\n\nimport future.keywords.iff\n\nallow := true\n"),
    Mistake("An import of neither data nor input", "package p\n\nimport lib.names\n\nallow := true\n"),
    Mistake("An import below a rule", "package p\n\nallow := true\n\nimport data.lib as\n"),
    Mistake(
        "Two imports of one name",
        "package p\n\nimport data.a.names\nimport data.b.names\n\nallow if names.x\n",
    ),
    Mistake("A string that is not closed", 'package p\n\nallow if input.user == "bob\n'),
    Mistake("A string in single quotes", "package p\n\nallow if input.user == 'bob'\n"),
    Mistake("A raw string that is not closed", "package p\n\nallow if regex.match(`^a, input.user)\n"),
    Mistake("An escape that there is not", 'package p\n\nallow if regex.match("^\\d+$", input.user)\n'),
    Mistake("A number that is none", "package p\n\nlimit := 10Gi\n"),
    Mistake("A number with a leading zero", "package p\n\nmode := 0644\n"),
    Mistake("Recursion", "package p\n\na if b\n\nb if c\n\nc if a\n"),
    Mistake("A rule that is itself", "package p\n\ncount_all(x) := count_all(x)\n"),
    Mistake("Rules of two kinds", 'package p\n\ndeny contains "a"\n\ndeny := true\n'),
    Mistake("A function and a rule of one name", "package p\n\nf(x) := x\n\nf := 1\n"),
    Mistake("Two default values", "package p\n\ndefault allow := false\n\ndefault allow := true\n"),
    Mistake("A default value that is computed", "package p\n\ndefault allow := input.x\n"),
    Mistake("A default value with a body", "package p\n\ndefault allow := false if input.x\n"),
    Mistake("A keyword as a name", "package p\n\nwith := 1\n"),
    Mistake("A keyword as a variable", "package p\n\nallow if {\n\tdefault := 1\n\tdefault == 1\n}\n"),
    Mistake("`input` as a rule", 'package p\n\ninput := {"a": 1}\n'),
    Mistake("`and` between conditions", "package p\n\nallow if input.a and input.b\n"),
    Mistake("`&&` between conditions", "package p\n\nallow if {\n\tinput.a && input.b\n}\n"),
    Mistake("`||` between conditions", "package p\n\nallow if {\n\tinput.a || input.b\n}\n"),
    Mistake("`!` instead of `not`", "package p\n\nallow if {\n\t!input.denied\n}\n"),
    Mistake("A condition in parentheses with an assignment", "package p\n\nallow if (x := 1)\n"),
    Mistake(
        "`for` of other languages", "package p\n\nallow if {\n\tfor x in input.xs {\n\t\tx > 1\n\t}\n}\n"
    ),
    Mistake("`some` without variables", "package p\n\nallow if {\n\tsome\n\tinput.x\n}\n"),
    Mistake("`some` of an expression", "package p\n\nallow if {\n\tsome x.y in input.xs\n}\n"),
    Mistake("`every` without `in`", "package p\n\nallow if {\n\tevery x { x > 1 }\n}\n"),
    Mistake("`not` twice", "package p\n\nallow if {\n\tnot not input.x\n}\n"),
    Mistake("Two statements on one line", "package p\n\nallow if {\n\tinput.a input.b\n}\n"),
    Mistake("A comma between statements", "package p\n\nallow if {\n\tinput.a == 1,\n\tinput.b == 2\n}\n"),
    Mistake("`with` on a variable", "package p\n\nallow if {\n\tx := 1\n\tinput.x with x as 2\n}\n"),
    Mistake("A set of key and value", 'package p\n\nx := {"a": 1, "b"}\n'),
    Mistake("An object without a value", 'package p\n\nx := {"a": 1, "b":}\n'),
    Mistake("A dash in a name", 'package p\n\nallow if input.user-name == "bob"\n'),
    Mistake("A name that begins with a digit", "package p\n\n2fa := true\n"),
    Mistake("A builtin that v1 no longer has", 'package p\n\nallow if re_match("a", input.x)\n'),
    Mistake(
        "A builtin that is off here",
        'package p\n\nallow if {\n\tr := http.send({"url": input.url, "method": "get"})\n\tr.status_code == 200\n}\n',
    ),
    Mistake("A type that cannot be", 'package p\n\nallow if startswith(1, "a")\n'),
    Mistake("A comparison with itself", 'package p\n\nallow if {\n\tx := "a"\n\tx == 1\n}\n'),
    Mistake(
        "A rule's name is misspelt", 'package p\n\nis_admin if input.role == "admin"\n\nallow if is_admn\n'
    ),
    Mistake(
        "A variable's name is misspelt",
        "package p\n\ndeny contains msg if {\n\tsome container in input.containers\n\tmsg := contaner.name\n}\n",
    ),
    Mistake("`if` after a function in Rego v0", "package p\n\nexempt(c) if { c.ok }\n", "v0"),
    Mistake("A value that is called", "package p\n\nallow := 1\n\nb if allow(1)\n"),
    Mistake("A tab and a curly quote", "package p\n\nallow if input.user == \u201cbob\u201d\n"),
    Mistake("A semicolon at the end of a rule", "package p;\n\nallow := true;\n\ndeny := x if x := ;\n"),
]
