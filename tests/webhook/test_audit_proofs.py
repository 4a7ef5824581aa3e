"""`lockgate audit prove` and `audit verify --proof`: what is written is verified from its file alone, and says so."""

import json
from pathlib import Path

import pytest
from lockgate.webhook.cli import run

ORIGIN = "example.com/lockgate/ci"


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """A trail of a few entries in `trail`, and its key elsewhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOCKGATE_TRAIL", raising=False)
    assert run(["audit", "init", "trail", "--origin", ORIGIN, "--administrator", "Example Ltd"]) == 0
    assert run(["audit", "export", "export", "--trail", "trail", "--prove", "0"]) == 0
    assert run(["audit", "prove", "1", "--trail", "trail", "--output", "1.proof", "--entry", "1.json"]) == 0
    capsys.readouterr()
    Path("key").write_bytes(Path("trail", "log.vkey").read_bytes())
    return "key"


def test_an_entry(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "verify", "--proof", "1.proof", "--log-key", key]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{ORIGIN}: verified\n  entry 1 is in the log as it was recorded: access of 20")
    assert "  under the checkpoint of 2 entries, root " in out
    assert f"  signed by {Path(key).read_text()}" in out
    assert "  state: self-attested\n" in out
    assert (
        run(["audit", "verify", "--proof", "export/proofs/0.tlog-proof", "--trust", "trail/trust.toml"]) == 0
    )
    assert "entry 0 is in the log" in capsys.readouterr().out


def test_an_entry_for_programs(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["audit", "verify", "--proof", "1.proof", "--entry", "1.json", "--format", "json"]
    assert run([*arguments, "--log-key", key]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["size"], told["state"]) == ("verified", 2, "self-attested")
    assert (told["proof"]["kind"], told["proof"]["index"]) == ("entry", 1)
    assert told["proof"]["entry"] == json.loads(Path("1.json").read_text())
    assert told["signedBy"] == [Path(key).read_text().strip()]
    assert run(arguments) == 4
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["signedBy"], told["state"]) == ("unverifiable", [], None)


def test_no_key_from_outside(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "verify", "--proof", "1.proof"]) == 4
    out = capsys.readouterr().out
    assert "cannot be verified" in out
    assert "no key of the log was given from outside" in out


def test_a_changed_proof(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = Path("1.proof").read_text()
    Path("2.proof").write_text(text.replace("index 1", "index 0"))
    for more in ([], ["--log-key", key]):
        assert run(["audit", "verify", "--proof", "2.proof", *more]) == 3
        assert "leaf 0 is not in the tree of size 2" in capsys.readouterr().err
    Path("2.proof").write_text(text.replace("\nextra ", "\nextra A"))
    assert run(["audit", "verify", "--proof", "2.proof", "--log-key", key]) == 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--proof", "none"], "cannot read none"),
        (["--proof", "key"], "that is no proof of an entry or of a stream"),
        (["--proof", "1.proof", "trail"], "a proof is checked on its own"),
        (["--proof", "1.proof", "--last-seen", "x"], "a proof is checked on its own"),
        (["--entry", "1.json", "trail"], "--entry is for a proof"),
        (["--proof", "1.proof", "--log-key", "1.json"], "no key of a log"),
    ],
)
def test_wrong_usage(key: str, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "verify", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_a_home_that_the_environment_names(
    key: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is for other commands: a proof is still checked on its own."""
    monkeypatch.setenv("LOCKGATE_TRAIL", "trail")
    assert run(["audit", "verify", "--proof", "1.proof", "--log-key", key]) == 0
    assert "entry 1 is in the log" in capsys.readouterr().out


def test_an_export_whose_files_were_changed(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is told at the terminal: what, and where."""
    place = Path("export", "keys.json")
    data = place.read_bytes()
    place.write_bytes(data.replace(b"opened", b"closed"))
    assert run(["audit", "verify", "export", "--log-key", key]) == 3
    out = capsys.readouterr().out
    assert "export-changed at keys.json\n      it does not have the digest that the manifest names\n" in out
    place.write_bytes(data)
    for name, told in (("checkpoint", "checkpoint: "), ("log.vkey", "log.vkey: ")):
        kept = Path("export", name).read_bytes()
        Path("export", name).write_bytes(b"x" + kept[:20])
        assert run(["audit", "verify", "export"]) == 3
        assert told in capsys.readouterr().err
        Path("export", name).write_bytes(kept)
    assert run(["audit", "verify", "export"]) == 4
    assert run(["audit", "verify", "export", "--log-key", key]) == 0
