"""Gatekeeper's running webhook judges models by our answers: workload, reference, what it is, facts of those bytes."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from lockgate.audit.attestations.resolution_statement import SaidResolution

from tests.e2e.cluster import running_cluster
from tests.e2e.gatekeeper import STEP_SECONDS, Gatekeeper, running_gatekeeper
from tests.gatekeeper.external_data.making import provider
from tests.gatekeeper.workbench import Json
from tests.shared_folder import ROOT
from tests.webhook.references.test_signed import MODEL, OTHER, PINNED, SHA, TAG, TRUST, said
from tests.webhook.scanning.test_known_models import sign
from tests.webhook.scanning.test_signed_facts import make_place
from tests.webhook.serving.server_processes import Server, review_of, running_server, write_policies

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

RULE = ROOT / "policies/models/scanned_models"
READY_SECONDS = 90
UNSCANNED = f"oci://registry.example.com/ml/fraud@sha256:{OTHER}"
BAD = f"oci://registry.example.com/ml/bad@sha256:{OTHER}"
CONSTRAINT = {
    "apiVersion": "constraints.gatekeeper.sh/v1beta1",
    "kind": "LockgateScannedModels",
    "metadata": {"name": "scanned"},
    "spec": {
        "match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]},
        "parameters": {"tiers": ["safe"]},
    },
}


@dataclass(frozen=True, slots=True)
class Both:
    """Gatekeeper's webhook, and ours."""

    theirs: Gatekeeper
    ours: Server


def _review(uri: str) -> Json:
    annotations = {"internal.serving.kserve.io/storage-initializer-sourceuri": uri}
    return review_of(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "fraud", "namespace": "default", "annotations": annotations},
            "spec": {"containers": [{"name": "server", "image": "registry.example.com/server"}]},
        }
    )


def _told(answer: Json) -> tuple[bool, str]:
    return answer["allowed"], answer["status"].get("message", "")


def _known(place: Path) -> None:
    """Facts of safe and of unsafe bytes, and names for them and for bytes of which nothing is known."""
    sign(place, PINNED)
    sign(place, BAD, content=b"cos\nsystem\n(S'true'\ntR.", name="bad")
    (place / "trust.toml").write_text(TRUST)
    said(
        place,
        SaidResolution(MODEL, PINNED, "sha256", SHA),
        SaidResolution("models:/fraud-bad/1", BAD, "sha256", OTHER),
        SaidResolution("models:/fraud/4", UNSCANNED, "sha256", OTHER),
        SaidResolution(TAG, PINNED, "sha256", SHA),
    )


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    place = make_place(tmp_path_factory.mktemp("models"))
    _known(place)
    template = yaml.safe_load((RULE / "template.yaml").read_text("utf-8"))
    with ExitStack() as stack:
        cluster = stack.enter_context(running_cluster())
        theirs = stack.enter_context(running_gatekeeper(cluster))
        options = ["--model-facts", str(place), "--facts-trust", str(place / "trust.toml")]
        options += ["--facts-environment", "production"]
        options += ["--provider-client-ca", str(cluster.folder / "webhook" / "tls.crt")]
        ours = stack.enter_context(
            running_server(
                place,
                write_policies(place, json.dumps(template), json.dumps(CONSTRAINT)),
                [*options, "--provider-client-name", "gatekeeper"],
            )
        )
        url = f"https://127.0.0.1:{ours.port}/providers/lockgate-models"
        asked = provider(url, ours.identity.certificate.read_bytes())
        theirs.apply([{**asked, "metadata": {**asked["metadata"], "name": "lockgate-models"}}])
        theirs.load([template], [CONSTRAINT])
        end = time.monotonic() + READY_SECONDS
        while _told(theirs.admit(_review(PINNED))) != (True, ""):
            assert time.monotonic() < end, theirs.admit(_review(PINNED))
            time.sleep(STEP_SECONDS)
        yield Both(theirs, ours)


@pytest.mark.parametrize(
    ("uri", "allowed", "why"),
    [
        (PINNED, True, ""),
        (MODEL, True, ""),
        (BAD, False, "unsafe"),
        ("models:/fraud-bad/1", False, "unsafe"),
        ("models:/fraud/4", False, f"it is {UNSCANNED}, and there are no signed facts of it"),
        ("models:/fraud/5", False, "there are no signed facts of it"),
        (TAG, False, "the reference moves"),
        ("s3://models/fraud/1", False, "there are no signed facts of it"),
    ],
)
def test_it_judges_by_the_facts_of_what_a_reference_is(both: Both, uri: str, allowed: bool, why: str) -> None:
    theirs, ours = _told(both.theirs.admit(_review(uri))), _told(both.ours.admit(_review(uri)))
    assert theirs == ours
    assert (theirs[0], why in theirs[1]) == (allowed, True), theirs
