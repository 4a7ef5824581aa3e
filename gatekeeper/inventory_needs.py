"""What a template needs of the inventory: the kinds that its Rego refers to, and those that it says must be synced.

References are read from the text: `data.inventory.namespace[ns]["apps/v1"].Deployment[name]` names its kind,
`data.inventory.namespace[ns][version].Ingress` any version of one, and `data.inventory` alone all there is. The
annotation `metadata.gatekeeper.sh/requires-sync-data` is a JSON list of requirements, each a list of alternatives
(github.com/open-policy-agent/gatekeeper pkg/cachemanager/parser).
"""

import json
from collections.abc import Iterable, Mapping
from itertools import product
from typing import Final, Literal

from lockgate.engine.errors import InputError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.record import record

SYNC_ANNOTATION: Final = "metadata.gatekeeper.sh/requires-sync-data"
# Kinds that one annotation may stand for; the library's templates name three at most.
_MOST_KINDS: Final = 10_000
_CLAUSE_FIELDS: Final = ("groups", "versions", "kinds")
# Kinds that a message names.
_MOST_SHOWN: Final = 6

Scope = Literal["cluster", "namespace"]
CLUSTER: Final[Scope] = "cluster"
NAMESPACE: Final[Scope] = "namespace"


@record
class InventoryRead:
    """Objects that one reference may reach, by where they stand in the inventory; None stands for any."""

    scope: Scope | None
    api_version: str | None
    kind: str | None

    def reaches(self, scope: Scope, kind: GroupVersionKind) -> bool:
        """May the reference reach objects of the kind there?"""
        return (
            self.scope in (None, scope)
            and self.kind in (None, kind.kind)
            and self.api_version in (None, kind.api_version)
        )


def inventory_read(pattern: tuple[str | None, ...]) -> InventoryRead:
    """What the reference `data.inventory` with this path below it may reach; None in a path stands for anything."""
    scope = pattern[0] if pattern else None
    if scope != CLUSTER and scope != NAMESPACE:
        return InventoryRead(None, None, None)
    below = pattern[2:] if scope == NAMESPACE else pattern[1:]
    api_version = below[0] if below else None
    return InventoryRead(scope, api_version, below[1] if len(below) > 1 else None)


@record
class Requirement:
    """Kinds of which the inventory must cover at least one."""

    kinds: frozenset[GroupVersionKind]

    def __str__(self) -> str:
        shown = [str(kind) for kind in sorted(self.kinds)]
        more = [f"{len(shown) - _MOST_SHOWN} more"] if len(shown) > _MOST_SHOWN else []
        return " or ".join([*shown[:_MOST_SHOWN], *more]) or "a kind that its empty requirement does not name"


@record
class InventoryNeeds:
    """What a template needs: what it reads (nothing: it does without), and what it requires to be synced."""

    reads: tuple[InventoryRead, ...] = ()
    requires: tuple[Requirement, ...] = ()

    def reaches(self, scope: Scope, kind: GroupVersionKind) -> bool:
        """May it read objects of the kind there?"""
        return any(read.reaches(scope, kind) for read in self.reads)

    def missing(self, covered: frozenset[GroupVersionKind]) -> str:
        """What it needs and is not among the covered kinds, in words; empty when nothing is missing.

        Where it does not say what it requires, each kind that its Rego names is needed in one version at least.
        """
        if self.requires:
            return " and ".join([str(one) for one in self.requires if not one.kinds & covered])
        lacking = {
            f"{read.api_version or 'any version'}/{read.kind}"
            for read in self.reads
            if read.kind is not None
            and not any(read.reaches(read.scope or CLUSTER, kind) for kind in covered)
        }
        return " and ".join(sorted(lacking))


def merge_needs(needs: Iterable[InventoryNeeds]) -> InventoryNeeds:
    """What several templates need together."""
    reads: dict[InventoryRead, None] = {}
    requires: dict[Requirement, None] = {}
    for one in needs:
        reads.update(dict.fromkeys(one.reads))
        requires.update(dict.fromkeys(one.requires))
    return InventoryNeeds(tuple(reads), tuple(requires))


def parse_requirements(annotations: Mapping[str, str]) -> tuple[Requirement, ...]:
    """The requirements in a template's annotation; none when it has none. Raises InputError when it is malformed."""
    text = annotations.get(SYNC_ANNOTATION)
    if text is None:
        return ()
    try:
        # Gatekeeper takes the quotes off too, which are left of a YAML block.
        value = json.loads(text.strip('\n"'))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{SYNC_ANNOTATION} is no JSON") from error
    return tuple([Requirement(_kinds(alternatives)) for alternatives in _list(value)])


def _kinds(alternatives: object) -> frozenset[GroupVersionKind]:
    made: set[GroupVersionKind] = set()
    for clause in _list(alternatives):
        if not isinstance(clause, dict) or not set(clause) <= set(_CLAUSE_FIELDS):
            raise InputError(f"a clause of {SYNC_ANNOTATION} has the fields {', '.join(_CLAUSE_FIELDS)}")
        groups, versions, kinds = [_list(clause.get(name) or []) for name in _CLAUSE_FIELDS]
        if len(groups) * len(versions) * len(kinds) + len(made) > _MOST_KINDS:
            raise InputError(f"{SYNC_ANNOTATION} stands for more than {_MOST_KINDS} kinds")
        for names in product(groups, versions, kinds):
            group, version, kind = names
            if not (isinstance(group, str) and isinstance(version, str) and isinstance(kind, str)):
                raise InputError(f"a name in {SYNC_ANNOTATION} is no string")
            made.add(GroupVersionKind(group, version, kind))
    return frozenset(made)


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise InputError(f"{SYNC_ANNOTATION} must be a list of lists of clauses")
    return value
