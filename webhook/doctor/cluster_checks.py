"""Checks of the cluster around: its version and clock, the definitions, the rights, Gatekeeper, the policies."""

import shlex
from collections.abc import Iterator
from typing import Final

from lockgate.webhook.doctor.case import Case, unseen
from lockgate.webhook.doctor.facts import Json, Seen
from lockgate.webhook.doctor.finding import Finding, Level
from lockgate.webhook.install.definitions import BREAK_GLASS, GATEKEEPER, OWN
from lockgate.webhook.install.options import render_options

SECOND_NS: Final = 1_000_000_000
# matchConditions are there since 1.28, and a preStop that sleeps is since 1.30.
OLDEST: Final = (1, 30)
# Certificates are backdated by an hour, tokens and signatures live for minutes.
SKEW_WARNING_NS: Final = 30 * SECOND_NS
SKEW_ERROR_NS: Final = 300 * SECOND_NS


def check_version(case: Case) -> Iterator[Finding]:
    """Is the cluster new enough?"""
    where = f"API server {case.facts.host}"
    value = case.facts.version.value or {}
    try:
        found = (int(str(value["major"])), int(str(value["minor"]).rstrip("+")))
    except (KeyError, ValueError):
        yield Finding("unknown", "version", where, "it does not tell its version")
        return
    if found < OLDEST:
        message = f"Kubernetes {found[0]}.{found[1]} is older than {OLDEST[0]}.{OLDEST[1]}"
        yield Finding("error", "version", where, message, "update the cluster")


def check_clock(case: Case) -> Iterator[Finding]:
    """Do this machine and the API server agree on the time?"""
    skew = case.facts.skew_ns
    if skew is None or abs(skew) < SKEW_WARNING_NS:
        return
    side = "ahead of" if skew > 0 else "behind"
    message = f"this machine's clock is {abs(skew) // SECOND_NS} s {side} the API server's"
    level: Level = "error" if abs(skew) >= SKEW_ERROR_NS else "warning"
    fix = "set both by NTP: timedatectl set-ntp true"
    yield Finding(level, "clock", f"API server {case.facts.host}", message, fix)


def check_definitions(case: Case) -> Iterator[Finding]:
    """Are all kinds there?"""
    for definition in (*GATEKEEPER, *OWN, *BREAK_GLASS):
        seen = case.facts.definitions.get(definition.name, Seen())
        where = f"CustomResourceDefinition {definition.name}"
        yield from unseen(seen, "definitions", where)
        if seen.absent:
            yield Finding("error", "definitions", where, "it is not there", case.again)
        if seen.value is None:
            continue
        served = {one.get("name") for one in seen.value["spec"]["versions"] if one.get("served")}
        lacking = [one for one in definition.versions if one not in served]
        if lacking:
            message = f"it does not serve {', '.join(lacking)}"
            # Versions come and go with Gatekeeper's; one of those that are read has to be there.
            level: Level = "error" if len(lacking) == len(definition.versions) else "warning"
            yield Finding(level, "definitions", where, message, case.again)
        if not _is_established(seen.value):
            conditions = (seen.value.get("status") or {}).get("conditions") or []
            why = "; ".join([str(one.get("message")) for one in conditions if one.get("status") == "False"])
            message = f"it is not established: {why or 'nothing says why'}"
            yield Finding("error", "definitions", where, message, f"kubectl describe crd {definition.name}")


def _is_established(value: Json) -> bool:
    conditions = (value.get("status") or {}).get("conditions") or []
    return any(one.get("type") == "Established" and one.get("status") == "True" for one in conditions)


def check_rights(case: Case) -> Iterator[Finding]:
    """Has the server's account what it needs?"""
    where = f"ServiceAccount {case.settings.namespace}/lockgate"
    if not case.facts.asked:
        message = "its rights cannot be asked for"
        yield Finding(
            "unknown", "rights", where, message, "run doctor as somebody who may create SubjectAccessReviews"
        )
        return
    for one in case.facts.denied:
        right = one.right
        group = f".{right.group}" if right.group else ""
        inside = f" in {case.settings.namespace}" if right.where == "namespace" else ""
        names = f" {', '.join(right.names)}" if right.names else ""
        what = f"{one.verb} {', '.join(right.resources)}{group}{names}{inside}"
        yield Finding("error", "rights", where, f"it may not {what} (for: {right.reason})", case.again)


def check_gatekeeper(case: Case) -> Iterator[Finding]:
    """Does just one of the two make the kinds of constraints?"""
    where = "ValidatingWebhookConfiguration gatekeeper-validating-webhook-configuration"
    seen = case.facts.gatekeeper
    yield from unseen(seen, "gatekeeper", where)
    beside = case.settings.beside_gatekeeper
    if seen.there and not beside:
        message = "Gatekeeper runs here too, and both make the definitions of constraints"
        fix = f"lockgate install {render_options(case.settings)} --beside-gatekeeper | kubectl apply -f -"
        yield Finding("error", "gatekeeper", where, message, fix)
    if seen.absent and case.facts.gatekeeper_status.there and not beside:
        message = (
            "Gatekeeper is gone, and its definitions of status.gatekeeper.sh are left: "
            "by them the server takes it to be there, and makes no definitions of constraints"
        )
        fix = "kubectl get crd -o name | grep '[.]status[.]gatekeeper[.]sh$' | xargs kubectl delete"
        yield Finding("error", "gatekeeper", "API group status.gatekeeper.sh", message, fix)
    if seen.absent and beside and case.facts.deployment.there:
        message = "there is no Gatekeeper, and nobody makes the definitions of constraints"
        options = [one for one in shlex.split(render_options(case.settings)) if one != "--beside-gatekeeper"]
        fix = f"lockgate install {shlex.join(options)} --with-gatekeeper-crds | kubectl apply -f -"
        yield Finding("error", "gatekeeper", where, message, fix)


def check_policies(case: Case) -> Iterator[Finding]:
    """Is there anything to judge by?"""
    seen = case.facts.templates
    if seen.there and not (seen.value or {}).get("items"):
        message = "there are none: nothing is judged"
        fix = "kubectl apply -f the policies; docs/install.md has the first ones"
        yield Finding("warning", "policies", "ConstraintTemplates", message, fix)
