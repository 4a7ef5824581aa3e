"""A trail with anchors, from the command line: the three states, an old database, a witness that is away."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.note import render_verifier_key
from lockgate.webhook.cli import run
from lockgate.webhook.given_keys import read_key

from tests.audit.growing_log import witness_signer
from tests.audit.witness.running import Witnesses, served

ORIGIN = "example.com/lockgate/ci"
POD = """apiVersion: v1
kind: Pod
metadata: {name: good, namespace: team-a}
spec: {containers: [{name: c, image: 'registry.example/app:latest'}]}
"""


@pytest.fixture(autouse=True)
def key(
    tmp_path: Path, compiled: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", compiled)
    monkeypatch.delenv("LOCKGATE_TRAIL", raising=False)
    Path("app.yaml").write_text(POD)
    assert run(["audit", "init", "trail", "--origin", ORIGIN, "--administrator", "Example Ltd"]) == 0
    capsys.readouterr()
    shutil.copy("trail/log.vkey", "kept.vkey")
    return "kept.vkey"


def with_file_anchor(path: str = "../seen", rule: str = "one-confirms") -> None:
    config = Path("trail/trail.toml")
    config.write_text(
        f'{config.read_text()}\n[anchors]\nwhen-unreachable = "{rule}"\n'
        f'[[anchors.file]]\npath = "{path}"\nadministrator = "Example Ltd"\n'
    )


@contextmanager
def witnessed(
    tmp_path: Path, administrator: str, origin: str = ORIGIN, key: str = "kept.vkey"
) -> Iterator[Any]:
    """A witness, in the trail's trust file and in a copy that the verifier keeps."""
    signer = witness_signer("witness.example/w")
    witnesses = Witnesses()
    memory = tmp_path / "witness"
    memory.mkdir()
    witness = witnesses(memory, {origin: [read_key(key)]}, signer, lambda: int(time.time()))
    with served(witness) as url:
        trust = Path("trail/trust.toml")
        vkey = render_verifier_key(signer.verifier_key)
        trust.write_text(
            f'{trust.read_text()}\n[[witness]]\nname = "w"\nkey = "{vkey}"\n'
            f'administrator = "{administrator}"\nurl = "{url}"\n'
        )
        shutil.copy(trust, "trust.toml")
        yield url
    witnesses.close()


def state(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    capsys.readouterr()
    code = run(["audit", "verify", "trail", "--format", "json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def check() -> int:
    return run(["check", "--trail", "trail", "app.yaml"])


def test_anchored_by_a_file(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    with_file_anchor()
    assert check() == 0
    code, made = state(capsys, "--log-key", key)
    assert (code, made["state"]) == (0, "anchored by the same administrator")
    assert run(["audit", "show", "0", "--trail", "trail"]) == 0
    assert "anchored by the same administrator" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("administrator", "expected"),
    [
        ("Other Ltd", "witnessed by another administrator"),
        ("example  ltd", "anchored by the same administrator"),
    ],
)
def test_a_witness(
    tmp_path: Path, administrator: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with witnessed(tmp_path, administrator):
        assert check() == 0
        code, made = state(capsys, "--trust", "trust.toml")
        assert (code, made["state"]) == (0, expected)
        named = [one["name"] for part in made["assurance"] for one in part["by"]]
        assert named == ["w"]


def roll_back() -> Path:
    """A copy of the database as it is now."""
    shutil.copy("trail/trail.db", "old.db")
    return Path("old.db")


def put_back(old: Path) -> None:
    for name in ("trail.db", "trail.db-wal", "trail.db-shm"):
        Path("trail", name).unlink(missing_ok=True)
    shutil.copy(old, "trail/trail.db")


def test_an_old_database_is_not_appended_to(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    with_file_anchor()
    assert check() == 0
    old = roll_back()
    assert check() == 0
    put_back(old)
    assert check() == 2
    assert "behind its anchor" in capsys.readouterr().err
    code, made = state(capsys, "--log-key", key)
    assert code == 3
    assert [one["code"] for one in made["findings"]] == ["rolled-back"]


def test_an_old_database_is_not_appended_to_before_a_witness(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with witnessed(tmp_path, "Other Ltd"):
        assert check() == 0
        old = roll_back()
        assert check() == 0
        put_back(old)
        assert check() == 2
        assert "behind its anchor" in capsys.readouterr().err


@pytest.mark.parametrize(("rule", "code"), [("one-confirms", 2), ("refuse", 2), ("go-on", 0)])
def test_a_witness_that_is_away(
    tmp_path: Path, rule: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with witnessed(tmp_path, "Other Ltd"):
        pass
    config = Path("trail/trail.toml")
    config.write_text(f'{config.read_text()}\n[anchors]\nwhen-unreachable = "{rule}"\n')
    assert check() == code
    shown = capsys.readouterr().err
    assert ("was not reached" if code == 0 else "nothing is appended") in shown
