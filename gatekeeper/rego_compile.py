"""Checks and compiles the Rego of a template: what Gatekeeper refuses is refused here too.

After github.com/open-policy-agent/frameworks constraint/pkg/client/drivers/rego/compilers.go and
constraint/pkg/regorewriter. The module may have any package; it is compiled as `template`. Libraries live below
`lib`. Nothing else of `data` but the inventory can be referred to.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import Location, PolicyError
from lockgate.engine.record import record
from lockgate.engine.rego.ast import (
    AssignExpr,
    Module,
    ObjectTerm,
    Rule,
    Scalar,
    UnifyExpr,
    Var,
    WithExpr,
    walk,
)
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.explanation import Text
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import NO_VALUES, Program, compile_program
from lockgate.engine.rego.source import Source
from lockgate.engine.rego.spans import Spans
from lockgate.engine.rego.version import RegoVersion
from lockgate.gatekeeper.compiled_rego import ENTRY_POINT, INVENTORY, RegoTemplate
from lockgate.gatekeeper.inventory_needs import inventory_read
from lockgate.gatekeeper.problems import Lint, PolicyErrors
from lockgate.gatekeeper.rego_references import References, find_references
from lockgate.gatekeeper.template import RegoSource, Template

ENTRY_PACKAGE = ("template",)
LIB_ROOT = "lib"
# Places that most reviews have.
_OBJECT = ("input", "review", "object")
USUAL = (
    ("input", "review"),
    _OBJECT,
    (*_OBJECT, "metadata"),
    (*_OBJECT, "spec"),
    ("input", "review", "kind"),
)
# What all constraints that judge a review see.
COMMON = (("input", "review"),)


@record
class ParsedModule:
    """A module and what it refers to. replaces: does a `with` in it replace documents or functions, not only input?"""

    module: Module
    references: References
    replaces: bool


class ModuleCache:
    """Parsed modules by text and version, for many templates carry copies of one library."""

    __slots__ = ("_modules",)

    def __init__(self) -> None:
        self._modules: dict[tuple[str, RegoVersion], ParsedModule] = {}

    def parse(self, source: Source) -> ParsedModule:
        """The module of a source; places in it are those of the first source with that text."""
        key = (source.text, source.version)
        found = self._modules.get(key)
        if found is None:
            module = parse_module(source)
            found = self._modules[key] = ParsedModule(module, find_references(module), _replaces(module))
        return found


@record
class CheckedTemplate:
    """The Rego of a template that breaks no rule of Gatekeeper's. libs: its libraries, each once."""

    template: Template
    entry: ParsedModule
    libs: tuple[ParsedModule, ...]

    @property
    def modules(self) -> tuple[Module, tuple[Module, ...]]:
        """The module with its package, and its libraries."""
        return replace(self.entry.module, package=ENTRY_PACKAGE), tuple([lib.module for lib in self.libs])

    def with_program(self, program: Program) -> RegoTemplate:
        """The template as it is compiled."""
        parsed = (self.entry, *self.libs)
        reads = frozenset(name for one in parsed for name in one.references.fields)
        inventory = tuple(
            dict.fromkeys(
                [
                    inventory_read(found.pattern[1:])
                    for one in parsed
                    for found in one.references.data
                    if found.pattern[:1] in ((INVENTORY,), ())
                ]
            )
        )
        source = self.template.rego
        assert source is not None, self.template.kind
        return RegoTemplate(program, reads, inventory, tuple(_lints(self.entry.module, source.entry)))


def check_template(template: Template, modules: ModuleCache) -> CheckedTemplate:
    """Parses and checks the Rego of a template that has some. Raises PolicyError, or PolicyErrors for many."""
    source = template.rego
    assert source is not None, template.kind
    entry, libs = _parse(source, modules)
    errors = list(_wrong_rules(entry.module, source, template))
    for lib, text in zip(libs, source.libs, strict=True):
        errors.extend(_wrong_package(lib.module, text))
    for parsed, text in zip((entry, *libs), (source.entry, *source.libs), strict=True):
        errors.extend(_wrong_imports(parsed.module, text))
        errors.extend(_wrong_references(parsed.references, text))
    if errors:
        raise PolicyErrors(errors)
    # Two libraries with the same text are one module: its rules would be defined twice, to the same effect.
    return CheckedTemplate(template, entry, tuple({id(lib): lib for lib in libs}.values()))


def compile_template(
    checked: CheckedTemplate,
    *,
    capabilities: Capabilities,
    bound: Mapping[tuple[str, ...], Value] = NO_VALUES,
) -> RegoTemplate:
    """Compiles a template for itself. Raises PolicyError. bound: the parameters that the code is made for, if any."""
    module, libs = checked.modules
    program = compile_program(
        [module, *libs],
        entrypoints=[ENTRY_POINT],
        capabilities=capabilities,
        usual=USUAL,
        bound=bound,
        common=COMMON,
    )
    return checked.with_program(program)


