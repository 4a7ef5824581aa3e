"""Signed facts where rules on models go by them: verified by the command that judges, in a check and in a server."""

import json
from pathlib import Path
from typing import Any

import pytest
from lockgate.webhook.model_facts import ModelFacts
from lockgate.webhook.scanning.known_models import known_models, watched_files
from lockgate.webhook.serving.folder_source import FolderSource
from lockgate.webhook.serving.live_state import LiveSettings

from tests.shared_folder import ROOT
from tests.webhook.helpers import Ran, run_here
from tests.webhook.scanning.test_signed_facts import REFERENCE, place

__all__ = ["place"]
RULE = ROOT / "policies/models/scanned_models"
POLICIES = ["-p", str(RULE / "template.yaml"), "-p", "constraint.yaml"]
CONSTRAINT = """\
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: LockgateScannedModels
metadata: {name: scanned}
spec:
  parameters: {tiers: [safe]}
"""
GIVEN = ModelFacts((".",), "trust.toml", "production")


def sign(place: Path, *references: str, content: bytes = b"", name: str = "weights") -> None:
    (place / name).write_bytes(content)
    (place / "constraint.yaml").write_text(CONSTRAINT)
    named = [word for one in references for word in ("--reference", one)]
    ran = run_here("scan", name, "--sign", "ci.pem", *named, cwd=place)
    assert ran.code in (0, 1), ran.err


def judge(place: Path, uri: str, *options: str) -> Ran:
    service = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "fraud", "namespace": "team-a"},
        "spec": {"predictor": {"model": {"storageUri": uri}}},
    }
    (place / "service.json").write_text(json.dumps(service))
    given = options or (
        "--model-facts",
        ".",
        "--facts-trust",
        "trust.toml",
        "--facts-environment",
        "production",
    )
    return run_here("check", *given, *POLICIES, "service.json", cwd=place)


def provider(place: Path, given: ModelFacts = GIVEN) -> dict[str, Any]:
    (found,) = json.loads(json.dumps(known_models(given, str(place), 0).value))["providers"]
    assert isinstance(found, dict)
    return found


def test_a_model_is_judged_by_its_facts(place: Path) -> None:
    sign(place, REFERENCE)
    ran = judge(place, REFERENCE)
    assert ran.code == 0, ran.out


def test_a_model_of_which_nothing_is_known_is_refused(place: Path) -> None:
    sign(place, REFERENCE)
    ran = judge(place, "s3://models/other/1")
    assert ran.code == 1
    assert "nothing is known of the model" in ran.out
    assert "there are no signed facts of it" in ran.out


def test_why_facts_do_not_count_is_told(place: Path) -> None:
    sign(place, REFERENCE)
    options = ("--model-facts", ".", "--facts-trust", "trust.toml", "--facts-environment", "staging")
    ran = judge(place, REFERENCE, *options)
    assert ran.code == 1
    assert "its facts do not count: ci signed the facts, whose word does not count in staging" in ran.out


def test_a_model_with_code_is_refused(place: Path) -> None:
    sign(place, REFERENCE, content=b"cos\nsystem\n(S'true'\ntR.")
    ran = judge(place, REFERENCE)
    assert (ran.code, "model is unsafe" in ran.out) == (1, True), ran.out


@pytest.mark.parametrize(
    ("signed", "used"),
    [
        ("s3://models/fraud?versionId=abc", "s3://models/fraud?x=1&versionId=abc"),
        ("S3://models/fraud/12", "s3://models/fraud/12/"),
    ],
)
def test_a_reference_has_one_spelling(place: Path, signed: str, used: str) -> None:
    trust = place / "trust.toml"
    trust.write_text(trust.read_text().replace('"s3://models/*"', '"s3://models/*", "S3://models/*"'))
    sign(place, signed)
    assert judge(place, used).code == 0


def test_what_is_given_has_to_fit_together(place: Path) -> None:
    sign(place, REFERENCE)
    for options, said in (
        (("--model-facts", "."), "whose facts count is not said"),
        (("--facts-trust", "trust.toml"), "are for signed facts"),
        (("--model-facts", "absent", "--facts-trust", "trust.toml"), "absent does not exist"),
        (("--model-facts", "trust.toml", "--facts-trust", "trust.toml"), "trust.toml: "),
    ):
        ran = judge(place, REFERENCE, *options)
        assert (ran.code, said in ran.err) == (2, True), ran.err


def test_facts_that_nobody_trusted_signed(place: Path) -> None:
    sign(place, REFERENCE)
    (place / "trust.toml").write_text(
        (place / "trust.toml").read_text().replace("ci.pub.pem", "other.pub.pem")
    )
    (place / "other.pub.pem").write_bytes((place / "ci.pub.pem").read_bytes())
    assert list(provider(place)["values"]) == [REFERENCE]
    data = json.loads((place / "weights.facts.dsse.json").read_text())
    data["signatures"][0]["sig"] = "A" * 86 + "=="
    (place / "weights.facts.dsse.json").write_text(json.dumps(data))
    found = provider(place)
    assert found["values"] == {}
    assert "no producer that is trusted signed the facts" in found["errors"][REFERENCE]


def test_two_that_vouch_for_one_model_are_both_told(place: Path) -> None:
    sign(place, REFERENCE)
    (place / "more").mkdir()
    (place / "weights.facts.dsse.json").rename(place / "more/a.facts.dsse.json")
    sign(place, REFERENCE)
    answer = provider(place)["values"][REFERENCE]
    assert [one["producer"] for one in answer["attested"]] == ["ci", "ci"]


def test_a_server_follows_facts(place: Path) -> None:
    sign(place, REFERENCE)
    policies = [str(RULE / "template.yaml"), str(place / "constraint.yaml")]
    source = FolderSource(policies, (), str(place), LiveSettings(), (), GIVEN)
    assert any(b"there are no signed facts" in (one.data or b"") for one in source.changes())
    assert source.changes() == ()
    sign(place, "s3://models/churn/1", name="churn")
    (news,) = source.changes()
    assert news.data is not None
    assert b"s3://models/churn/1" in news.data
    assert {str(place / "trust.toml"), str(place / "churn.facts.dsse.json")} <= {
        str(Path(one).resolve()) for one in watched_files(GIVEN, str(place))
    }
