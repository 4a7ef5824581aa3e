"""Compiled templates in the cache of compiled code: each for itself, or as a part of what it was compiled with."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from lockgate.engine.codegen.cache import CodeCache
from lockgate.engine.errors import Location
from lockgate.engine.record import record
from lockgate.engine.rego.builtins.catalogue import missing_extra
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.outside import Outside
from lockgate.engine.rego.program import Artifact, Program
from lockgate.gatekeeper.compiled_rego import RegoTemplate
from lockgate.gatekeeper.inventory_needs import InventoryRead
from lockgate.gatekeeper.problems import Lint, LintLevel
from lockgate.gatekeeper.template import Template

if TYPE_CHECKING:
    from lockgate.engine.rego.linked import Linked

# What an entry holds: a program, or where to find the programs that it is one of.
_ALONE: Final = "alone"
_PART: Final = "part"


@record
class RegoStore:
    """Compiled templates by everything that decides what they compile to.

    fingerprint: of the modules that decide what templates are refused and warned of.
    """

    cache: CodeCache
    fingerprint: str
    capabilities: Capabilities

    def key(self, template: Template) -> str:
        """The name of a template's entry: by text, places for errors, and what it may use."""
        source = template.rego
        assert source is not None, template.kind
        parts = [self.fingerprint, template.name, self.capabilities.fingerprint(), source.version]
        for text in source.texts:
            parts += text.key()
        return self.cache.key(*[part.encode("utf-8", "surrogatepass") for part in parts])

    def may_have(self, template: Template) -> bool:
        """Does the cache have an entry for the template?"""
        return self.cache.may_have(self.key(template))

    def get(self, keys: Sequence[str]) -> dict[str, RegoTemplate]:
        """Those of the entries that are there. What is compiled together is run together."""
        found: dict[str, RegoTemplate] = {}
        groups: dict[str, list[Program] | None] = {}
        for key in keys:
            stored = self.cache.get(key)
            if stored is None:
                continue
            how, what, facts = stored
            if how == _ALONE:
                program = self._alone(what)
            else:
                group, number = what
                program = self._part(group, number, groups)
            if program is not None:
                found[key] = _template(program, *facts)
        return found

    def _alone(self, plain: tuple[Any, ...]) -> Program | None:
        artifact = Artifact.from_plain(plain)
        # Compiling anew tells the place of the call whose library has gone.
        lacks = any(map(missing_extra, artifact.builtins))
        return None if lacks else Program(artifact, Outside(self.capabilities.allow_net))

    def _part(self, group: str, number: int, groups: dict[str, list[Program] | None]) -> Program | None:
        # Few starts find templates that share a program.
        from lockgate.engine.rego.linked import Linked

        if group not in groups:
            stored = self.cache.get(group)
            linked = None if stored is None else Linked.from_plain(stored)
            if linked is None or any(map(missing_extra, linked.whole.builtins)):
                groups[group] = None
            else:
                groups[group] = linked.programs(Outside(self.capabilities.allow_net))
        programs = groups[group]
        return None if programs is None else programs[number]

    def put(self, key: str, made: RegoTemplate) -> None:
        """Stores a template that was compiled for itself."""
        self.cache.put(key, (_ALONE, made.program.artifact.to_plain(), _facts(made)))

    def put_linked(self, made: Mapping[str, RegoTemplate], linked: "Linked") -> None:
        """Stores templates by their keys, in the order in which they were compiled together."""
        group = self.cache.key(b"together", *[key.encode() for key in made])
        self.cache.put(group, linked.to_plain())
        for number, (key, template) in enumerate(made.items()):
            self.cache.put(key, (_PART, (group, number), _facts(template)))


def _facts(made: RegoTemplate) -> tuple[Any, ...]:
    lints = [
        (
            lint.level,
            lint.message,
            lint.location.file,
            lint.location.line,
            lint.location.column,
            lint.hint,
            lint.quoted,
        )
        for lint in made.lints
    ]
    inventory = [(read.scope, read.api_version, read.kind) for read in made.inventory]
    return sorted(made.reads), inventory, lints


def _template(
    program: Program,
    reads: list[str],
    inventory: list[tuple[Any, ...]],
    lints: list[tuple[Any, ...]],
) -> RegoTemplate:
    return RegoTemplate(
        program=program,
        reads=frozenset(reads),
        inventory=tuple([InventoryRead(*fields) for fields in inventory]),
        lints=tuple([_lint(*fields) for fields in lints]),
    )


def _lint(level: LintLevel, message: str, file: str, line: int, column: int, hint: str, quoted: str) -> Lint:
    return Lint(level, message, Location(file, line, column), hint, quoted)
