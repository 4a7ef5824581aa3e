"""Gatekeeper's kinds with a mistake, applied to a cluster with the running webhook: where it says that they are wrong.

Refused when it is applied is what the API server does not take by the chart's definitions, or what the webhook denies.
What is wrong with a template's code stands in its status, and it is not enforced.
"""

import time
from collections.abc import Iterator

import pytest
import yaml

from tests.e2e.cluster import kubectl, running_cluster
from tests.e2e.gatekeeper import LOAD_SECONDS, STEP_SECONDS, Gatekeeper, Json, running_gatekeeper
from tests.gatekeeper.malformed_cases import CONSTRAINT, MALFORMED, TEMPLATE, Said

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture(scope="module")
def webhook() -> Iterator[Gatekeeper]:
    with running_cluster() as cluster, running_gatekeeper(cluster) as made:
        made.load([yaml.safe_load(TEMPLATE)], [yaml.safe_load(CONSTRAINT)])
        yield made


def _refusal(webhook: Gatekeeper, value: Json) -> str:
    """What is said against the object, by the API server or by the webhook; "" if it is taken."""
    applied = ("apply", "--server-side", "--dry-run=server", "--force-conflicts", "-f", "-")
    done = kubectl(webhook.cluster, *applied, given=yaml.safe_dump(value))
    if done.returncode:
        return done.stderr
    group, _, version = value["apiVersion"].rpartition("/")
    kind = {"group": group, "version": version, "kind": value["kind"]}
    resource = {"group": group, "version": version, "resource": f"{value['kind'].lower()}s"}
    request = {
        "uid": "1",
        "kind": kind,
        "resource": resource,
        "name": value["metadata"].get("name", ""),
        "namespace": value["metadata"].get("namespace", ""),
        "operation": "CREATE",
        "userInfo": {"username": "ann"},
        "object": value,
    }
    answer = webhook.admit(
        {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    )
    return "" if answer["allowed"] else str(answer["status"])


def test_the_texts_without_mistakes(webhook: Gatekeeper) -> None:
    # Other tests change the template, and the API server knows a schema a moment after it is there.
    webhook.apply([yaml.safe_load(TEMPLATE)])
    end = time.monotonic() + LOAD_SECONDS
    for base in sorted({case.base for case in MALFORMED}):
        while (refusal := _refusal(webhook, yaml.safe_load(base))) and time.monotonic() < end:
            time.sleep(STEP_SECONDS)
        assert refusal == "", base


def _has_errors(webhook: Gatekeeper, template: Json) -> bool:
    """Applies a template, and waits for what its status says of this version."""
    webhook.apply([template])
    path = f"/apis/templates.gatekeeper.sh/v1/constrainttemplates/{template['metadata']['name']}"
    end = time.monotonic() + LOAD_SECONDS
    while True:
        _, value = webhook.cluster.ask("GET", path)
        for pod in (value.get("status") or {}).get("byPod") or []:
            if pod.get("observedGeneration") == value["metadata"]["generation"]:
                return bool(pod.get("errors"))
        assert time.monotonic() < end, value
        time.sleep(STEP_SECONDS)


def _said(webhook: Gatekeeper, value: Json) -> Said:
    if _refusal(webhook, value):
        return "applied"
    if value["kind"] == "ConstraintTemplate" and _has_errors(webhook, value):
        return "status"
    return "never"


def test_what_is_refused(webhook: Gatekeeper) -> None:
    said = {case.name: _said(webhook, yaml.safe_load(case.text)) for case in MALFORMED}
    wanted = {case.name: case.gatekeeper for case in MALFORMED}
    assert {name: found for name, found in said.items() if found != wanted[name]} == {}
