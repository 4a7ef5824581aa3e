"""What Rego v1 demands beyond the grammar (OPA's v1/ast/rego_v1.go), and with `strict` v0 as well."""

from collections.abc import Iterator

from lockgate.engine.errors import Location
from lockgate.engine.rego.ast import AssignExpr, Clause, Module, Ref, Rule, Var, shown_import, walk
from lockgate.engine.rego.errors import CompileCode, Problem
from lockgate.engine.rego.term_parser import ROOTS, V1_KEYWORDS


def version_problems(module: Module) -> Iterator[Problem]:
    """What is wrong with the rules of a module of v1 as they are written, in OPA's order."""
    for rule in module.rules:
        name = rule.head.name
        if len(rule.head.path) < 2 and name in V1_KEYWORDS:
            yield _problem("rego_parse_error", f"{name} keyword cannot be used for rule name", rule.location)
        for number, clause in enumerate(rule.clauses):
            place = rule.location if number == 0 else clause.location
            yield from _clause_problems(rule, clause, place)


def _clause_problems(rule: Rule, clause: Clause, place: Location) -> Iterator[Problem]:
    what = "rule" if rule.head.arguments is None else "function"
    written = clause.written
    if "no body" in written and "no value" in written:
        message = f"{what} must have value assignment and/or body declaration"
        hint = "a rule needs a value or a body: `name := value`, `name if { … }`"
        yield _problem("rego_parse_error", message, place, hint)
    if "no body" not in written and "if" not in written and not rule.default:
        message = f"`if` keyword is required before {what} body"
        yield _problem("rego_parse_error", message, place, "write `name if { … }`")
    if rule.head.kind == "set" and "contains" not in written:
        message = "`contains` keyword is required for partial set rules"
        yield _problem("rego_parse_error", message, place, "write `name contains member if { … }`")


def duplicate_imports(module: Module) -> Iterator[Problem]:
    """Imports that take the name of an earlier one."""
    seen: dict[str, str] = {}
    for imported in module.imports:
        if imported.name in seen:
            message = f"import must not shadow {seen[imported.name]}"
            hint = f"name it otherwise: `import {'.'.join(imported.path)} as …`"
            yield _problem("rego_compile_error", message, imported.location, hint)
        else:
            seen[imported.name] = shown_import(imported)


def shadowed_roots(module: Module) -> Iterator[Problem]:
    """Rules, arguments and variables that are named `input` or `data`."""
    for rule in module.rules:
        if rule.head.name in ROOTS:
            message = f"rules must not shadow {rule.head.name} (use a different rule name)"
            yield _problem("rego_compile_error", message, rule.location)
        for argument in rule.head.arguments or ():
            root = _root(argument)
            if root:
                message = f"args must not shadow {root} (use a different variable name)"
                yield _problem("rego_compile_error", message, argument.location)
    for node in walk(module.rules):
        if isinstance(node, AssignExpr) and _root(node.left):
            message = f"variables must not shadow {_root(node.left)} (use a different variable name)"
            yield _problem("rego_compile_error", message, node.location)


def _root(term: object) -> str:
    if isinstance(term, Ref) and not term.operands and isinstance(term.head, Var):
        return term.head.name if term.head.name in ROOTS else ""
    return ""


def _problem(code: CompileCode, message: str, location: Location, hint: str = "") -> Problem:
    return Problem(code, message, location, "", hint)
