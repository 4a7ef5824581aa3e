"""A PolicyBundle as what is promoted: its digest is its version, and its tests are its evidence.

The tests are those of the folder that it was made of; they count only where that folder's policies are the bundle's.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from hashlib import sha256

from lockgate.audit.promotions.history import Promotion
from lockgate.audit.promotions.statement import EvidenceUsed
from lockgate.audit.query.answers.policies import BUNDLES, SET, TESTS
from lockgate.audit.times import render_time
from lockgate.engine.codegen.cache import open_cache
from lockgate.engine.codegen.values import render_json
from lockgate.engine.errors import UsageError
from lockgate.engine.promotions.model_use import ModelUse
from lockgate.gatekeeper.exemptions.kinds import is_about_exemptions
from lockgate.gatekeeper.exemptions.resolver import load_exemptions
from lockgate.gatekeeper.loader import load_policies
from lockgate.gatekeeper.memo import Memo
from lockgate.gatekeeper.problems import PolicyErrors
from lockgate.gatekeeper.promotions.loading import load_promotions
from lockgate.gatekeeper.quotas.kinds import is_device_quota
from lockgate.gatekeeper.quotas.loading import load_quotas
from lockgate.gatekeeper.suite_run import run_suites
from lockgate.webhook.policy_bundle.bundle import PolicyBundle
from lockgate.webhook.policy_bundle.opening import Opening
from lockgate.webhook.policy_sources import read_policies
from lockgate.webhook.promoting.desk import Desk
from lockgate.webhook.promoting.facts import ModelEvidence
from lockgate.webhook.promoting.requesting import Found
from lockgate.webhook.terminal import printable


def model_of(name: str) -> str:
    """How the log calls the policies of a name."""
    return f"{BUNDLES}{name}"


def open_bundle(path: str) -> PolicyBundle:
    """The PolicyBundle at a path. Raises UsageError for what is none."""
    (opened,) = Opening(os.getcwd()).open([path])
    if isinstance(opened, str):
        raise UsageError(
            f"{printable(path)} is no PolicyBundle",
            hint="make one: lockgate policy bundle PATH -o policy.tar.gz",
        )
    return opened


def found_bundle(name: str, bundle: PolicyBundle) -> Found:
    """The bundle as what a statement is about."""
    model = model_of(name)
    use = ModelUse((), f"{model}@{bundle.digest}", model, bundle.digest, "content", (), ())
    return Found(use, "", bundle.shown)


def tested(bundle: PolicyBundle, sources: Sequence[str]) -> ModelEvidence:
    """The results of the suites in the folders that a bundle was made of. Raises UsageError where their policies are others."""
    if not sources:
        return ModelEvidence(bundle.digest, (), ())
    cwd = os.getcwd()
    for path in sources:
        if not os.path.isdir(path):
            raise UsageError(f"{printable(path)} is no folder", hint="name what the PolicyBundle was made of")
    if _digest([bundle], cwd) != _digest([*sources], cwd):
        raise UsageError(
            f"the policies of {printable(bundle.shown)} are not those of {printable(', '.join(sources))}, so that the tests there say nothing of it",
            hint="make the PolicyBundle anew: lockgate policy bundle",
        )
    report = run_suites([f"{path}/..." for path in sources], cache=open_cache(None, os.environ))
    passed, failed = report.count("passed"), report.count("failed")
    told = {
        "passed": passed,
        "failed": failed,
        "skipped": report.count("skipped"),
        "policies": bundle.digest,
    }
    document = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
    used = EvidenceUsed(
        TESTS,
        f"sha256:{sha256(document).hexdigest()}",
        render_time(time.time_ns() // 1_000_000),
        passed > 0 and failed == 0,
        {"passed": str(passed), "failed": str(failed)},
    )
    return ModelEvidence(bundle.digest, (used,), ())


def change_of(bundle: PolicyBundle, told: Mapping[str, str]) -> dict[str, str]:
    """What a statement says of the change: what was told, and the set of policies that the bundle is, as Decisions name it.

    Whoever reads the trail finds by it which promotion brought a set, with which tests."""
    return {**told, SET: f"sha256:{_digest([bundle], os.getcwd())[0]}"}


def evidence_then(desk: Desk, target: Promotion | None) -> ModelEvidence:
    """What a promotion that is gone back to was made with."""
    if target is None:
        return ModelEvidence("", (), ())
    return ModelEvidence(target.promoted.subject, desk.log.made(target).statement.evidence, ())


def _digest(paths: "Sequence[str | PolicyBundle]", cwd: str) -> tuple[str, ...]:
    """Of the policies that these hold, and of what they say about promotions, exemptions and quotas."""
    documents, shipped = read_policies([*paths], cwd, "read")
    loaded = load_policies([*documents, *shipped], cache=open_cache(None, os.environ), memo=Memo())
    if loaded.errors:
        raise PolicyErrors(loaded.errors)
    promotions = load_promotions(documents)
    load_exemptions(documents)
    load_quotas(documents)
    beside = sorted(
        [
            sha256(render_json(one.value).encode("utf-8", "surrogatepass")).hexdigest()
            for one in documents
            if is_about_exemptions(one.value) or is_device_quota(one.value)
        ]
    )
    said = [f"{name} {digest}" for name, digest in promotions.digests]
    return (loaded.policies.digest, *said, *beside)
