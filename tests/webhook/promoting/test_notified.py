"""`--notify` of the commands about promotions: what was recorded is sent, and nothing depends on it."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lockgate.webhook.cli import run

from tests.webhook.promoting.scene import ORIGIN, Scene, write_scene
from tests.webhook.references.servers import Reply, Server, serving
from tests.webhook.test_notifying import SCHEMA

PEOPLE: dict[str, dict[str, Any]] = {"asker": {}, "risk-1": {"groups": ["risk"]}}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRAIL", "IDENTITIES", "NOTIFY", "NOTIFY_SECRET"):
        monkeypatch.delenv(f"LOCKGATE_{name}", raising=False)


def _scene(folder: Path) -> Scene:
    scene = write_scene(folder, PEOPLE, [{"group": "risk", "count": 1}])
    secret = folder / "secret"
    secret.write_text("whsec_" + "A" * 44)
    secret.chmod(0o600)
    return scene


def _sent(server: Server) -> list[dict[str, Any]]:
    events = [json.loads(one.body) for one in server.asked]
    for one in events:
        jsonschema.validate(one, SCHEMA)
    return events


def test_what_is_recorded_is_sent_in_its_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = _scene(tmp_path)
    with serving() as server:
        server.replies["/hook"] = Reply(status=204)
        told = ["--notify", f"{server.url}/hook", "--notify-secret", scene.path("secret")]
        assert scene.promote("prod", *told) == 0
        assert scene.approve("prod", "--key", scene.path("risk-1.pem"), "--yes", *told) == 0
        made = next(one for one in _sent(server) if one["type"].endswith(".promoted"))
        assert run(["revoke", made["id"], "--reason", "drift", "--trail", scene.trail, *told]) == 0
    events = _sent(server)
    assert [one["data"]["event"] for one in events] == ["requested", "approved", "promoted", "revoked"]
    assert [one["data"] for one in events] == [
        {name: value for name, value in entry.items() if name in one["data"]}
        for one, entry in zip(events, scene.entries()[2:], strict=True)
    ]
    assert {one["source"] for one in events} == {f"//{ORIGIN}"}
    assert [one["time"] for one in events] == [entry["time"] for entry in scene.entries()[2:]]
    assert all(one.headers["webhook-signature"].startswith("v1,") for one in server.asked)
    assert "nobody was told" not in capsys.readouterr().err


def test_the_log_says_the_same_whether_somebody_was_told_or_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = _scene(tmp_path)
    with serving() as server:
        assert scene.promote("prod", "--notify", f"{server.url}/gone", "--require") == 1
        said = capsys.readouterr()
        assert said.err.count("note: nobody was told of it: ") == 1
        assert "answers with status 404" in said.err
    url = f"{server.url}/gone"
    assert (
        scene.approve("prod", "--key", scene.path("risk-1.pem"), "--yes", "--notify", url, "--require") == 0
    )
    # Both entries, one receiver that is not there.
    assert capsys.readouterr().err.count("note: nobody was told of it: ") == 2
    assert scene.events() == ["requested", "approved", "promoted"]


def test_somebody_is_told_of_a_request_that_is_pending(tmp_path: Path) -> None:
    scene = _scene(tmp_path)
    with serving() as server:
        server.replies["/hook"] = Reply()
        assert scene.promote("prod", "--notify", f"{server.url}/hook", "--require") == 1
    assert [one["data"]["event"] for one in _sent(server)] == ["requested"]


def test_what_is_wrong_with_the_options_leaves_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = _scene(tmp_path)
    for options, told in (
        (["--notify", "http://example.com/"], "plain HTTP"),
        (["--notify-secret", scene.path("secret")], "nobody is notified"),
        (["--notify", "https://example.com/", "--notify-secret", scene.path("policy.yaml")], "secret"),
        (["--notify", "https://example.com/", "--notify-secret", scene.path("absent")], "cannot read"),
    ):
        (tmp_path / "policy.yaml").chmod(0o600)
        assert scene.promote("prod", *options) == 2
        assert told in capsys.readouterr().err
    assert scene.events() == []


def test_addresses_come_from_the_environment_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = _scene(tmp_path)
    with serving() as server:
        server.replies["/hook"] = Reply()
        monkeypatch.setenv("LOCKGATE_NOTIFY", f"{server.url}/hook")
        monkeypatch.setenv("LOCKGATE_NOTIFY_SECRET", scene.path("secret"))
        assert scene.promote("prod") == 0
    assert "webhook-signature" in server.asked[0].headers
