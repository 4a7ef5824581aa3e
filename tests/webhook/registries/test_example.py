"""The example of Kubeflow's Model Registry, against a server that answers as its published API does."""

import os
import subprocess
import sys
from pathlib import Path
from shutil import copy

import pytest

from tests.shared_folder import ROOT
from tests.webhook.promoting.office import EVALUATION, Office
from tests.webhook.references.servers import serving
from tests.webhook.registries.peers import KubeflowPeer

EXAMPLE = ROOT / "examples" / "kubeflow-model-registry"
BESIDE = ROOT / "examples" / "mlflow"
PEOPLE = ("registry-ci", "model-ci", "risk-1", "risk-2")
DESK = ("-p", "promotion-policy.yaml", "--identities", "identities.toml", "--trail", "trail")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path)
    for name in ("keys", "facts"):
        (tmp_path / name).mkdir()
    for name in PEOPLE:
        made.make_key(f"keys/{name}")
    for name in ("identities.toml", "facts-trust.toml", "promotion-policy.yaml"):
        copy(BESIDE / name, tmp_path / name)
    made.write_facts(EVALUATION, reference="model-registry://fraud/v1", signer="keys/model-ci")
    steps = [made.run("audit", "init", "trail", "--origin", "example.com/kmr", "--administrator", "us")]
    for name in PEOPLE:
        if name != "model-ci":
            people = ("--identities", "identities.toml", "--trail", "trail")
            steps.append(made.run("key", "enrol", f"keys/{name}.pub.pem", *people))
    assert not [one.err for one in steps if one.code]
    return made


def test_a_label_moves_only_to_what_was_approved(office: Office) -> None:
    peer = KubeflowPeer()
    peer.register("v1")
    peer.label("v1", "candidate")
    peer.label("v1", "promote", "prod")
    with serving(answering=peer.answer) as server:
        text = (EXAMPLE / "resolvers.toml").read_text("utf-8")
        office.write("resolvers.toml", text.replace("http://127.0.0.1:8080", server.url))
        gate(office)
        assert peer.labels("v1").keys() >= {"epochs", "candidate", "promote", "staging"}
        assert "production" not in peer.labels("v1")
        (statement,) = [
            one.name
            for one in office.folder.glob("*.promotion.dsse.json")
            if office.statement(one.name)["predicate"]["to"]["environment"] == "prod"
        ]
        for by in ("risk-1", "risk-2"):
            ran = office.run("approve", statement, "--key", f"keys/{by}.pem", "--yes", *DESK)
            assert ran.code == 0, ran.err
        gate(office)
    labels = peer.labels("v1")
    assert labels["production"] == {"metadataType": "MetadataStringValue", "string_value": ""}
    assert "of example.com/kmr, sha256:" in labels["lockgate.promotion.prod"]["string_value"]
    assert labels["epochs"] == {"metadataType": "MetadataIntValue", "int_value": "3"}


def gate(office: Office) -> None:
    done = subprocess.run(
        ["bash", str(EXAMPLE / "gate.sh")],
        cwd=office.folder,
        env={**os.environ, "LOCKGATE": f"{sys.executable} -m lockgate.webhook"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