def _replaces(module: Module) -> bool:
    return any(
        isinstance(node, WithExpr)
        and any(
            not (isinstance(modifier.target.head, Var) and modifier.target.head.name == "input")
            for modifier in node.modifiers
        )
        for node in walk(module.rules)
    )


def trace_template(template: Template, capabilities: Capabilities) -> tuple[Program, list[Text]]:
    """The Rego of a template that compiles, as a program that tells what it does, and its texts."""
    source = template.rego
    assert source is not None, template.kind
    texts: list[Text] = []
    known: set[tuple[str, RegoVersion]] = set()
    for text in (source.entry, *source.libs):
        if (text.text, text.version) in known:
            continue
        known.add((text.text, text.version))
        spans = Spans()
        module = parse_module(text, spans)
        texts.append(Text(text, replace(module, package=module.package if texts else ENTRY_PACKAGE), spans))
    program = compile_program(
        [text.module for text in texts], entrypoints=[ENTRY_POINT], capabilities=capabilities, mode="traced"
    )
    return program, texts


def _parse(source: RegoSource, modules: ModuleCache) -> tuple[ParsedModule, list[ParsedModule]]:
    errors: list[PolicyError] = []
    parsed: list[ParsedModule] = []
    for text in (source.entry, *source.libs):
        try:
            parsed.append(modules.parse(text))
        except PolicyError as error:
            errors.append(error)
    if errors:
        raise PolicyErrors(errors)
    return parsed[0], parsed[1:]


def _error(source: Source, location: Location, message: str, hint: str) -> PolicyError:
    return PolicyError(message, location=location, hint=hint, quoted=source.quoted(location))


def _wrong_rules(entry: Module, source: RegoSource, template: Template) -> Iterator[PolicyError]:
    if not any(rule.head.name == "violation" for rule in entry.rules):
        yield _error(
            source.entry,
            entry.location,
            f"invalid rego: template {template.name!r} is missing required rules: [violation]",
            'define `violation[{"msg": msg}] { ... }`, or `violation contains {"msg": msg} if { ... }` in v1',
        )


def _wrong_package(lib: Module, source: Source) -> Iterator[PolicyError]:
    if lib.package[0] != LIB_ROOT or len(lib.package) == 1:
        yield _error(
            source,
            lib.location,
            f"invalid lib prefix: package {'.'.join(lib.package)} is not below data.lib",
            "name it `package lib.<name>`",
        )


def _wrong_imports(module: Module, source: Source) -> Iterator[PolicyError]:
    for item in module.imports:
        path = ".".join(item.path)
        if item.path[0] == "input":
            message = f"invalid import: cannot import input: {path!r}"
            hint = "write `input.review` and `input.parameters` where they are used"
        elif item.path[:2] == ("data", LIB_ROOT) or item.path[0] == "future":
            continue
        elif item.path == ("rego", "v1"):
            message = f"invalid import: bad import: {path!r}"
            hint = "leave it out: `version: v1` beside `rego:` under `code[].source` makes the Rego v1"
        else:
            message = f"invalid import: bad import: {path!r}"
            hint = "only data.lib.* and future.* can be imported; refer to data.inventory where it is used"
        yield _error(source, item.location, message, hint)


def _wrong_references(references: References, source: Source) -> Iterator[PolicyError]:
    for found in references.data:
        if found.path[:1] == (LIB_ROOT,) and found.nested:
            yield _error(
                source,
                found.location,
                f"Gatekeeper does not resolve {'.'.join(('data', *found.path))} inside another term",
                f"write `import {'.'.join(('data', *found.path[:2]))}` and refer to it by its last name",
            )
        elif not found.path or found.path[0] not in (LIB_ROOT, INVENTORY):
            yield _error(
                source,
                found.location,
                f"invalid data references: disallowed ref {'.'.join(('data', *found.path[:1]))}",
                "a template can refer to data.inventory and data.lib; rules of its own package go by their names",
            )


def _lints(entry: Module, source: Source) -> Iterator[Lint]:
    for rule in entry.rules:
        if rule.head.name != "violation" or rule.default:
            continue
        for result in _results(rule):
            names = [key.value for key, _ in result.items if isinstance(key, Scalar)]
            if len(names) == len(result.items) and "msg" not in names:
                yield Lint(
                    "error",
                    "this violation has no `msg`, and Gatekeeper silently drops violations without one",
                    result.location,
                    'give the object a key "msg" with the text that users see',
                    source.quoted(result.location),
                )


def _results(rule: Rule) -> Sequence[ObjectTerm]:
    """The objects that the rule visibly returns: in its head, or by a variable that its body sets."""
    member = rule.head.member
    if isinstance(member, ObjectTerm):
        return [member]
    if not isinstance(member, Var):
        return []
    found = []
    for clause in rule.clauses:
        for statement in clause.body:
            if not isinstance(statement, (AssignExpr, UnifyExpr)) or not isinstance(statement.left, Var):
                continue
            if statement.left.name == member.name and isinstance(statement.right, ObjectTerm):
                found.append(statement.right)
    return found
