"""Checks of the webhook configuration: is everything sent that has to be, and can nobody be locked out?"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lockgate.webhook.doctor.case import Case, server_arguments, unseen
from lockgate.webhook.doctor.finding import Finding, Level
from lockgate.webhook.install.webhooks import (
    ENFORCED,
    ENFORCED_LABELS,
    NAME_LABEL,
    POLICIES,
    webhook_configuration,
)

WHERE: Final = "ValidatingWebhookConfiguration lockgate"
# Fields of a webhook that are compared as they are.
_PLAIN: Final = ("matchPolicy", "sideEffects", "timeoutSeconds")


def check_configuration(case: Case) -> Iterator[Finding]:
    """Compares what is there with what the installation would be given."""
    seen = case.facts.configuration
    yield from unseen(seen, "webhook", WHERE)
    if seen.absent:
        yield Finding("error", "webhook", WHERE, "it is not there: nothing is judged", case.again)
    if seen.value is None:
        return
    there = webhooks_there(case)
    for wanted in webhook_configuration(case.settings)["webhooks"]:
        name = wanted["name"]
        where = f"{WHERE}, webhook {name}"
        found = there.get(name)
        if found is None:
            yield Finding("error", "webhook", where, "it is not there", case.again)
            continue
        yield from _check_webhook(case, where, found, wanted)
        yield from _check_namespaces(case, where, found, wanted)
    policies = there.get(POLICIES)
    if policies is not None and not policies.get("rules"):
        where = f"{WHERE}, webhook {POLICIES}"
        message = "it has no rules: nothing is sent to be judged"
        fix = "the server writes them once it has policies: look at its log"
        yield Finding("warning", "webhook", where, message, fix)
    yield from _check_arguments(case)


def webhooks_there(case: Case) -> Mapping[str, Mapping[str, Any]]:
    """The webhooks of the configuration by their names; none where it is not there."""
    value = case.facts.configuration.value or {}
    return {str(one.get("name")): one for one in value.get("webhooks") or ()}


def _check_webhook(
    case: Case, where: str, found: Mapping[str, Any], wanted: Mapping[str, Any]
) -> Iterator[Finding]:
    policy = found.get("failurePolicy")
    if policy != wanted["failurePolicy"]:
        mode = case.settings.mode
        meaning = (
            "what could not be judged passes"
            if policy == "Ignore"
            else "requests fail while nobody answers, though nothing is to be denied"
        )
        message = f"its failurePolicy is {policy}, in mode {mode}: {meaning}"
        level: Level = "error" if wanted["failurePolicy"] == "Fail" else "warning"
        yield Finding(level, "failure-policy", where, message, case.again)
    for field in _PLAIN:
        if found.get(field) != wanted[field]:
            message = f"its {field} is {found.get(field)}, and not {wanted[field]}"
            yield Finding("warning", "webhook", where, message, case.again)
    service = (found.get("clientConfig") or {}).get("service") or {}
    expected = wanted["clientConfig"]["service"]
    said = {name: service.get(name) for name in expected}
    path, token = _parted(str(said["path"]), expected["path"])
    if {**said, "path": path} != expected:
        message = f"it calls {_shown(found)}, and not Service {expected['namespace']}/{expected['name']}"
        yield Finding("error", "webhook", where, message, case.again)
    elif bool(token) != case.settings.has_token:
        wrong = "has a token that nobody asks for" if token else "lacks the token: every call is refused"
        yield Finding("error", "webhook", where, f"its path {wrong}", case.again)
    selector = found.get("objectSelector") or {}
    if selector:
        message = "its objectSelector leaves out what whoever makes an object chooses by its labels"
        fix = f"kubectl patch {_patched()} --type=json, removing objectSelector; or: {case.again}"
        yield Finding("error", "exclusions", where, message, fix)
    known = {one["expression"] for one in wanted.get("matchConditions", ())}
    for one in found.get("matchConditions") or ():
        if one.get("expression") not in known:
            message = f"its match condition {one.get('name')} is not Lockgate's, and leaves requests out"
            yield Finding("warning", "exclusions", where, message, case.again)
    lost = known - {one.get("expression") for one in found.get("matchConditions") or ()}
    if lost:
        message = "a match condition is gone: what every node writes all the time is sent too"
        yield Finding("warning", "webhook", where, message, case.again)


def _check_namespaces(
    case: Case, where: str, found: Mapping[str, Any], wanted: Mapping[str, Any]
) -> Iterator[Finding]:
    """Are the namespaces that are left out those that have to be, and no others?"""
    selector = found.get("namespaceSelector") or {}
    if wanted["name"] in (ENFORCED, ENFORCED_LABELS):
        if selector != wanted["namespaceSelector"]:
            message = "it is not for the namespaces that are to be enforced, or for more than these"
            yield Finding("error", "exclusions", where, message, case.again)
        return
    enforced = set(case.settings.enforced_namespaces)
    expected = set(case.settings.fixed_namespaces) | enforced if "namespaceSelector" in wanted else set()
    left_out: set[str] = set()
    others = [*(selector.get("matchLabels") or {})]
    for term in selector.get("matchExpressions") or ():
        if term.get("key") == NAME_LABEL and term.get("operator") == "NotIn":
            left_out.update(term.get("values") or ())
        else:
            others.append(str(term.get("key")))
    if others:
        message = (
            f"it selects namespaces by {', '.join(sorted(others))}, which whoever may label one can change"
        )
        yield Finding("error", "exclusions", where, message, case.again)
    more = sorted(left_out - expected)
    if more:
        message = f"it leaves out {', '.join(more)} as well: nothing in there is judged"
        yield Finding("error", "exclusions", where, message, case.again)
    if found.get("failurePolicy") != "Fail" or "namespaceSelector" not in wanted:
        return
    reasons = {
        case.settings.namespace: "once Lockgate is down, it could not be started again",
        case.settings.database_namespace: "once the database is down, it could not be started again",
        "kube-system": "a cluster could not start without Lockgate, nor Lockgate without the cluster",
    }
    for name in sorted(expected - left_out):
        why = reasons.get(name, "it was installed to be left out")
        message = f"it does not leave out {name}: {why}"
        yield Finding("error", "deadlock", where, message, case.again)


def _check_arguments(case: Case) -> Iterator[Finding]:
    """Does the server do what the configuration is for?"""
    deployment = case.facts.deployment.value
    if deployment is None:
        return
    arguments = server_arguments(deployment)
    mode = f"--mode={case.settings.mode}"
    if mode not in arguments:
        yield Finding("error", "mode", case.workload, f"the server does not run with {mode}", case.again)
    prefix = "--enforce-namespace="
    enforced = {one.removeprefix(prefix) for one in arguments if one.startswith(prefix)}
    lacking = sorted(set(case.settings.enforced_namespaces) - enforced)
    if lacking:
        message = f"the server does not enforce in {', '.join(lacking)}"
        yield Finding("error", "mode", case.workload, message, case.again)
    prefix = "--exclude-namespace="
    left_out = {one.removeprefix(prefix) for one in arguments if one.startswith(prefix)}
    more = sorted(left_out - set(case.settings.fixed_namespaces))
    if more:
        message = f"the server leaves out {', '.join(more)} as well"
        yield Finding("error", "exclusions", case.workload, message, case.again)


def _parted(path: str, expected: str) -> tuple[str, str]:
    """A path without the token behind it, and the token; "" where there is none."""
    before, slash, token = path.partition(f"{expected}/")
    return (expected, token) if slash and not before else (path, "")


def _shown(webhook: Mapping[str, Any]) -> str:
    """Where it calls, without what may be a token."""
    config = webhook.get("clientConfig") or {}
    service = config.get("service") or {}
    place = str(
        config.get("url") or f"Service {service.get('namespace')}/{service.get('name')}{service.get('path')}"
    )
    before, version, path = place.partition("/v1/")
    name, slash, _ = path.partition("/")
    return f"{before}{version}{name}{slash}{'…' if slash else ''}"


def _patched() -> str:
    return "validatingwebhookconfiguration lockgate"
