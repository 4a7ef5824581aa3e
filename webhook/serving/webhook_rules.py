"""Which requests have to reach the webhook: the rules that the loaded policies ask for. Pure.

After k8s.io/api/admissionregistration/v1 (RuleWithOperations). Every version is asked for, since policies match by group
and kind. What is asked for and cannot be told exactly is asked for more widely: a request too many costs
milliseconds, one too few is let through unseen.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.policy import Policy
from lockgate.engine.record import ordered_record
from lockgate.gatekeeper.policy import Gated
from lockgate.gatekeeper.template import Template
from lockgate.gatekeeper.webhook_scope import Rule, plurals
from lockgate.webhook.serving.unsent_kinds import EVERY, NODE_KINDS

DEFAULT_OPERATIONS: Final = ("CREATE", "UPDATE")
OPERATIONS: Final = ("CREATE", "UPDATE", "DELETE", "CONNECT")

# The resources of a kind by group and kind ("*": any group), as discovery tells them.
ResourceNames = Callable[[str, str], Iterable[str]]

# Subresources through which an object of the kind is changed in what policies read; `scale` is a kind of its own.
# Nothing but a status brings a Service its addresses, and a claim its devices.
_BELOW: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("", "Pod"): ("pods/ephemeralcontainers", "pods/resize"),
    ("", "Service"): ("services/status",),
    ("resource.k8s.io", "ResourceClaim"): ("resourceclaims/status",),
}
# Kinds that are sent to a subresource: where the kind is asked for by name, this is what it comes as.
_OF_SUBRESOURCE: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "Binding": ("", "pods/binding", ("CREATE",)),
    "Eviction": ("", "pods/eviction", ("CREATE",)),
    "NodeProxyOptions": ("", "nodes/proxy", ("CONNECT",)),
    "PodAttachOptions": ("", "pods/attach", ("CONNECT",)),
    "PodExecOptions": ("", "pods/exec", ("CONNECT",)),
    "PodPortForwardOptions": ("", "pods/portforward", ("CONNECT",)),
    "PodProxyOptions": ("", "pods/proxy", ("CONNECT",)),
    "Scale": (EVERY, "*/scale", ("UPDATE",)),
    "ServiceProxyOptions": ("", "services/proxy", ("CONNECT",)),
    "TokenRequest": ("", "serviceaccounts/token", ("CREATE",)),
}


@ordered_record
class Demand:
    """Kinds of groups ("*": any) under operations, that some policy is about."""

    groups: tuple[str, ...]
    kinds: tuple[str, ...]
    operations: tuple[str, ...]


# What quotas charge (`webhook/quota/reserving.py`).
QUOTA_DEMANDS: Final = frozenset(
    {
        Demand(("",), ("Pod",), DEFAULT_OPERATIONS),
        Demand(("resource.k8s.io",), ("ResourceClaim",), DEFAULT_OPERATIONS),
    }
)


def guess_names(group: str, kind: str) -> Iterable[str]:
    """What a kind's resource may be called, where no cluster can be asked."""
    # Of any group: also as definitions call them.
    return plurals("any.group" if group == EVERY else group, kind)


def served_names(served: Mapping[tuple[str, str], Iterable[str]]) -> ResourceNames:
    """The names by what a cluster serves (resources by group and kind); what it does not serve is guessed."""

    def names(group: str, kind: str) -> Iterable[str]:
        if group == EVERY:
            found = {one for (_, other), some in served.items() if other == kind for one in some}
        else:
            found = set(served.get((group, kind), ()))
        return found or guess_names(group, kind)

    return names


def policy_demands(policies: Iterable[Policy], templates: Iterable[Template]) -> frozenset[Demand]:
    """What the policies are about. A policy of which that is not known is about everything."""
    operations = {one.kind.lower(): _operations(one) for one in templates}
    found: set[Demand] = set()
    for policy in policies:
        if not isinstance(policy, Gated):
            found.add(Demand((EVERY,), (EVERY,), DEFAULT_OPERATIONS))
        elif policy.gate.constraint.actions:
            constraint = policy.gate.constraint
            known = tuple(sorted(policy.gate.operations, key=OPERATIONS.index)) or DEFAULT_OPERATIONS
            wanted = operations.get(constraint.kind.lower(), known)
            found |= {
                Demand(groups, kinds, wanted)
                for groups, kinds in _kinds((constraint.match or {}).get("kinds"))
            }
    return frozenset(found)


def parent_demands(
    demands: Iterable[Demand], implied: Iterable[tuple[Iterable[GroupVersionKind], GroupVersionKind]]
) -> frozenset[Demand]:
    """The demands, and those on what implies a demanded object. implied: kinds that imply, and the kind implied."""
    found = set(demands)
    pairs = [(tuple(parents), child) for parents, child in implied]
    while True:
        more = {
            Demand((parent.group,), (parent.kind,), demand.operations)
            for demand in found
            for parents, child in pairs
            if _takes(demand.groups, child.group) and _takes(demand.kinds, child.kind)
            for parent in parents
        } - found
        if not more:
            return frozenset(found)
        found |= more


