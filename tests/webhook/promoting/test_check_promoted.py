"""`check` and `explain` of models that have to be promoted: in which environment a file is, and what a trail has."""

import json
from typing import Any, Final

import pytest

from tests.policies.shipped import POLICIES
from tests.webhook.helpers import Ran
from tests.webhook.promoting.office import Office

Json = dict[str, Any]

RULE: Final = POLICIES.root / "models" / "promoted_models" / "template.yaml"
CONSTRAINT: Final[Json] = {
    "apiVersion": "constraints.gatekeeper.sh/v1beta1",
    "kind": "LockgatePromotedModels",
    "metadata": {"name": "promoted"},
    "spec": {},
}
SETTINGS: Final = """\
environments:
- name: staging
  paths: [deploy/staging]
- name: prod
  paths: [deploy/prod]
  namespaces: [shop]
"""
UNPROMOTED: Final = "model is not promoted to prod"
UNKNOWN: Final = (
    "in which environment it runs: no folder, cluster or namespace says in which environment it runs"
)


@pytest.fixture
def place(office: Office) -> Office:
    """The rule and the policy in `rules`, and services in folders of environments."""
    office.write("rules/template.yaml", RULE.read_text("utf-8"))
    office.write("rules/constraint.json", json.dumps(CONSTRAINT))
    office.write("rules/policy.yaml", (office.folder / "policy.yaml").read_text())
    office.write("lockgate.yaml", SETTINGS)
    for folder in ("staging", "prod", "base"):
        office.write_manifest(name=f"{folder}/fraud")
        text = (office.folder / f"deploy/{folder}/fraud.yaml").read_text()
        office.write(f"deploy/{folder}/fraud.yaml", text.replace(f"{folder}/fraud", "fraud"))
    return office


def check(office: Office, path: str, *more: str) -> tuple[list[str], list[str]]:
    """What violates, and what is needed for what was not evaluated."""
    options = ["--user", "deployer", "--no-progress", "--format", "json", *more]
    ran = office.run("check", "-p", "rules", *options, path)
    assert ran.code in (0, 1), ran.err
    found = json.loads(ran.out)
    needs = [one["needs"] for one in found["notEvaluated"] if one["policy"] == "LockgatePromotedModels"]
    return [one["message"].partition(" at ")[0] for one in found["violations"]], needs


def approved(office: Office) -> None:
    for by in ("risk-1", "risk-2"):
        ran: Ran = office.approve(by=by)
        assert ran.code == 0, ran.err


def test_a_file_is_in_the_environment_of_its_folder(place: Office) -> None:
    trail = ("--promotions", "trail")
    assert check(place, "deploy/staging", *trail) == ([], [])
    assert check(place, "deploy/prod", *trail) == ([UNPROMOTED], [])
    assert check(place, "deploy/base", *trail) == ([], [UNKNOWN])
    approved(place)
    assert check(place, "deploy/prod", *trail) == ([], [])


def test_files_of_several_environments_are_told_apart(place: Office) -> None:
    (place.folder / "deploy/fraud.yaml").unlink()
    assert check(place, "deploy", "--promotions", "trail") == ([UNPROMOTED], [UNKNOWN])
    assert check(place, "deploy", "--promotions", "trail", "--jobs", "2") == ([UNPROMOTED], [UNKNOWN])


def test_a_namespace_counts_too_and_the_highest_wins(place: Office) -> None:
    for folder in ("staging", "base"):
        name = f"deploy/{folder}/fraud.yaml"
        place.write(name, (place.folder / name).read_text().replace('"ml"', '"shop"'))
        assert check(place, name, "--promotions", "trail") == ([UNPROMOTED], [])


def test_a_label_raises_and_does_not_lower(place: Office) -> None:
    def label(folder: str, environment: str) -> str:
        name = f"deploy/{folder}/fraud.yaml"
        value = json.loads((place.folder / name).read_text())
        value["metadata"]["labels"] = {"lockgate.dev/environment": environment}
        return place.write(name, json.dumps(value))

    assert check(place, label("staging", "prod"), "--promotions", "trail") == ([UNPROMOTED], [])
    assert check(place, label("prod", "staging"), "--promotions", "trail") == ([UNPROMOTED], [])
    # Where nothing else says anything, a label does not either.
    assert check(place, label("base", "staging"), "--promotions", "trail") == ([], [UNKNOWN])


def test_what_nobody_says_is_not_evaluated(place: Office) -> None:
    assert check(place, "deploy/prod") == (
        [],
        ["the answers of provider 'lockgate-promotions' (external_data)"],
    )
    (place.folder / "lockgate.yaml").unlink()
    assert check(place, "deploy/prod", "--promotions", "trail") == (
        [],
        ["what provider 'lockgate-environments' answers (externalData)"],
    )


def test_explain_asks_the_same(place: Office) -> None:
    given = ["explain", "-p", "rules", "--promotions", "trail", "--user", "deployer", "--format", "json"]

    def outcomes(path: str) -> list[tuple[str, str]]:
        ran = place.run(*given, path)
        assert ran.code == 0, ran.err
        return [(one["outcome"], one.get("why", "")) for one in json.loads(ran.out)["explanations"]]

    assert outcomes("deploy/staging") == [("clean", "")]
    assert outcomes("deploy/prod") == [("violated", "")]
    assert outcomes("deploy/base") == [("not evaluated", UNKNOWN)]
