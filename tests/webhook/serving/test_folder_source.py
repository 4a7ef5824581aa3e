"""Policies from files become the Changes that a cluster would tell, and a wrong file leaves what was in force."""

import json
from pathlib import Path
from typing import Any

import pytest
from lockgate.engine.errors import LockgateError, UsageError
from lockgate.webhook.serving.folder_source import FolderSource
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_state import LiveSettings

from tests.gatekeeper.workbench import constraint, manifest, template
from tests.webhook.serving.builders import key_of
from tests.webhook.serving.test_live_gate import EXEMPTION, messages


def source(folder: Path, *exemptions: str) -> FolderSource:
    return FolderSource([str(folder)], exemptions, str(folder), LiveSettings())


def write(folder: Path, name: str, *values: dict[str, Any]) -> None:
    text = "\n---\n".join([json.dumps(value) for value in values])
    (folder / name).write_text(text)


def test_a_folder_is_told_as_changes_and_then_what_changes(tmp_path: Path) -> None:
    write(tmp_path, "template.yaml", template())
    write(tmp_path, "constraint.yaml", constraint(), constraint(name="other"))
    files, live = source(tmp_path), LiveGate()
    live.apply(files.changes(), frozenset())
    assert messages(live, manifest()) == ["hit", "hit"]
    assert files.changes() == ()
    write(tmp_path, "constraint.yaml", constraint())
    (change,) = files.changes()
    assert (change.key, change.data) == (key_of(constraint(name="other")), None)
    live.apply([change], frozenset())
    assert messages(live, manifest()) == ["hit"]


def test_a_wrong_file_is_told_once_with_its_place(tmp_path: Path) -> None:
    write(tmp_path, "template.yaml", template())
    write(tmp_path, "constraint.yaml", constraint())
    files, live = source(tmp_path), LiveGate()
    live.apply(files.changes(), frozenset())
    write(tmp_path, "template.yaml", template("package a\n\nnothing {"))
    with pytest.raises(LockgateError) as caught:
        files.changes()
    assert caught.value.location is not None
    assert caught.value.location.file == "template.yaml"
    assert files.changes() == ()
    assert messages(live, manifest()) == ["hit"]
    write(tmp_path, "template.yaml", template('package a\n\nviolation[{"msg": "mended"}] { true }'))
    live.apply(files.changes(), frozenset())
    assert messages(live, manifest()) == ["mended"]


def test_exemptions_may_lie_apart_or_beside(tmp_path: Path) -> None:
    policies, apart = tmp_path / "policies", tmp_path / "exemptions"
    policies.mkdir()
    apart.mkdir()
    write(policies, "all.yaml", template(), constraint(), EXEMPTION)
    write(apart, "one.yaml", {**EXEMPTION, "metadata": {"name": "y"}})
    changes = source(policies, str(apart)).changes()
    assert {str(change.key).rpartition("/")[2] for change in changes} == {"probe", "x", "y"}


def test_a_constraint_of_a_shipped_rule_needs_no_template(tmp_path: Path) -> None:
    rule = Path(__file__).parents[3] / "policies" / "profiles" / "baseline.yaml"
    (tmp_path / "baseline.yaml").write_text(rule.read_text())
    changes = source(tmp_path).changes()
    templates = {change.key.name for change in changes if change.key.kind.kind == "ConstraintTemplate"}
    constraints = {change.key.kind.kind.lower() for change in changes} - {"constrainttemplate"}
    assert templates == constraints
    assert templates


def test_plain_rego_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.rego").write_text('package main\n\ndeny contains "no" if true\n')
    with pytest.raises(UsageError, match="is plain Rego"):
        source(tmp_path).changes()
