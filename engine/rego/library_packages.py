"""Packages of libraries, and when programs can share them so that it cannot be told: the rules for one process and for OPA servers."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

Name = tuple[str, ...]
Mark = TypeVar("Mark")
# By name, what tells the modules of each package from others.
Packages = Mapping[Name, frozenset[Mark]]


def packages_of(modules: Iterable[tuple[Name, Mark]]) -> Packages[Mark]:
    """The packages of modules, each given with its package's name."""
    found: dict[Name, set[Mark]] = {}
    for name, mark in modules:
        found.setdefault(name, set()).add(mark)
    return {name: frozenset(marks) for name, marks in found.items()}


def agree(packages: Packages[Mark], others: Packages[Mark]) -> bool:
    """Is each package the same for both that have it, and none inside one of the other's?"""
    if any(others.get(name, marks) != marks for name, marks in packages.items()):
        return False
    return not (has_inside(packages, others) or has_inside(others, packages))


def has_inside(packages: Packages[Mark], others: Packages[Mark]) -> bool:
    """Is one of the packages inside one of the others?"""
    return any(name[:depth] in others for name in packages for depth in range(1, len(name)))


def lead_into(paths: Iterable[Name], packages: Packages[Mark]) -> bool:
    """Does each reference, as far as it is fixed, lead into one of the packages?"""
    return all(any(path[:depth] in packages for depth in range(1, len(path) + 1)) for path in paths)
