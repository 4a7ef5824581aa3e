"""Rotation of the log's key and the drill for one that got away, from the command line."""

import json
import os
from pathlib import Path
from typing import Any, Literal

import pytest
from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import TrailError
from lockgate.audit.key_files import make_log_key
from lockgate.audit.note import render_verifier_key
from lockgate.audit.signing import NoteSigner
from lockgate.audit.store import succession
from lockgate.audit.store.log_keys import read_key_spans
from lockgate.audit.store.store import open_store
from lockgate.webhook.cli import run
from lockgate.webhook.toml_text import replace_setting
from lockgate.webhook.trail import load_signer, open_trail

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


def kept_keys(home: Path) -> tuple[NoteSigner, NoteSigner, str]:
    """The log's key, a further one in keys/log-2.pem, and its line."""
    make_log_key(home / "keys" / "log-2.pem")
    old, new = [load_signer(home, f"file:keys/{name}.pem", ORIGIN) for name in ("log", "log-2")]
    return old, new, render_verifier_key(new.verifier_key)


def append_key(home: Path, event: Literal["added", "retired"], key: str, *further: NoteSigner) -> None:
    with open_trail(str(home)) as trail, trail.appending(*further) as appending:
        appending.appender.append(trail.recorder().key_event(event, "log", key))


def rotated(home: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> int:
    code = run(["audit", "key", "rotate", "--trail", str(home), *arguments])
    for key in (vkey(home), *known(home)):
        found, report = verify(home, capsys, key)
        assert (found, report["findings"]) == (0, [])
    return code


def known(home: Path) -> list[str]:
    with open_trail(str(home)) as trail:
        return [render_verifier_key(span.key) for span in read_key_spans(trail.store)]


def test_interrupted_rotation_is_taken_up(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, new, line = kept_keys(home)
    append_key(home, "added", line, new)
    assert rotated(home, capsys) == 0
    assert vkey(home) == line
    assert verify(home, capsys, line)[1]["entries"] == 3
    assert run(["audit", "key", "rotate", "--trail", str(home), "--new-signer", "file:keys/log-2.pem"]) == 2
    assert "already" in capsys.readouterr().err
    # What the log gave up is not taken back.
    assert run(["audit", "key", "rotate", "--trail", str(home), "--new-signer", "file:keys/log.pem"]) == 2
    assert "given that key up" in capsys.readouterr().err
    assert len(known(home)) == 2


def test_rotation_interrupted_before_the_old_key_is_given_up(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, new, line = kept_keys(home)
    append_key(home, "added", line, new)
    replace_setting(home / "trail.toml", "signer", '"file:keys/log-2.pem"')
    assert rotated(home, capsys) == 0
    shown = verify(home, capsys, line)[1]
    assert (shown["entries"], len(known(home))) == (3, 2)


def test_wrong_signer_signs_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new, line = kept_keys(home)
    replace_setting(home / "trail.toml", "signer", '"file:keys/log-2.pem"')
    with open_trail(str(home)) as trail, pytest.raises(TrailError, match="does not know the key"):
        trail.appending()
    replace_setting(home / "trail.toml", "signer", '"file:keys/log.pem"')
    assert rotated(home, capsys, "--new-signer", "file:keys/log-2.pem") == 0
    replace_setting(home / "trail.toml", "signer", '"file:keys/log.pem"')
    with open_trail(str(home)) as trail, pytest.raises(TrailError, match="has given up the key"):
        trail.appending()
    assert verify(home, capsys, line)[0] == 0
    assert old is not new


def test_a_key_is_shown_before_it_is_used(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "key", "new", "--trail", str(home)]) == 0
    said = capsys.readouterr().out
    assert "file:keys/log-2.pem signs as" in said
    assert rotated(home, capsys, "--new-signer", "file:keys/log-2.pem") == 0
    assert vkey(home) in said


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


def test_log_is_frozen_under_a_process_that_appends(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["audit", "key", "revoke", "--trail", str(home), "--reason", "lost", "--last-good", "1"]
    old = vkey(home)
    with open_trail(str(home)) as trail, trail.appending() as appending:
        draft = trail.recorder().key_event("added", "witness", "w")
        appending.appender.append(draft)
        assert run(command) == 2
        assert "is frozen, and has no successor yet" in capsys.readouterr().err
        with pytest.raises(TrailError, match="is frozen"):
            appending.appender.append(draft)
    assert vkey(home) == old
    assert run(command) == 0
    assert vkey(home) != old
    assert verify(home, capsys, vkey(home))[0] == 0


def test_name_of_the_successor_is_taken(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is frozen for a successor that cannot be."""
    command = ["audit", "key", "revoke", "--trail", str(home), "--reason", "lost", "--last-good", "1"]
    assert run([*command, "--successor", ORIGIN]) == 2
    assert "has a log" in capsys.readouterr().err
    with open_trail(str(home)) as trail:
        assert trail.store.state() == "active"


def test_no_key_is_in_the_database_or_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "key", "rotate", "--trail", str(home)]) == 0
    said = "".join(capsys.readouterr())
    data = b"".join([path.read_bytes() for path in home.glob("trail.db*")])
    for path in (home / "keys").iterdir():
        lines = [line for line in path.read_text().splitlines() if line and not line.startswith("-")]
        for line in lines:
            assert line not in said
            assert line.encode() not in data


def test_a_successor_begins_with_all_of_its_first_entries_or_none(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed when they are committed, and not signed: the same command goes on."""
    command = ["audit", "key", "revoke", "--trail", str(home), "--reason", "lost", "--last-good", "1"]
    revoked = vkey(home)
    child = os.fork()
    if not child:
        with monkeypatch.context() as patched:
            patched.setattr(succession, "Appender", lambda *_, **__: os._exit(9))
            run(command)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    with open_trail(str(home)) as trail:
        made = open_store(trail.store_url, f"{ORIGIN}/r1")
        kinds = [parse_entry(entry).value for entry in made.entries(0, 9)]
        made.close()
    assert [one["kind"] for one in kinds] == ["log", "key"]
    assert (kinds[1]["event"], kinds[1]["vkey"]) == ("revoked", revoked)
    assert run(command) == 0
    assert verify(home, capsys, vkey(home))[1]["entries"] == 2
    # Not so for another log of that name.
    assert run([*command[:-1], "1", "--successor", ORIGIN]) == 2
