"""The golden path of the examples on a real API server: refused, promoted, admitted, drifted, rolled back."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lockgate.webhook.cli import run as run_cli

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.serving_cluster import ACCOUNT, apply_text, apply_values, serving_cluster, until
from tests.policies.shipped import POLICIES
from tests.shared_folder import ROOT

pytestmark = pytest.mark.e2e

GOLDEN = ROOT / "examples" / "golden-path"
RULES = ("promoted_models", "model_evaluation")
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "inferenceservices.serving.kserve.io"},
    "spec": {
        "group": "serving.kserve.io",
        "scope": "Namespaced",
        "names": {"kind": "InferenceService", "plural": "inferenceservices", "singular": "inferenceservice"},
        "versions": [
            {
                "name": "v1beta1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                },
            }
        ],
    },
}


def run_script(place: Path, *arguments: str, **environment: str) -> str:
    given = {**os.environ, "LOCKGATE": f"{sys.executable} -m lockgate.webhook", **environment}
    done = subprocess.run(
        ["bash", str(GOLDEN / "run.sh"), str(place), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=given,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout + done.stderr


def test_the_golden_path(tmp_path: Path) -> None:
    place, folder = tmp_path / "golden", tmp_path / "serve"
    folder.mkdir()
    run_script(place, "prepare")
    own = str(folder / "trail")
    assert run_cli(["audit", "init", own, "--origin", "example.com/eu-1"]) == 0
    options = ["--trail", own, "--promotions", str(place / "trail"), "--sweep-interval", "2"]
    options += ["--model-facts", str(place / "facts"), "--facts-trust", str(place / "facts-trust.toml")]
    options += ["--facts-log-key", str(place / "log.vkey")]
    with running_cluster({ACCOUNT: ""}) as cluster, serving_cluster(cluster, folder, options):
        assert apply_values(cluster, DEFINITION) == (0, "")
        for name in ("ml-staging", "ml-prod"):
            assert kubectl(cluster, "create", "namespace", name).returncode == 0
        texts = [(POLICIES.root / "models" / rule / "template.yaml").read_text("utf-8") for rule in RULES]
        texts += [
            path.read_text("utf-8")
            for path in (
                GOLDEN / "repository" / "policies" / "environment-map.yaml",
                GOLDEN / "repository" / "policies" / "promotion-policy.yaml",
                GOLDEN / "cluster" / "promoted.yaml",
                GOLDEN / "cluster" / "evaluation.yaml",
            )
        ]
        for text in texts:
            comes_to_be(cluster, text)
        service = GOLDEN / "repository" / "deploy" / "prod" / "fraud.yaml"
        denied = "model is not promoted to prod"
        until(lambda: denied in kubectl(cluster, "apply", "--dry-run=server", "-f", str(service)).stderr)
        config = str(cluster.kubeconfig())
        command = f"kubectl --kubeconfig {config}"
        drifts = "lockgatemodelevaluation.constraints.gatekeeper.sh/models-do-not-drift"
        told = run_script(
            place,
            APPLY=f"{command} apply -f",
            DRIFTED=f"{command} wait --for=jsonpath={{.status.totalViolations}}=1 --timeout=120s {drifts}",
        )
        # Refused as what it is not yet, and then as what it is not any more.
        assert (
            "[models-are-promoted] model is not promoted to prod at spec.predictor.model.storageUri (s3://models/fraud/7)"
            in told
        )
        assert "[models-are-promoted] model is not the version that prod has" in told
        assert "rolled-back s3:models/fraud 6" in told
        until(lambda: _violations(cluster, drifts) == 0)
        live = json.loads(
            kubectl(cluster, "get", "inferenceservice", "fraud", "-n", "ml-prod", "-o", "json").stdout
        )
        assert live["spec"]["predictor"]["model"]["storageUri"] == "s3://models/fraud/6"
    history = subprocess.run(
        [
            sys.executable,
            "-m",
            "lockgate.webhook",
            "promotions",
            "history",
            "--trail",
            str(place / "trail"),
            "--format",
            "json",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    # From the pull request to production, as a question to the trail.
    made = [one for one in json.loads(history.stdout) if one["environment"] == "prod"]
    assert [one["event"] for one in made] == ["promoted", "promoted", "rolled-back"]
    assert all(0 < one["secondsFromRequest"] < 600 for one in made)


def comes_to_be(cluster: Cluster, text: str) -> None:
    """Applies what its kind may be known a moment later for."""
    until(lambda: apply_text(cluster, text)[0] == 0, lambda: apply_text(cluster, text))


def _violations(cluster: Cluster, name: str) -> int | None:
    found = kubectl(cluster, "get", name, "-o", "jsonpath={.status.totalViolations}").stdout
    return int(found) if found else None
