"""Units: the programs that are compiled as one, each with what tells it from the others."""

from lockgate.engine.record import record


@record
class Unit:
    """A program among others. package: of its own module. shown: what errors name that. libraries: their packages.

    entry: the entry point, as "data.template.violation" with the package's own name.
    """

    package: tuple[str, ...]
    shown: tuple[str, ...]
    libraries: frozenset[tuple[str, ...]]
    entry: str

    def has(self, path: tuple[str, ...]) -> bool:
        """Is a rule, by its place under `data`, one of the program's?"""
        return any(path[: len(package)] == package for package in (self.package, *self.libraries))


@record
class Part:
    """What a unit has become: the fields of `Artifact` of the same names."""

    entries: dict[str, str]
    builtins: dict[str, str]
    reads: tuple[tuple[str, ...], ...]
    rules: tuple[tuple[int, str, str, int, int], ...]
