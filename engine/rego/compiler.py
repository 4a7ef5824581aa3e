"""The compiler's passes in order: resolve names, flatten, build the rule tree, check, generate."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.annotations import AnnotationSet, uses_metadata
from lockgate.engine.rego.ast import Call, Module, Ref, Scalar, Var, walk
from lockgate.engine.rego.builtins.catalogue import ENTRIES
from lockgate.engine.rego.calls import CallChecks
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.capability_checks import capability_problems
from lockgate.engine.rego.entrypoints import entry_path
from lockgate.engine.rego.errors import Problem, RegoError
from lockgate.engine.rego.flatten import Flattener
from lockgate.engine.rego.generate import Generator
from lockgate.engine.rego.options import CompileOptions
from lockgate.engine.rego.probes import Probe
from lockgate.engine.rego.program import Mode
from lockgate.engine.rego.resolve import Definition, Resolver, package_names
from lockgate.engine.rego.ruletree import Group, RuleTree, check_recursion
from lockgate.engine.rego.splitting import split_documents
from lockgate.engine.rego.stage import Stages
from lockgate.engine.rego.term_parser import dotted, operator_name
from lockgate.engine.rego.types.rules import check_types
from lockgate.engine.rego.unit import Part, Unit
from lockgate.engine.rego.version_checks import duplicate_imports, shadowed_roots

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
    shared_size: int
    reads: tuple[tuple[str, ...], ...]
    rules: tuple[tuple[int, str, str, int, int], ...]
    probes: tuple[Probe, ...]
    parts: tuple[Part, ...]


def compile_modules(
    modules: Sequence[Module],
    entrypoints: Sequence[str],
    capabilities: Capabilities,
    constants: Sequence[tuple[str, ...]],
    mode: Mode,
    options: CompileOptions,
    usual: Sequence[tuple[str, ...]],
    bound: Mapping[tuple[str, ...], Value],
    units: Sequence[Unit] = (),
    common: Sequence[tuple[str, ...]] = (),
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
        resolver = Resolver(module, names, problems, options, annotations)
        definitions.extend(resolver.definition(rule) for rule in module.rules)
        if options.checks == "strict":
            problems.extend(resolver.unused_imports())
        if options.checks == "strict" or module.version == "v1":
            problems.extend([*duplicate_imports(module), *shadowed_roots(module)])
    _stop(problems, modules)
    tree = RuleTree()
    for module in modules:
        tree.add_package(module.package)
    for definition in definitions:
        tree.add(definition, problems)
    tree.check_conflicts([module.package for module in modules], problems)
    tree.gather()
    _show(tree, units)
    CallChecks(tree, modules, capabilities, options, problems).check()
    _stop(problems, modules)
    _flatten(tree, "left out" if mode == "plain" else "kept")
    cycles: list[Problem] = []
    edges = check_recursion(tree, cycles)
    if cycles and split_documents(tree):
        left: list[Problem] = []
        edges = check_recursion(tree, left)
        cycles = cycles if left else []
    if cycles:
        # OPA looks for unsafe variables first. The mode is one that copies no functions, which would not end here.
        Generator(tree, Stages(tree, edges, constants), "traced", problems, usual, bound).generate([])
        problems = problems or cycles
    _stop(problems, modules)
    if not bound:
        problems.extend(check_types(tree, edges).problems)
    _stop(problems, modules)
    # A call that prints prints each time.
    shares = options.values == "shared" and options.prints == "left out"
    stages = Stages(tree, edges, constants, common)
    generator = Generator(tree, stages, mode, problems, usual, bound, shares=shares, programs=len(units) or 1)
    paths = {entry: entry_path(entry) for entry in entrypoints}
    entries = generator.generate(list(paths.values()))
    _stop(problems, modules)
    source = generator.source(entries.values())
    if len(source) > MAX_GENERATED_CHARACTERS:
        message = f"the policy compiles to more than {MAX_GENERATED_CHARACTERS} characters of code"
        raise RegoError([Problem("rego_compile_error", message, modules[0].location)])
    code = generator.module
    named = {entry: entries[path] for entry, path in paths.items() if path in entries}
    reads = {group.index: _reads(tree, group) for group in tree.groups}
    return Compiled(
        source,
        named,
        dict(code.builtins),
        tuple((place.file, place.line, place.column) for place in code.positions),
        code.memo_size,
        code.fixed_size,
        code.shared_size,
        tuple(sorted(set().union(*reads.values()))),
        tuple(_rules(tree.groups)),
        tuple(code.probes),
        tuple(_parts(tree, edges, units, named, code.builtins, reads)),
    )


def _show(tree: RuleTree, units: Sequence[Unit]) -> None:
    """Lets errors name the rules of units by the packages that they are shown as."""
    for unit in units:
        for group in tree.place(unit.package).groups():
            group.shown = ".".join(("data", *unit.shown, *group.path[len(unit.package) :]))


def _parts(
    tree: RuleTree,
    edges: Mapping[int, set[int]],
    units: Sequence[Unit],
    entries: Mapping[str, str],
    builtins: Mapping[str, str],
    reads: Mapping[int, set[tuple[str, ...]]],
) -> Iterator[Part]:
    """What each unit has of the whole."""
    called = {group.index: _called(tree, group) for group in tree.groups} if units else {}
    # Others are what code calls for the language itself.
    by_name = set().union(*called.values())
    for unit in units:
        reached = {group.index for group in tree.place(unit.package).groups()}
        waiting = list(reached)
        while waiting:
            found = edges.get(waiting.pop(), set()) - reached
            reached |= found
            waiting.extend(found)
        own = set().union(*[called[index] for index in reached])
        groups = [group for group in tree.groups if group.index in reached or unit.has(group.path)]
        yield Part(
            {unit.entry: entries[unit.entry]} if unit.entry in entries else {},
            {name: python for name, python in builtins.items() if name in own or name not in by_name},
            tuple(sorted(set().union(*[reads[group.index] for group in groups]))),
            tuple(_rules(groups)),
        )


def _called(tree: RuleTree, group: Group) -> set[str]:
    """The builtins that the rules of a group call by name or operator."""
    calls = [node for node in walk(tuple(group.alternatives())) if isinstance(node, Call)]
    return {
        operator_name(call.function) or dotted(call.function)
        for call in calls
        if tree.function(call.function) is None and isinstance(call.function.head, Var)
    }


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


def _rules(groups: Iterable[Group]) -> Iterator[tuple[int, str, str, int, int]]:
    """The definitions of rules with their places, in order for each rule."""
    for group in groups:
        for definition in [*group.definitions, *([group.default] if group.default else [])]:
            place = definition.location
            yield group.index, str(group), place.file, place.line, place.column


def _reads(tree: RuleTree, group: Group) -> set[tuple[str, ...]]:
    """The places of base data that the rules of a group read."""
    found: set[tuple[str, ...]] = set()
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
