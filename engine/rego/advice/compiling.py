"""Advice on what parses and does not compile: names that are near, signatures, where the other rule is."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lockgate.engine.errors import Location
from lockgate.engine.rego.advice.near import nearest
from lockgate.engine.rego.ast import Module, Var, walk
from lockgate.engine.rego.builtins.catalogue import DEPRECATED, ENTRIES
from lockgate.engine.rego.capabilities import why_absent
from lockgate.engine.rego.errors import Problem
from lockgate.engine.rego.types.signatures import signature_text
from lockgate.engine.rego.version import RegoVersion

# Nobody reads more of it at once.
_MOST_ADVICE: Final = 50
# What a v1 policy calls in place of a builtin that v1 no longer has.
INSTEAD: Final[Mapping[str, str]] = {
    "all": "`every x in xs { x }`",
    "any": "`true in xs`",
    "cast_array": "an array comprehension",
    "cast_boolean": "`is_boolean`",
    "cast_null": "`is_null`",
    "cast_object": "`is_object`",
    "cast_set": "a set comprehension",
    "cast_string": "`is_string`",
    "net.cidr_overlap": "`net.cidr_contains`",
    "re_match": "`regex.match`",
    "set_diff": "`-`",
}
# Names of other languages and older versions for what Rego calls otherwise.
KNOWN_AS: Final[Mapping[str, str]] = {
    "len": "count",
    "length": "count",
    "size": "count",
    "has_prefix": "startswith",
    "starts_with": "startswith",
    "ends_with": "endswith",
    "has_suffix": "endswith",
    "has_key": "object.get",
    "to_lower": "lower",
    "to_upper": "upper",
    "matches": "regex.match",
    "match": "regex.match",
    "includes": "contains",
    "strip": "trim_space",
    "join": "concat",
    "keys": "object.keys",
    "printf": "sprintf",
    "format": "sprintf",
    "str": "sprintf",
    "int": "to_number",
    "now": "time.now_ns",
}


@dataclass(frozen=True, slots=True)
class Names:
    """What a policy may name: its rules with their lines, what it imports, and the variables of the rule at hand."""

    version: RegoVersion
    variables: tuple[str, ...]
    rules: Mapping[str, tuple[int, ...]]
    imports: tuple[str, ...]
    packages: tuple[str, ...]


def names_of(module: Module, modules: Sequence[Module], location: Location) -> Names:
    """What may be named at a place of a module."""
    around = [rule for rule in module.rules if rule.location.line <= location.line]
    variables = (
        {node.name for node in walk(around[-1]) if isinstance(node, Var) and node.name.isidentifier()}
        if around
        else set()
    )
    rules: dict[str, tuple[int, ...]] = {}
    for other in modules:
        if other.package == module.package:
            for rule in other.rules:
                lines = (rule.location.line,) if other is module else ()
                rules[rule.head.name] = (*rules.get(rule.head.name, ()), *lines)
    imports = tuple([imported.alias or imported.path[-1] for imported in module.imports])
    packages = tuple([".".join(("data", *other.package)) for other in modules])
    return Names(module.version, tuple(sorted(variables)), rules, imports, packages)


def advised(problems: Sequence[Problem], modules: Sequence[Module]) -> Iterator[Problem]:
    """The problems, each with the line it is in and with advice."""
    by_file = {module.location.file: module for module in modules}
    for number, problem in enumerate(problems):
        module = by_file.get(problem.location.file)
        if module is None or module.source is None:
            yield problem
            continue
        line = problem.quoted or module.source.quoted(problem.location)
        start = max(0, problem.location.column - 1)
        advice = ""
        for pattern, advise in _ADVICE if number < _MOST_ADVICE else ():
            found = pattern.search(problem.message)
            if found:
                advice = advise(
                    found, line[:start], line[start:], names_of(module, modules, problem.location)
                )
                break
        yield replace(problem, quoted=line, hint=advice or problem.hint)


Advise = Callable[["re.Match[str]", str, str, Names], str]


def _unsafe(found: "re.Match[str]", before: str, rest: str, names: Names) -> str:
    name = found.group("name")
    if re.match(r"\w+\s*:=", rest):
        return f"what {name} is to be has no value itself: see the other errors here, or bind what it needs before"
    if names.version == "v0" and re.search(r"\bif\b", before):
        return "`if` needs `import rego.v1`, or `import future.keywords.if`; Rego v0 does without it"
    near = nearest(name, [*names.variables, *names.rules, *names.imports, "input", "data"], 0.75)
    if near:
        return f"did you mean {near}?"
    if before.endswith("-") and re.search(r"[\w\"\]]-$", before):
        word = re.search(r"(\w+)-$", before)
        whole = f"{word.group(1)}-{name}" if word else name
        return f'`-` subtracts: a name with a dash is written ["{whole}"]'
    if re.search(r"\bsome\s+$", before) and re.match(r"\w+[.\[]", rest):
        return f"`some` declares names: write `some {name} in …`, and look into {name} after it"
    if re.search(r"(\bcontains|:=|=)\s*$", before) and not before.startswith((" ", "\t")):
        return f"the body has to give {name} a value in every case: `{name} := …`"
    if re.search(r"\bnot\b", before):
        return f"nothing binds {name}: a negated statement cannot; write `some {name} in …` before it"
    return f"nothing binds {name} here: write `{name} := …` or `some {name} in …`, or input.{name} for a field of the input"


def _undefined_function(found: "re.Match[str]", before: str, rest: str, names: Names) -> str:
    name = found.group("name")
    last = name.rpartition(".")[2]
    if name.startswith("data."):
        package = name.rpartition(".")[0]
        if package in names.packages and last in names.rules:
            return f"{last} takes no arguments: leave the parentheses out"
        if package not in names.packages:
            return f"there is no package {package} among the policies: is its file missing, or misspelt?"
        near = nearest(last, names.rules, 0.6)
        return f"did you mean {near}?" if near else f"package {package} has no function {last}"
    if name in ENTRIES:
        return why_absent(name)
    known = KNOWN_AS.get(name)
    if known is not None:
        return f"did you mean {known}?"
    builtins = [entry for entry in ENTRIES if entry not in DEPRECATED]
    near = nearest(name, [*names.rules, *builtins], 0.7)
    if near:
        return f"did you mean {near}?"
    if "." in name:
        return "import the package that has it, or define it in this one"
    return "no builtin and no function of this package has that name"


def _arity(found: "re.Match[str]", before: str, rest: str, names: Names) -> str:
    signature = signature_text(found.group("name"))
    return f"it is {signature}" if signature else ""


def _other_rule(found: "re.Match[str]", before: str, rest: str, names: Names) -> str:
    name = found.group("name").rpartition(".")[2]
    lines = names.rules.get(name, ())
    shown = ", ".join([str(line) for line in lines])
    places = f"rules of lines {shown} share the name {name}: " if len(lines) > 1 else ""
    return f"{places}make all of them sets (`contains`), values or functions, or rename one"


def _second_default(found: "re.Match[str]", before: str, rest: str, names: Names) -> str:
    return "keep one of them"


def _deprecated(found: "re.Match[str]", before: str, rest: str, names: Names) -> str:
    instead = INSTEAD.get(found.group("name"))
    return f"use {instead}" if instead else ""


def _assign(found: "re.Match[str]", before: str, rest: str, names: Names) -> str:
    return "`:=` declares a variable: compare with `==`, or assign to a new name"


def _above(found: "re.Match[str]", before: str, rest: str, names: Names) -> str:
    name = found.group("name")
    if found.group("how") == "referenced":
        return f"declare {name} before its first use"
    return f"a variable has one value: take another name, or compare with `{name} ==`"


def _own_arity(found: "re.Match[str]", before: str, rest: str, names: Names) -> str:
    lines = names.rules.get(found.group("name").rpartition(".")[2], ())
    return f"it is defined at line {lines[0]}" if lines else ""


def _text(text: str) -> Advise:
    return lambda found, before, rest, names: text


_TABLE: Final[Sequence[tuple[str, Advise]]] = (
    (r"^var (?P<name>\S+) is unsafe", _unsafe),
    (r"^undefined function (?P<name>\S+)$", _undefined_function),
    (r"^(?P<name>\S+): arity mismatch", _arity),
    (r"^conflicting rules (?P<name>\S+) found", _other_rule),
    (r"^multiple default rules (?P<name>\S+) found", _second_default),
    (r"^deprecated built-in function calls in expression: (?P<name>\S+)", _deprecated),
    (r"^cannot assign to", _assign),
    (r"^var (?P<name>\S+) (?P<how>assigned|declared|referenced) above", _above),
    (r"^function (?P<name>\S+) has arity", _own_arity),
    (
        r"is recursive: ",
        _text("a rule cannot need its own value: iterate with `some … in`, walk(…) or graph.reachable(…)"),
    ),
    (r"^with keyword target", _text("`with` replaces input, data, or a function")),
    (r"^match error", _text("these can never be equal: the types differ")),
)
_ADVICE: Final = tuple([(re.compile(pattern), advise) for pattern, advise in _TABLE])
