"""The compiler's passes in order: resolve names, flatten, build the rule tree, check, generate."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.annotations import AnnotationSet, uses_metadata
from lockgate.engine.rego.ast import Call, Module, Ref, Scalar, TermExpr, Var, walk
from lockgate.engine.rego.builtins.catalogue import DEPRECATED, ENTRIES, missing_extra, missing_extra_text
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.capability_checks import capability_problems
from lockgate.engine.rego.entrypoints import entry_path
from lockgate.engine.rego.errors import Problem, RegoError
from lockgate.engine.rego.flatten import Flattener
from lockgate.engine.rego.generate import Generator
from lockgate.engine.rego.options import CompileOptions
from lockgate.engine.rego.printing import PRINT
from lockgate.engine.rego.probes import Probe
from lockgate.engine.rego.program import Mode
from lockgate.engine.rego.resolve import Definition, Resolver, package_names
from lockgate.engine.rego.ruletree import RuleTree, check_recursion
from lockgate.engine.rego.stage import Stages
from lockgate.engine.rego.term_parser import dotted, operator_name
from lockgate.engine.rego.types.arity import arity_mismatch
from lockgate.engine.rego.types.rules import check_types

# Generated code beyond this takes minutes to compile; a large library is a few hundred kilobytes.
MAX_GENERATED_CHARACTERS = 20_000_000


@dataclass(frozen=True, slots=True)
class Compiled:
    """Generated Python source with what is needed to run it."""

    source: str
    entries: dict[str, str]
    builtins: dict[str, str]
    positions: tuple[tuple[str, int, int], ...]
    memo_size: int
    fixed_size: int
    reads: tuple[tuple[str, ...], ...]
    rules: tuple[tuple[int, str, str, int, int], ...]
    probes: tuple[Probe, ...]


def compile_modules(
    modules: Sequence[Module],
    entrypoints: Sequence[str],
    capabilities: Capabilities,
    constants: Sequence[tuple[str, ...]],
    mode: Mode,
    options: CompileOptions,
    usual: Sequence[tuple[str, ...]],
    bound: Mapping[tuple[str, ...], Value],
) -> Compiled:
    """Compiles modules to Python source. Raises RegoError with every problem that a pass finds."""
    problems: list[Problem] = []
    names = package_names(modules)
    definitions: list[Definition] = []
    annotations = None
    if uses_metadata(modules) or options.checks == "strict":
        annotations = AnnotationSet(modules, problems)
    for module in modules:
        problems.extend(capability_problems(module, capabilities))
        resolver = Resolver(module, names, problems, options.prints, annotations)
        definitions.extend(resolver.definition(rule) for rule in module.rules)
    _stop(problems, modules)
    tree = RuleTree()
    for module in modules:
        tree.add_package(module.package)
    for definition in definitions:
        tree.add(definition, problems)
    tree.gather()
    _check_calls(tree, {m.location.file: m for m in modules}, capabilities, problems)
    _stop(problems, modules)
    _flatten(tree, "left out" if mode == "plain" else "kept")
    edges = check_recursion(tree, problems)
    _stop(problems, modules)
    if not bound:
        problems.extend(check_types(tree, edges).problems)
    _stop(problems, modules)
    generator = Generator(tree, Stages(tree, edges, constants), mode, problems, usual, bound)
    paths = {entry: entry_path(entry) for entry in entrypoints}
    entries = generator.generate(list(paths.values()))
    _stop(problems, modules)
    source = generator.source()
    if len(source) > MAX_GENERATED_CHARACTERS:
        message = f"the policy compiles to more than {MAX_GENERATED_CHARACTERS} characters of code"
        raise RegoError([Problem("rego_compile_error", message, modules[0].location)])
    code = generator.module
    return Compiled(
        source,
        {entry: entries[path] for entry, path in paths.items() if path in entries},
        dict(code.builtins),
        tuple((place.file, place.line, place.column) for place in code.positions),
        code.memo_size,
        code.fixed_size,
        tuple(sorted(_reads(tree))),
        tuple(_rules(tree)),
        tuple(code.probes),
    )


def _stop(problems: list[Problem], modules: Sequence[Module]) -> None:
    if not problems:
        return
    # Not needed, and not imported, for policies without mistakes.
    from lockgate.engine.rego.advice.compiling import advised

    raise RegoError(
        sorted(
            set(advised(problems, modules)),
            key=lambda p: (p.location.file, p.location.line, p.location.column, p.message),
        )
    )


def _flatten(tree: RuleTree, literals: Literal["kept", "left out"]) -> None:
    def arity_of(function: Ref) -> int | None:
        group = tree.function(function)
        if group is not None:
            return group.arity
        if not isinstance(function.head, Var):
            return None
        entry = ENTRIES.get(operator_name(function) or dotted(function))
        return None if entry is None else entry.arity

    flattener = Flattener(arity_of, literals)
    for group in tree.groups:
        group.definitions = [
            replace(d, alternatives=tuple(flattener.alternative(a) for a in d.alternatives))
            for d in group.definitions
        ]
        if group.default is not None:
            default = group.default
            group.default = replace(
                default, alternatives=tuple(flattener.alternative(a) for a in default.alternatives)
            )


def _check_calls(
    tree: RuleTree, modules: dict[str, Module], capabilities: Capabilities, problems: list[Problem]
) -> None:
    """Every call names a function that exists, may be used, and takes that many arguments."""
    for group in tree.groups:
        for definition in [*group.definitions, *([group.default] if group.default else [])]:
            statements: set[int] = set()
            for node in walk(definition.alternatives):
                if isinstance(node, TermExpr):
                    # Only a call that is a statement may name its result as one argument more.
                    statements.add(id(node.term))
                elif isinstance(node, Call):
                    most = 1 if id(node) in statements else 0
                    _check_call(node, most, tree, modules, capabilities, problems)


def _check_call(
    call: Call,
    results: int,
    tree: RuleTree,
    modules: dict[str, Module],
    capabilities: Capabilities,
    problems: list[Problem],
) -> None:
    name = operator_name(call.function) or dotted(call.function)
    if name == PRINT:
        return
    if name == "print":
        message = f"{name}(...) used as value"
        problems.append(
            Problem("rego_type_error", message, call.location, "", "it has none: make it a statement")
        )
        return
    count = len(call.arguments)
    group = tree.function(call.function)
    if group is not None:
        if not group.arity <= count <= group.arity + results:
            message = f"function {name} has arity {group.arity}, got {count} {'argument' if count == 1 else 'arguments'}"
            problems.append(Problem("rego_type_error", message, call.location))
        return
    entry = ENTRIES.get(name)
    if entry is None:
        problems.append(Problem("rego_type_error", f"undefined function {name}", call.location))
        return
    if not capabilities.allows(name):
        # As in OPA, what the capabilities lack does not exist.
        problems.append(Problem("rego_type_error", f"undefined function {name}", call.location))
    elif entry.module is None:
        message = f"built-in function {name} is not implemented"
        problems.append(Problem("rego_type_error", message, call.location))
    elif extra := missing_extra(name):
        message, hint = missing_extra_text(name, extra)
        problems.append(Problem("rego_type_error", message, call.location, "", hint))
    elif not entry.arity <= count <= entry.arity + results:
        problems.append(arity_mismatch(name, call, "statement" if results else "value"))
    module = modules.get(call.location.file)
    if name in DEPRECATED and module is not None and module.version == "v1":
        message = f"deprecated built-in function calls in expression: {name}"
        problems.append(Problem("rego_type_error", message, call.location))


def _rules(tree: RuleTree) -> Iterator[tuple[int, str, str, int, int]]:
    """The definitions of all rules with their places, in order for each rule."""
    for group in tree.groups:
        for definition in [*group.definitions, *([group.default] if group.default else [])]:
            place = definition.location
            yield group.index, str(group), place.file, place.line, place.column


def _reads(tree: RuleTree) -> set[tuple[str, ...]]:
    """The places of base data that the rules read."""
    found: set[tuple[str, ...]] = set()
    for group in tree.groups:
        for node in walk(tuple(group.alternatives())):
            if not (isinstance(node, Ref) and isinstance(node.head, Var) and node.head.name == "data"):
                continue
            place, _ = tree.find(node.operands)
            if place.group is not None and not place.children:
                continue
            path: list[str] = []
            for operand in node.operands:
                if not isinstance(operand, Scalar) or type(operand.value) is not str:
                    break
                path.append(operand.value)
            found.add(tuple(path))
    return found
