"""Checks of what constraints match and nobody is asked about: a policy that does not gate is not to look as if it did."""

from collections.abc import Iterator, Mapping
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.webhook.doctor.case import Case, unseen
from lockgate.webhook.doctor.finding import Finding
from lockgate.webhook.doctor.webhook_checks import WHERE, webhooks_there
from lockgate.webhook.install.webhooks import NODES
from lockgate.webhook.serving.unsent_kinds import Unsent, unsent_of
from lockgate.webhook.terminal import some_of

# Of the constraints of which one thing is told.
_MOST_NAMED: Final = 5
_CHECK: Final = "coverage"


def check_coverage(case: Case) -> Iterator[Finding]:
    """Which constraints are not asked about all that they match?"""
    found: dict[str, Unsent] = {}
    for kind, seen in case.facts.constraints.items():
        yield from unseen(seen, _CHECK, f"constraints ({kind})")
        for value in (seen.value or {}).get("items") or ():
            found[f"{value.get('kind')}/{_name(value)}"] = unsent_of(_match(value))
    for name, one in sorted(found.items()):
        if one.never:
            message = f"it names what is never sent to the webhook, so that nothing is gated: {', '.join(one.never)}"
            fix = "take the kind out of spec.match.kinds, so that nobody relies on it (docs/install.md#what-is-judged)"
            yield Finding("warning", _CHECK, name, message, fix)
    partly = {name: one.partly for name, one in found.items() if one.partly}
    if partly:
        yield from _check_rules(case)
        kinds = ", ".join(sorted({kind for some in partly.values() for kind in some}))
        message = f"{_named(partly)}: of {kinds}, what kubelets, kube-system's accounts and --node-agent write is not gated"
        yield Finding("note", _CHECK, "constraints", message, "the sweep judges what lives")
    unnamed = {name: one.unnamed for name, one in found.items() if one.unnamed}
    if unnamed:
        kinds = ", ".join(sorted({kind for some in unnamed.values() for kind in some}))
        message = f"{_named(unnamed)}: {kinds} are matched, and not gated unless a constraint names them"
        fix = "name the kind in spec.match.kinds where it is to be gated; the sweep judges what lives"
        yield Finding("note", _CHECK, "constraints", message, fix)


def _check_rules(case: Case) -> Iterator[Finding]:
    """Is what they name sent?"""
    found = webhooks_there(case).get(NODES)
    if found is not None and not found.get("rules"):
        message = "it has no rules, though constraints name kinds around nodes: these are not gated"
        fix = "the server writes them within seconds while it leads: look at its log"
        yield Finding("warning", _CHECK, f"{WHERE}, webhook {NODES}", message, fix)


def _named(constraints: Mapping[str, object]) -> str:
    return some_of(sorted(constraints), _MOST_NAMED)


def _name(value: Mapping[str, Value]) -> str:
    metadata = value.get("metadata")
    return str(metadata.get("name")) if isinstance(metadata, dict) else ""


def _match(value: Mapping[str, Value]) -> Value:
    spec = value.get("spec")
    return spec.get("match") if isinstance(spec, dict) else None
