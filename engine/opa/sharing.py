"""Which rules have their libraries below one root in an OPA server: those for which that cannot be told.

A server compiles all that it holds again for each module that comes, so that thirty copies of a library cost minutes.
"""

from collections.abc import Sequence

from lockgate.engine.opa.rerooting import library_paths, package_path
from lockgate.engine.record import record
from lockgate.engine.rego.library_packages import Name, Packages, agree, has_inside, lead_into, packages_of
from lockgate.engine.rego.source import Source
from lockgate.engine.rego.version import RegoVersion

# Text and version of a module.
_Mark = tuple[str, RegoVersion]


@record
class Family:
    """Rules with libraries in common, by their numbers. libs: of all of them, each once."""

    members: tuple[int, ...]
    libs: tuple[Source, ...]


class _Growing:
    __slots__ = ("libs", "members", "packages")

    def __init__(self) -> None:
        self.members: list[int] = []
        self.packages: dict[Name, frozenset[_Mark]] = {}
        self.libs: dict[_Mark, Source] = {}

    def takes(self, packages: Packages[_Mark]) -> bool:
        known = self.packages
        if not any(known.get(name) == modules for name, modules in packages.items()):
            return False
        return agree(packages, known)

    def add(self, number: int, packages: Packages[_Mark], libs: Sequence[Source]) -> None:
        self.members.append(number)
        self.packages.update(packages)
        self.libs.update((_mark(lib), lib) for lib in libs)

    def made(self) -> Family:
        return Family(tuple(self.members), tuple(self.libs.values()))


def families(rules: Sequence[tuple[Source, tuple[Source, ...]]]) -> list[Family]:
    """Divides rules, each a module with its libraries, into families; each is in one."""
    growing: list[_Growing] = []
    for number, (entry, libs) in enumerate(rules):
        packages = packages_of([(package_path(lib), _mark(lib)) for lib in libs])
        shares = bool(libs) and _keeps_to_itself(entry, libs, packages)
        family = next((one for one in growing if one.takes(packages)), None) if shares else None
        if family is None:
            family = _Growing()
            growing.append(family)
        family.add(number, packages if shares else {}, libs)
    return [one.made() for one in growing]


def _mark(lib: Source) -> _Mark:
    return lib.text, lib.version


def _keeps_to_itself(entry: Source, libs: Sequence[Source], packages: Packages[_Mark]) -> bool:
    """Does each reference to libraries lead into a package of the rules' own, as far as its text shows?"""
    paths = [path for source in (entry, *libs) for path in library_paths(source)]
    return not has_inside(packages, packages) and lead_into(paths, packages)
