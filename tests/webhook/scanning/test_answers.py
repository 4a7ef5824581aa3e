"""What rules on models are told of signed facts, and that they judge by it."""

import json
from pathlib import Path

from tests.shared_folder import ROOT
from tests.webhook.helpers import Ran, run_here
from tests.webhook.scanning.test_signed_facts import REFERENCE, TRUST, place

__all__ = ["place"]
PINNED = f"oci://registry.example.com/ml/fraud@sha256:{'ab' * 32}"
SERVICE = f"""\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {{name: fraud, namespace: team-a}}
spec:
  predictor:
    model:
      modelFormat: {{name: sklearn}}
      storageUri: {PINNED}
"""


def answers(place: Path, *facts: str) -> Ran:
    command = ["scan", "answers", *facts, "--trust", "trust.toml", "--environment", "production"]
    return run_here(*command, "--output", "models.json", cwd=place)


def test_answers(place: Path) -> None:
    (place / "metrics.json").write_text('{"metrics": {"auc": 0.93}}')
    run_here(
        *("scan", "model", "--sign", "ci.pem", "--reference", REFERENCE, "--evidence", "metrics.json"),
        cwd=place,
    )
    ran = answers(place, "model.facts.dsse.json")
    assert ran.code == 0, ran.err
    (provider,) = json.loads((place / "models.json").read_text("utf-8"))["providers"]
    (answer,) = provider["values"].values()
    assert list(provider["values"]) == [REFERENCE]
    assert answer["facts"]["artifact"]["digest"] == answer["digest"]
    assert answer["attested"] == [{"producer": "ci", "at": None}]
    assert [(one["kind"], one["metrics"], one["recordedAt"]) for one in answer["evidence"]] == [
        ("evaluation", {"auc": 0.93}, None)
    ]


def test_what_does_not_count_is_left_out(place: Path) -> None:
    run_here(
        "scan", "model", "--sign", "ci.pem", "--reference", REFERENCE, "--reference", "hf://else/x", cwd=place
    )
    ran = answers(place, "model.facts.dsse.json")
    assert (ran.code, "hf://else/x: ci signed the facts, and may not speak of" in ran.err) == (1, True)
    (provider,) = json.loads((place / "models.json").read_text("utf-8"))["providers"]
    assert list(provider["values"]) == [REFERENCE]


def test_facts_of_different_bytes_are_no_answer(place: Path) -> None:
    for number in range(2):
        (place / "model/config.json").write_text(str(number))
        run_here(
            *("scan", "model", "--sign", "ci.pem", "--reference", REFERENCE, "--signed", f"{number}.json"),
            cwd=place,
        )
    answers(place, "0.json", "1.json")
    (provider,) = json.loads((place / "models.json").read_text("utf-8"))["providers"]
    assert provider["values"] == {}
    assert "different bytes" in provider["errors"][REFERENCE]


def test_the_rule_on_scanned_models_judges_by_signed_facts(place: Path) -> None:
    (place / "trust.toml").write_text(TRUST.replace("s3://models", "oci://registry.example.com"))
    (place / "service.yaml").write_text(SERVICE)
    rule = ROOT / "policies/models/scanned_models"
    policies = ["-p", str(rule / "template.yaml"), "-p", str(rule / "samples/models/constraint.yaml")]
    for name, content, code in (("empty", b"", 0), ("noise", bytes(range(128, 256)), 1)):
        (place / name).write_bytes(content)
        run_here("scan", name, "--sign", "ci.pem", "--reference", PINNED, "--signed", "one.json", cwd=place)
        ran = answers(place, "one.json")
        assert ran.code == 0, ran.err
        ran = run_here("check", "--external-data", "models.json", *policies, "service.yaml", cwd=place)
        assert ran.code == code, ran.out + ran.err
    assert "model is un" in ran.out
