"""Rotation of the log's key and the drill for one that got away, from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.key_files import make_log_key
from lockgate.webhook.cli import run
from lockgate.webhook.trail import open_trail

ORIGIN = "example.com/lockgate/ci"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.delenv("LOCKGATE_TRAIL", raising=False)
    place = tmp_path / "trail"
    assert run(["audit", "init", str(place), "--origin", ORIGIN]) == 0
    capsys.readouterr()
    return place


def vkey(home: Path) -> str:
    return (home / "log.vkey").read_text().strip()


def verify(home: Path, capsys: pytest.CaptureFixture[str], key: str) -> tuple[int, Any]:
    capsys.readouterr()
    code = run(["audit", "verify", str(home), "--log-key", key, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def test_rotation_is_followed_from_either_key(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = [vkey(home)]
    for _ in range(2):
        assert run(["audit", "key", "rotate", "--trail", str(home)]) == 0
        keys.append(vkey(home))
    assert len(set(keys)) == 3
    for key in keys:
        code, report = verify(home, capsys, key)
        assert (code, report["findings"], report["entries"]) == (0, [], 5)
    assert run(["audit", "key", "show", "--trail", str(home), "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)["keys"]
    assert [one["vkey"] for one in shown] == keys
    assert [(one["added"], one["retired"]) for one in shown] == [(0, 2), (1, 4), (3, None)]


def test_interrupted_rotation_is_taken_up(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_log_key(home / "keys" / "next.pem")
    from lockgate.audit.note import render_verifier_key
    from lockgate.webhook.trail import load_signer

    new = render_verifier_key(load_signer(home, "file:keys/next.pem", ORIGIN).verifier_key)
    with open_trail(str(home)) as trail, trail.appending() as appending:
        appending.appender.append(trail.recorder().key_event("added", "log", new))
    arguments = ["audit", "key", "rotate", "--trail", str(home), "--new-signer", "file:keys/next.pem"]
    assert run(arguments) == 0
    assert vkey(home) == new
    assert verify(home, capsys, new)[1]["entries"] == 3
    assert run(arguments) == 2
    assert "already" in capsys.readouterr().err


def test_drill(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = vkey(home)
    for _ in range(2):
        assert run(["audit", "key", "rotate", "--trail", str(home)]) == 0
    compromised = vkey(home)
    command = ["audit", "key", "revoke", "--trail", str(home), "--reason", "lost"]
    assert run([*command, "--last-good", "99"]) == 2
    assert run([*command, "--last-good", "3"]) == 0
    out = capsys.readouterr().out
    new = vkey(home)
    assert new not in (old, compromised)
    assert new in out
    # The successor says how far the old log was good.
    code, report = verify(home, capsys, new)
    assert (code, report["origin"], report["entries"]) == (0, f"{ORIGIN}/r1", 2)
    assert run(["audit", "show", "0", "--trail", str(home), "--format", "json"]) == 0
    first = json.loads(capsys.readouterr().out)["entries"][0]["entry"]
    assert first["predecessor"]["size"] == 3
    assert first["predecessor"]["vkey"] == compromised
    # The old log is frozen, and believed no further.
    former = home / "former" / "1"
    capsys.readouterr()
    code = run(["audit", "verify", str(former), "--trust", str(former / "trust.toml"), "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    assert code == 3
    assert {one["code"] for one in report["findings"]} == {"key-revoked"}
    with open_trail(str(former)) as trail:
        assert trail.store.state() == "frozen"


def test_no_key_is_in_the_database_or_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "key", "rotate", "--trail", str(home)]) == 0
    said = "".join(capsys.readouterr())
    data = b"".join([path.read_bytes() for path in home.glob("trail.db*")])
    for path in (home / "keys").iterdir():
        lines = [line for line in path.read_text().splitlines() if line and not line.startswith("-")]
        for line in lines:
            assert line not in said
            assert line.encode() not in data
