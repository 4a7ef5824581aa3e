"""Profiles put together from what each rule says: what is written, what is compared, and what is refused with its place."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from lockgate.engine.errors import LockgateError
from lockgate.webhook.catalogue.entries import PROFILES

from tests.policies.shipped import known_kinds, matched_kinds
from tests.webhook.test_policy_commands import run

OWNED = """\
why: things without an owner are nobody's
match:
  kinds:
  - apiGroups: ["", apps]
    kinds: [ConfigMap]
  namespaces: [team-*]
baseline: {enforcementAction: warn, parameters: {labels: [owner]}}
regulated:
  enforcementAction: deny
  parameters: {labels: [owner, "on"]}
notConfigured:
  labels: what your own things carry
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one rule, which no profile has."""
    place = tmp_path / "policies"
    assert run("new", "team/owned_things", "--folder", place).exit_code == 0
    return place


def write(folder: Path, text: str) -> Path:
    """What the rule is in the profiles."""
    path = folder / "team" / "owned_things" / "profiles.yaml"
    path.write_text(text, "utf-8")
    return path


def constraints(folder: Path, profile: str) -> list[dict[str, Any]]:
    """The constraints of a written profile."""
    text = (folder / "profiles" / f"{profile}.yaml").read_text("utf-8")
    return [one for one in yaml.safe_load_all(text) if one is not None]


def test_a_folder_that_says_nothing_of_profiles_has_none(folder: Path) -> None:
    assert run("sync", "--folder", folder).output == ""
    assert run("docs", "--folder", folder).output == ""
    assert not (folder / "profiles").exists()


def test_each_profile_has_the_constraints_of_its_rules(folder: Path) -> None:
    write(folder, OWNED)
    assert run("sync", "--check", "--folder", folder).exit_code == 1
    assert run("sync", "--folder", folder).exit_code == 0
    assert run("sync", "--check", "--folder", folder).output == ""
    assert constraints(folder, "production") == []
    [made] = constraints(folder, "regulated")
    assert made == {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": "LockgateOwnedThings",
        "metadata": {
            "name": "regulated-owned-things",
            "annotations": {"lockgate.dev/not-configured": "labels, what your own things carry"},
        },
        "spec": {
            "enforcementAction": "deny",
            "match": {
                "kinds": [
                    {"apiGroups": [""], "kinds": ["ConfigMap"]},
                    {"apiGroups": ["apps"], "kinds": ["ConfigMap"]},
                ],
                "namespaces": ["team-*"],
            },
            "parameters": {"labels": ["owner", "on"]},
        },
    }
    [made] = constraints(folder, "baseline")
    assert (made["metadata"]["name"], made["spec"]["enforcementAction"]) == ("baseline-owned-things", "warn")


def test_the_table_says_what_each_rule_is(folder: Path) -> None:
    write(folder, OWNED)
    assert run("new", "team/second", "--folder", folder).exit_code == 0
    page = (folder / "profiles" / "README.md").read_text("utf-8")
    row = "| `team/owned_things` | warned of | - | denied | things without an owner are nobody's. Not configured: `labels`: what your own things carry |"
    assert row in page
    assert "| `team/second` | a constraint with labels (Names of the labels) |" in page
    assert run("docs", "--check", "--folder", folder).output == ""
    write(folder, OWNED.replace("are nobody's", "stay"))
    result = run("docs", "--check", "--folder", folder)
    assert (result.exit_code, result.output) == (1, f"not current: {folder / 'profiles' / 'README.md'}\n")


@pytest.mark.parametrize("kinds", ["kinds: pods", "kinds: [pods]"])
def test_pods_are_every_kind_that_holds_them(folder: Path, kinds: str) -> None:
    write(
        folder,
        f"why: x\nmatch:\n  {kinds}\nbaseline: {{enforcementAction: deny, parameters: {{labels: []}}}}\n",
    )
    assert run("sync", "--folder", folder).exit_code == 0
    [made] = constraints(folder, "baseline")
    assert matched_kinds(made) == known_kinds()


def test_kinds_stand_beside_pods_and_the_folder_s_own_library_tells_them(folder: Path) -> None:
    (folder / "lib" / "workloads.rego").write_text(
        'package lib.mine\n\nx := {"acme.io/Thing", "/Pod"}\n', "utf-8"
    )
    head = "why: x\nmatch:\n  kinds:\n  - pods\n  - apiGroups: [acme.io]\n    kinds: [Other]\n"
    write(folder, head + "production: {enforcementAction: dryrun, parameters: {labels: []}}\n")
    assert run("sync", "--folder", folder).exit_code == 0
    [made] = constraints(folder, "production")
    assert matched_kinds(made) == {("", "Pod"), ("acme.io", "Thing"), ("acme.io", "Other")}


WRONG = {
    "no YAML": ("why: [\n", 2, "not valid YAML"),
    "a list": ("- why\n", 1, "valid dictionary"),
    "empty": ("", 1, "valid dictionary"),
    "no reason": (OWNED.replace("why: things without an owner are nobody's\n", ""), 1, "why: Field required"),
    "two lines": (OWNED.replace("why: things", 'why: "a\\nb"\nwhy2: things'), 1, "why: "),
    "unknown key": (OWNED + "staging: {}\n", 13, "staging: "),
    "no action": (OWNED.replace("  enforcementAction: deny\n", ""), 8, "enforcementAction: Field required"),
    "other action": (OWNED.replace("deny", "refuse"), 9, "enforcementAction: Input should be"),
    "no kinds": (OWNED.replace("kinds:\n", "kinds: []\n", 1).replace("  - apiGroups: [\"\", apps]\n    kinds: [ConfigMap]\n", ""), 3, "match.kinds"),
    "other word for kinds": ("why: x\nmatch: {kinds: jobs}\nbaseline: {enforcementAction: deny}\n", 2, "match.kinds: "),
    "a kind that is a number": (OWNED.replace("[ConfigMap]", "[1]"), 5, "match.kinds.0.kinds.0"),
    "other field of a match": (OWNED.replace("namespaces:", "namespace:"), 6, "namespace"),
    "wrong field of a match": (OWNED.replace("[team-*]", "team-*"), 6, "match.namespaces"),
    "unknown parameter": (OWNED.replace("{labels: [owner]}", "{label: [owner]}"), 7, "label"),
    "wrong parameter": (OWNED.replace('[owner, "on"]', "[owner, on]"), 10, "labels"),
    "missing parameter": (OWNED.replace("parameters: {labels: [owner]}", "parameters: {}"), 7, "labels"),
    "held open, and none": (OWNED.replace("  labels: what", "  lables: what"), 12, "no parameter lables"),
    "in no profile": ("why: x\nmatch: {kinds: pods}\n", 1, "no profile has the rule"),
    "twice": (OWNED + "baseline: {enforcementAction: deny}\n", 13, "baseline is given twice"),
    "alias": ("why: x\nmatch: &a\n  kinds: pods\nbaseline: *a\n", 2, "an alias"),
    "alias without end": ("why: x\nmatch: &a [*a]\n", 2, "an alias"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_its_place(folder: Path, name: str) -> None:
    text, line, message = WRONG[name]
    path = write(folder, text)
    error = run("sync", "--folder", folder).exception
    assert isinstance(error, LockgateError), error
    assert message in error.message
    assert error.location is not None
    assert (error.location.file, error.location.line) == (str(path), line)
    assert not (folder / "profiles").exists()


def test_a_file_without_end_is_refused(folder: Path) -> None:
    write(folder, OWNED + "#" * 70_000)
    error = run("sync", "--folder", folder).exception
    assert isinstance(error, LockgateError)
    assert "is larger than 64 KiB" in error.message


def test_there_are_three_profiles(folder: Path) -> None:
    write(folder, OWNED)
    assert run("sync", "--folder", folder).exit_code == 0
    assert {path.stem for path in (folder / "profiles").iterdir()} == set(PROFILES)
