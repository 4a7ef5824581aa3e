"""Checks of what runs, and of what its trail is kept in."""

from collections.abc import Iterator
from typing import Final

from lockgate.webhook.doctor.case import Case, annotation, server_arguments, unseen
from lockgate.webhook.doctor.finding import Finding, Level
from lockgate.webhook.install.workload import VERSION_ANNOTATION
from lockgate.webhook.version import VERSION

# What the Deployment copies into the trail's home.
TRAIL_FILES: Final = ("trail.toml", "trust.toml", "log.key", "log.vkey", "master.key")


def check_workload(case: Case) -> Iterator[Finding]:
    """Does the server run, and answer?"""
    seen, where, namespace = case.facts.deployment, case.workload, case.settings.namespace
    yield from unseen(seen, "workload", where)
    if seen.absent:
        yield Finding("error", "workload", where, "it is not there", case.again)
    if seen.value is None:
        return
    status, spec = seen.value.get("status") or {}, seen.value["spec"]
    wanted = spec.get("replicas", 1)
    available = status.get("availableReplicas") or 0
    look = f"kubectl -n {namespace} describe pods -l app.kubernetes.io/name=lockgate"
    if wanted == 0:
        fix = f"kubectl -n {namespace} scale deployment lockgate --replicas={case.settings.replicas}"
        yield Finding("error", "workload", where, "it has no replicas", fix)
    elif available < wanted:
        level: Level = "error" if available == 0 else "warning"
        yield Finding(level, "workload", where, f"{available} of {wanted} replicas are available", look)
    if case.settings.database == "sqlite" and wanted > 1:
        message = f"it has {wanted} replicas, and SQLite has one writer"
        fix = f"kubectl -n {namespace} scale deployment lockgate --replicas=1"
        yield Finding("error", "workload", where, message, fix)
    version = annotation(seen.value, VERSION_ANNOTATION)
    if version != VERSION:
        message = f"it was installed by Lockgate {version or 'of no known version'}, and this is {VERSION}"
        yield Finding("warning", "workload", where, message, case.again)
    code, text = case.facts.ready
    if available and code != 200:
        message = f"it does not say that it is ready: {code} {text}".rstrip()
        fix = f"kubectl -n {namespace} logs deployment/lockgate"
        yield Finding("error", "ready", f"Service {namespace}/lockgate", message, fix)


def check_trail(case: Case) -> Iterator[Finding]:
    """Can it be recorded?"""
    settings, facts = case.settings, case.facts
    namespace = settings.namespace
    if facts.deployment.value is not None and not any(
        one.startswith("--trail") for one in server_arguments(facts.deployment.value)
    ):
        message = "the server has no --trail: nothing is recorded"
        yield Finding("error", "trail", case.workload, message, case.again)
    if settings.database == "sqlite":
        where = f"PersistentVolumeClaim {namespace}/lockgate-trail"
        yield from unseen(facts.volume, "trail", where)
        if facts.volume.absent:
            yield Finding("error", "trail", where, "it is not there", case.again)
        phase = ((facts.volume.value or {}).get("status") or {}).get("phase")
        if facts.volume.there and phase != "Bound":
            fix = f"kubectl -n {namespace} describe pvc lockgate-trail; is there a StorageClass?"
            yield Finding("error", "trail", where, f"it is {phase or 'nothing yet'}, and not Bound", fix)
        return
    for seen, name, keys, how in (
        (facts.trail, "lockgate-trail", TRAIL_FILES, "the files of the trail's home"),
        (facts.database, "lockgate-database", ("password",), "PostgreSQL's password"),
    ):
        where = f"Secret {namespace}/{name}"
        yield from unseen(seen, "trail", where)
        fix = f"kubectl -n {namespace} create secret generic {name} …, with {how}: docs/install.md"
        if seen.absent:
            yield Finding("error", "trail", where, "it is not there", fix)
        lacking = [one for one in keys if one not in ((seen.value or {}).get("data") or {})]
        if seen.there and lacking:
            yield Finding("error", "trail", where, f"it lacks {', '.join(lacking)}", fix)
