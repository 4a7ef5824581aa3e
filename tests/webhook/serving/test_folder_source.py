"""Policies from files become the Changes that a cluster would tell, and a wrong file leaves what was in force."""

import json
from pathlib import Path
from typing import Any

import pytest
from lockgate.engine.errors import LockgateError, UsageError
from lockgate.gatekeeper.problems import PolicyErrors
from lockgate.webhook.serving.folder_source import FolderSource
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_state import LiveSettings

from tests.gatekeeper.workbench import constraint, manifest, template
from tests.webhook.serving.builders import key_of
from tests.webhook.serving.test_live_gate import EXEMPTION, messages


def source(folder: Path, *exemptions: str) -> FolderSource:
    return FolderSource([str(folder)], exemptions, str(folder), LiveSettings())


def is_behind(files: FolderSource) -> bool:
    """As it is at this moment."""
    return files.is_behind


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


@pytest.mark.parametrize(
    "left", ["", "# nothing\n", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", "[]\n"]
)
def test_a_file_that_loses_all_of_its_policies_leaves_them_in_force(left: str, tmp_path: Path) -> None:
    write(tmp_path, "template.yaml", template())
    write(tmp_path, "one.yaml", constraint())
    write(tmp_path, "two.yaml", constraint(name="other"))
    files, live = source(tmp_path), LiveGate()
    live.apply(files.changes(), frozenset())
    (tmp_path / "two.yaml").write_text(left)
    with pytest.raises(UsageError) as caught:
        files.changes()
    assert caught.value.message == "two.yaml held policies, and holds none now: what was in force stays"
    assert caught.value.hint == "mend the file; or remove it, where its policies are to go"
    # Told once; and nothing else is taken meanwhile, since which of the two is meant is not known.
    assert files.changes() == ()
    write(tmp_path, "one.yaml", constraint(), constraint(name="third"))
    with pytest.raises(UsageError, match=r"two\.yaml held policies"):
        files.changes()
    (tmp_path / "two.yaml").unlink()
    assert {(one.key.name, one.data is None) for one in files.changes()} == {
        ("other", True),
        ("third", False),
    }


def test_a_policy_may_move_to_another_file(tmp_path: Path) -> None:
    write(tmp_path, "template.yaml", template())
    write(tmp_path, "one.yaml", constraint(), constraint(name="other"))
    files = source(tmp_path)
    files.changes()
    write(tmp_path, "one.yaml", constraint())
    write(tmp_path, "two.yaml", constraint(name="other"))
    assert files.changes() == ()
    (tmp_path / "two.yaml").rename(tmp_path / "three.yaml")
    assert files.changes() == ()


@pytest.mark.parametrize("left", ["kind: [", '{"kind": ', "{{ if .x }}\nkind: A\n{{ end }}\n", "\x00"])
def test_a_file_that_cannot_be_read_is_no_file_without_policies(left: str, tmp_path: Path) -> None:
    write(tmp_path, "template.yaml", template())
    write(tmp_path, "one.yaml", constraint())
    write(tmp_path, "apart.yaml", constraint(name="other"))
    whole = (tmp_path / "one.yaml").read_text()
    files, live = source(tmp_path), LiveGate()
    live.apply(files.changes(), frozenset())
    (tmp_path / "one.yaml").write_text(left)
    assert not is_behind(files)
    with pytest.raises(PolicyErrors) as caught:
        files.changes()
    assert [one.location and one.location.file for one in caught.value.errors] == ["one.yaml"]
    assert is_behind(files)
    assert files.changes() == ()
    assert is_behind(files)
    assert messages(live, manifest()) == ["hit", "hit"]
    # At a start there is nothing older that could stay in force.
    with pytest.raises(PolicyErrors):
        source(tmp_path).changes()
    (tmp_path / "one.yaml").write_text(whole)
    assert files.changes() == ()
    assert not is_behind(files)


def test_a_folder_that_is_away_for_a_while_leaves_what_was_in_force(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    write(folder, "all.yaml", template(), constraint())
    files = source(folder)
    files.changes()
    folder.rename(tmp_path / "away")
    with pytest.raises(UsageError, match="does not exist"):
        files.changes()
    assert is_behind(files)
    (tmp_path / "away").rename(folder)
    assert files.changes() == ()
    assert not is_behind(files)


def test_what_is_no_policy_may_lie_in_the_folder(tmp_path: Path) -> None:
    write(tmp_path, "all.yaml", template(), constraint())
    (tmp_path / "values.yaml").write_text("replicas: 2\nreplicas: 3\n")
    (tmp_path / "empty.yaml").write_text("")
    (tmp_path / "list.json").write_text("[1, 2]")
    (tmp_path / "notes.txt").write_text("kind: [")
    assert len(source(tmp_path).changes()) == 2
