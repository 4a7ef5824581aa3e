"""Several programs whose libraries are the same, as one program: what they share is compiled, kept and run once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lockgate.engine.record import record
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.outside import Outside
from lockgate.engine.rego.program import Artifact, Program, compile_artifact, defined
from lockgate.engine.rego.unit import Part, Unit

if TYPE_CHECKING:
    from lockgate.engine.rego.ast import Module


@record
class Linked:
    """Programs over one code. whole: with the entry points of all. parts: in the order in which they were given."""

    whole: Artifact
    parts: tuple[Part, ...]

    def programs(self, outside: Outside | None = None) -> list[Program]:
        """The programs, which share functions and constants."""
        names = defined(self.whole, outside)
        return [self._program(part, names) for part in self.parts]

    def _program(self, part: Part, names: Mapping[str, Any]) -> Program:
        whole = self.whole
        artifact = Artifact(
            code=whole.code,
            entries=part.entries,
            builtins=part.builtins,
            positions=whole.positions,
            memo_size=whole.memo_size,
            fixed_size=whole.fixed_size,
            reads=part.reads,
            rules=part.rules,
            shared_size=whole.shared_size,
        )
        return Program(artifact, names=names)

    def to_plain(self) -> tuple[Any, ...]:
        """The programs for `marshal`."""
        parts = [(part.entries, part.builtins, part.reads, part.rules) for part in self.parts]
        return self.whole.to_plain(), parts

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> "Linked":
        """The programs from what `to_plain` gave."""
        whole, parts = plain
        return cls(Artifact.from_plain(whole), tuple([Part(*fields) for fields in parts]))


def compile_linked(
    programs: "Sequence[tuple[Module, Sequence[Module]]]",
    *,
    entrypoint: str,
    capabilities: Capabilities,
    usual: Sequence[tuple[str, ...]] = (),
    common: Sequence[tuple[str, ...]] = (),
) -> Linked:
    """Compiles programs, each a module with its libraries, together; a library is one by its identity.

    The modules have the package of the entry point, as in "data.template.violation" of `template`; none is seen by
    another. That no reference leads to libraries which are others' alone is for the caller to see to. Raises RegoError:
    what is wrong is told of in the programs' own words only when they are compiled each for itself.
    """
    # Not needed, and not imported, when programs come from the cache.
    from lockgate.engine.rego.ruletree import HIDDEN

    shown, _, rule = entrypoint.removeprefix("data.").rpartition(".")
    modules: list[Module] = []
    units: list[Unit] = []
    libraries: dict[int, Module] = {}
    for number, (module, own) in enumerate(programs):
        # No reference of a policy leads there.
        package = (f"{HIDDEN}unit{number}",)
        modules.append(replace(module, package=package))
        packages = frozenset([library.package for library in own])
        units.append(Unit(package, tuple(shown.split(".")), packages, f"data.{package[0]}.{rule}"))
        libraries.update((id(library), library) for library in own)
    whole, parts = compile_artifact(
        [*modules, *libraries.values()],
        entrypoints=[unit.entry for unit in units],
        capabilities=capabilities,
        usual=usual,
        common=common,
        units=units,
    )
    named = [_renamed(part, entrypoint) for part in parts]
    return Linked(whole, tuple(named))


def _renamed(part: Part, entrypoint: str) -> Part:
    names = list(part.entries.values())
    return replace(part, entries={entrypoint: names[0]} if names else {})
