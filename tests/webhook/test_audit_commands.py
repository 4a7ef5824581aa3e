"""`lockgate audit …` from the outside: what it makes, shows and proves, and with which exit code it ends."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from lockgate.webhook.audit_commands import COMMANDS
from lockgate.webhook.cli import run
from lockgate.webhook.trail import open_trail

ORIGIN = "example.com/lockgate/ci"


@pytest.fixture
def home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    place = str(tmp_path / "trail")
    assert run(["audit", "init", place, "--origin", ORIGIN, "--administrator", "Example Ltd"]) == 0
    capsys.readouterr()
    return place


@pytest.fixture(autouse=True)
def no_trail(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("LOCKGATE_TRAIL", raising=False)
    yield


def test_init_makes_keys_that_only_the_owner_reads(home: str) -> None:
    for name in ("keys/log.pem", "keys/master.key", "trail.db"):
        assert stat.S_IMODE(os.stat(Path(home, name)).st_mode) == 0o600, name
    assert Path(home, "log.vkey").read_text().startswith(f"{ORIGIN}+")


def test_init_shows_the_key_and_says_to_keep_it_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["audit", "init", str(tmp_path / "t"), "--origin", ORIGIN]) == 0
    out = capsys.readouterr().out
    assert (tmp_path / "t" / "log.vkey").read_text().strip() in out
    assert "elsewhere" in out
    assert "self-attested" in out


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "x" * 201, "ex\nample", "ä.example"])
def test_init_refuses_what_is_no_origin(tmp_path: Path, origin: str) -> None:
    assert run(["audit", "init", str(tmp_path / "t"), "--origin", origin]) == 2
    assert not (tmp_path / "t").exists()


def test_init_leaves_a_folder_with_something_in_it_alone(home: str) -> None:
    before = sorted(Path(home).rglob("*"))
    assert run(["audit", "init", home, "--origin", ORIGIN]) == 2
    assert sorted(Path(home).rglob("*")) == before


def test_init_that_fails_leaves_nothing(tmp_path: Path) -> None:
    place = tmp_path / "t"
    assert run(["audit", "init", str(place), "--origin", ORIGIN, "--store", "mysql://u@h/d"]) == 2
    assert list(place.iterdir()) == []


def test_show_tells_the_entry_and_what_it_rests_on(home: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "show", "0", "--trail", home]) == 0
    out = capsys.readouterr().out
    assert "entry 0 · log" in out
    assert "self-attested" in out


def test_show_as_json(home: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "show", "--trail", home, "--kind", "log", "--format", "json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["origin"], made["size"], made["state"]) == (ORIGIN, 1, "self-attested")
    assert [one["entry"]["kind"] for one in made["entries"]] == ["log"]


def test_an_entry_that_is_not_there(home: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "show", "7", "--trail", home]) == 2
    assert "there is no entry 7" in capsys.readouterr().err


# what is wrong with trail.toml → what the message names
WRONG = {
    "unknown key": ('origin = "x"\n', 'colour = "red"\norigin = "x"\n', "there is no setting colour"),
    "missing": ("store = ", "#store = ", "store is missing"),
    "of a wrong kind": ('instance = "', 'instance = 7 # "', "instance:"),
    "no TOML": ("origin = ", "origin ", "no valid TOML"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_configuration_is_told_with_its_place(
    home: str, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new, message = WRONG[case]
    file = Path(home, "trail.toml")
    text = file.read_text().replace(f'origin = "{ORIGIN}"', 'origin = "x"')
    assert old in text
    file.write_text(text.replace(old, new, 1))
    assert run(["audit", "show", "--trail", home]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert "trail.toml" in err
    assert "Traceback" not in err


def test_a_key_that_others_may_read_is_refused(home: str, capsys: pytest.CaptureFixture[str]) -> None:
    os.chmod(Path(home, "keys", "log.pem"), 0o644)
    with open_trail(home) as trail, pytest.raises(Exception, match="others may read"):
        trail.signer()


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_an_example_in_its_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", command, "--help"]) == 0
    assert "Example" in capsys.readouterr().out


def test_migrate_says_the_version(home: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "migrate", "--trail", home]) == 0
    assert "of version" in capsys.readouterr().out


def test_without_the_extra_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lockgate.webhook.extras.find_spec", lambda _name: None)
    for command in (["audit", "show", "--trail", "trail"], ["check", "--trail", "trail", "."]):
        assert run(command) == 2
        assert "pip install 'lockgate[audit]'" in capsys.readouterr().err