def webhook_rules(demands: Iterable[Demand], names: ResourceNames) -> tuple[Rule, ...]:
    """The rules by which every demanded request is sent; sorted, one for each set of groups and operations."""
    resources: dict[tuple[str, str], set[str]] = {}
    for demand in demands:
        for group in demand.groups:
            for kind in demand.kinds:
                for operation, where, resource in _requests(group, kind, demand.operations, names):
                    resources.setdefault((where, operation), set()).add(resource)
    # Operations with the same resources of a group are one rule; so are groups with the same of both.
    by_group: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (group, operation), some in resources.items():
        by_group.setdefault((group, _without_covered(some)), []).append(operation)
    merged: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for (group, kept), operations in by_group.items():
        ordered = tuple(sorted(operations, key=OPERATIONS.index))
        merged.setdefault((ordered, kept), []).append(group)
    made = [
        Rule(operations, (EVERY,) if EVERY in groups else tuple(sorted(groups)), (EVERY,), kept, EVERY)
        for (operations, kept), groups in merged.items()
    ]
    return tuple(sorted(made, key=lambda rule: (rule.groups, rule.operations, rule.resources)))


def node_rules(demands: Iterable[Demand]) -> tuple[Rule, ...]:
    """The rules of the webhook for the kinds that nodes come up by: only what some policy names is sent."""
    known = [*demands]
    made: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for one in NODE_KINDS:
        asked = {
            operation
            for demand in known
            if one.kind in demand.kinds and _takes(demand.groups, one.group)
            for operation in demand.operations
        }
        operations = tuple([operation for operation in one.operations if operation in asked])
        if operations:
            made.setdefault((one.group, operations), []).append(one.resource)
    return tuple(
        [
            Rule(operations, (group,), (EVERY,), tuple(sorted(resources)), EVERY)
            for (group, operations), resources in sorted(made.items())
        ]
    )


def render_rule(rule: Rule) -> dict[str, object]:
    """The rule as the API has it."""
    return {
        "apiGroups": [*rule.groups],
        "apiVersions": [*rule.versions],
        "operations": [*rule.operations],
        "resources": [*rule.resources],
        "scope": rule.scope,
    }


def _without_covered(resources: set[str]) -> tuple[str, ...]:
    """The resources without those that a wildcard takes too: the API server refuses both in one rule."""
    if "*/*" in resources:
        return ("*/*",)

    def covered(resource: str) -> bool:
        name, slash, below = resource.partition("/")
        return name != EVERY and (f"*/{below}" if slash else EVERY) in resources

    return tuple(sorted([one for one in resources if not covered(one)]))


def _requests(
    group: str, kind: str, operations: Sequence[str], names: ResourceNames
) -> Iterable[tuple[str, str, str]]:
    """Operation, group and resource of the requests that have objects of the kind."""
    below = [
        one for (of, name), some in _BELOW.items() if _meets(group, of) and _meets(kind, name) for one in some
    ]
    special = _OF_SUBRESOURCE.get(kind)
    for operation in operations:
        if operation != "CONNECT":
            # Of the subresources there are updates.
            if kind == EVERY:
                yield operation, group, EVERY
                if operation == "UPDATE":
                    yield operation, group, "*/scale"
            else:
                for name in names(group, kind):
                    yield operation, group, name
            if operation == "UPDATE":
                for one in below:
                    yield operation, group, one
        elif kind == EVERY:
            yield operation, group, "*/*"
    if special is not None:
        where, resource, under = special
        for operation in under:
            yield operation, where, resource


def _operations(template: Template) -> tuple[str, ...]:
    if EVERY in template.operations:
        return OPERATIONS
    return template.operations or DEFAULT_OPERATIONS


def _kinds(match: Value | None) -> Iterable[tuple[tuple[str, ...], tuple[str, ...]]]:
    if not isinstance(match, list) or not match:
        yield (EVERY,), (EVERY,)
        return
    for entry in match:
        assert isinstance(entry, dict)
        groups, kinds = _texts(entry.get("apiGroups")), entry.get("kinds")
        yield groups, _texts(kinds)
        if isinstance(kinds, list) and EVERY in kinds and len(kinds) > 1:
            # Beside `*` a name still says that this kind is meant.
            yield groups, _texts([one for one in kinds if one != EVERY])


def _texts(value: Value | None) -> tuple[str, ...]:
    found = {one for one in value if isinstance(one, str)} if isinstance(value, list) else set()
    # An empty list takes all, as `*` does.
    return (EVERY,) if not found or EVERY in found else tuple(sorted(found))


def _takes(listed: Sequence[str], name: str) -> bool:
    return EVERY in listed or name in listed


def _meets(listed: str, name: str) -> bool:
    return listed in (EVERY, name)
