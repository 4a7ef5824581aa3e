"""Grants from files: found, altered, removed, and wrong without harm to the others."""

import json
import os
from pathlib import Path

import pytest
from lockgate.webhook.serving.glass_folder import GlassFolder
from lockgate.webhook.serving.live_grants import MAX_OBJECT, LiveGrants

from tests.gatekeeper.break_glass.making import START_NS, policy_value, sign, unsigned


def states(live: LiveGrants) -> dict[str, str]:
    return {one.grant.name: one.state for one in live.grants.standings(START_NS)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policy.yaml").write_text(json.dumps(policy_value()))
    (tmp_path / "night.json").write_text(json.dumps(sign(unsigned())))
    return tmp_path


def test_grants_come_and_go_with_their_files(folder: Path) -> None:
    source, live = GlassFolder([str(folder)]), LiveGrants()
    live.apply(source.changes())
    assert states(live) == {"night-1": "active"}
    assert source.changes() == ()
    (folder / "second.json").write_text(json.dumps(sign(unsigned("night-2"))))
    live.apply(source.changes())
    assert states(live) == {"night-1": "active", "night-2": "active"}
    (folder / "night.json").unlink()
    live.apply(source.changes())
    assert states(live) == {"night-2": "active"}


def test_an_altered_file_is_read_again(folder: Path) -> None:
    source, live = GlassFolder([str(folder / "policy.yaml"), str(folder / "night.json")]), LiveGrants()
    live.apply(source.changes())
    other = folder / "other"
    other.write_text(json.dumps(unsigned()))
    os.replace(other, folder / "night.json")
    live.apply(source.changes())
    assert states(live) == {"night-1": "refused"}


def test_a_wrong_file_is_told_and_leaves_the_others(folder: Path) -> None:
    (folder / "a.yaml").write_text("a: [")
    (folder / "b.json").write_text(" " * (MAX_OBJECT + 1))
    (folder / "c.yaml").write_text("kind: ConfigMap\napiVersion: v1\n")
    (folder / "d.yaml").write_text(json.dumps({**unsigned(), "metadata": {}}))
    (folder / "e.txt").write_text(json.dumps(sign(unsigned("night-3"))))
    (folder / "f.json").mkdir()
    source, live = GlassFolder([str(folder), str(folder / "missing.json")]), LiveGrants()
    live.apply(source.changes())
    assert states(live) == {"night-1": "active"}
    assert sorted([Path(file).name for file, _ in source.problems]) == ["a.yaml", "b.json", "f.json"]
    assert len(live.problems) == 1


def test_a_folder_that_is_gone_has_no_grants(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "grants"
    place.mkdir()
    (place / "night.json").write_text(json.dumps(sign(unsigned())))
    source = GlassFolder([str(place)])
    assert len(source.changes()) == 1
    (place / "night.json").unlink()
    place.rmdir()
    (change,) = source.changes()
    assert change.data is None
