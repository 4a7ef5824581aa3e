"""Which rules have their libraries below one root in an OPA server: those for which that cannot be told.

A server compiles all that it holds again for each module that comes, so that thirty copies of a library cost minutes.
"""

from collections.abc import Sequence

from lockgate.engine.opa.rerooting import library_paths, package_path
from lockgate.engine.record import record
from lockgate.engine.rego.source import Source

# Text and version of the modules of each package.
Packages = dict[tuple[str, ...], frozenset[tuple[str, str]]]


@record
class Family:
    """Rules with libraries in common, by their numbers. libs: of all of them, each once."""

    members: tuple[int, ...]
    libs: tuple[Source, ...]


class _Growing:
    __slots__ = ("libs", "members", "packages")

    def __init__(self) -> None:
        self.members: list[int] = []
        self.packages: Packages = {}
        self.libs: dict[tuple[str, str], Source] = {}

    def takes(self, packages: Packages) -> bool:
        known = self.packages
        if not any(known.get(name) == modules for name, modules in packages.items()):
            return False
        if any(known.get(name, modules) != modules for name, modules in packages.items()):
            return False
        return not (_has_inside(packages, known) or _has_inside(known, packages))

    def add(self, number: int, packages: Packages, libs: Sequence[Source]) -> None:
        self.members.append(number)
        self.packages.update(packages)
        self.libs.update(((lib.text, lib.version), lib) for lib in libs)

    def made(self) -> Family:
        return Family(tuple(self.members), tuple(self.libs.values()))


def families(rules: Sequence[tuple[Source, tuple[Source, ...]]]) -> list[Family]:
    """Divides rules, each a module with its libraries, into families; each is in one."""
    growing: list[_Growing] = []
    for number, (entry, libs) in enumerate(rules):
        packages = _packages(libs)
        shares = bool(libs) and _keeps_to_itself(entry, libs, packages)
        family = next((one for one in growing if one.takes(packages)), None) if shares else None
        if family is None:
            family = _Growing()
            growing.append(family)
        family.add(number, packages if shares else {}, libs)
    return [one.made() for one in growing]


def _packages(libs: Sequence[Source]) -> Packages:
    found: dict[tuple[str, ...], set[tuple[str, str]]] = {}
    for lib in libs:
        found.setdefault(package_path(lib), set()).add((lib.text, lib.version))
    return {name: frozenset(modules) for name, modules in found.items()}


def _keeps_to_itself(entry: Source, libs: Sequence[Source], packages: Packages) -> bool:
    """Does each reference to libraries lead into a package of the rules' own, as far as its text shows?"""
    if _has_inside(packages, packages):
        return False
    paths = [path for source in (entry, *libs) for path in library_paths(source)]
    return all(any(path[:depth] in packages for depth in range(1, len(path) + 1)) for path in paths)


def _has_inside(packages: Packages, others: Packages) -> bool:
    """Is one of the packages inside one of the others?"""
    return any(name[:depth] in others for name in packages for depth in range(1, len(name)))
