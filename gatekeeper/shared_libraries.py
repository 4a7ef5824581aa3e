"""Which templates are compiled together: those that carry copies of the same libraries.

In Gatekeeper each template has libraries of its own. Templates share theirs only where that cannot be told: each package
is the same for all that have it, and no reference can lead to a library that is another template's.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from lockgate.engine.rego.annotations import uses_metadata
from lockgate.engine.rego.library_packages import Name, Packages, agree, has_inside, lead_into, packages_of
from lockgate.gatekeeper.compiled_rego import LEAST_SHARED
from lockgate.gatekeeper.rego_compile import LIB_ROOT, CheckedTemplate, ParsedModule

# What one program may have of templates, and of their own text.
_MOST_TEMPLATES: Final = 48
_MOST_TEXT: Final = 1_000_000


class _Group:
    """Templates that are compiled together, and their packages."""

    __slots__ = ("members", "packages", "text")

    def __init__(self) -> None:
        self.members: list[CheckedTemplate] = []
        self.packages: dict[Name, frozenset[int]] = {}
        self.text = 0

    def shares(self, checked: CheckedTemplate, packages: Packages[int]) -> bool:
        """Does a template have enough in common with the group, and nothing that it has otherwise?"""
        if len(self.members) >= _MOST_TEMPLATES or self.text + _own_text(checked) > _MOST_TEXT:
            return False
        if not agree(packages, self.packages):
            return False
        common = [lib for lib in checked.libs if lib.module.package in self.packages]
        return sum(map(_text, common)) >= LEAST_SHARED

    def add(self, checked: CheckedTemplate, packages: Packages[int]) -> None:
        """Adds a template to the group."""
        self.members.append(checked)
        self.packages.update(packages)
        self.text += _own_text(checked)


def group_templates(templates: Sequence[CheckedTemplate]) -> list[list[CheckedTemplate]]:
    """Divides templates into those that are compiled together; in the order given, each once."""
    groups: list[_Group] = []
    alone: list[list[CheckedTemplate]] = []
    for checked in templates:
        packages = packages_of([(lib.module.package, id(lib.module)) for lib in checked.libs])
        if sum(map(_text, checked.libs)) < LEAST_SHARED or not _keeps_to_itself(checked, packages):
            alone.append([checked])
            continue
        group = next((one for one in groups if one.shares(checked, packages)), None)
        if group is None:
            group = _Group()
            groups.append(group)
        group.add(checked, packages)
    return [*[group.members for group in groups], *alone]


def _keeps_to_itself(checked: CheckedTemplate, packages: Packages[int]) -> bool:
    """Can no reference lead beyond the template's own libraries, and does nothing replace what others see?"""
    if has_inside(packages, packages):
        return False
    if uses_metadata([checked.entry.module, *[lib.module for lib in checked.libs]]):
        # It tells packages by their names.
        return False
    for parsed in (checked.entry, *checked.libs):
        if not lead_into(_ways(parsed), packages):
            return False
        if parsed.replaces:
            # What it replaces, it does for the whole program.
            return False
    return True


def _ways(parsed: ParsedModule) -> Iterator[tuple[str, ...]]:
    """The fixed beginnings of what a module may refer to among libraries, by references and by imports."""
    for found in parsed.references.data:
        if found.path[:1] in ((LIB_ROOT,), ()):
            yield found.path
    for item in parsed.module.imports:
        if item.path[:2] == ("data", LIB_ROOT) or item.path == ("data",):
            yield item.path[1:]


def _text(parsed: ParsedModule) -> int:
    source = parsed.module.source
    return 0 if source is None else len(source.text)


def _own_text(checked: CheckedTemplate) -> int:
    return _text(checked.entry)
