"""A home is in its old or its new state after a crash at any moment of a rotation, a revocation and a restore."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from lockgate.engine.errors import LockgateError
from lockgate.webhook.cli import run
from lockgate.webhook.home_change import JOURNAL, HomeChange, change_home, changing, settle_home
from lockgate.webhook.trail import open_trail

from tests.faults.process_end import ends_before

ORIGIN = "example.com/lockgate/ci"
FILES = ("trail.toml", "trust.toml", "log.vkey")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trail with a file anchor and a backup that is older than the anchor."""
    place = tmp_path_factory.mktemp("homes") / "made"
    home = place / "trail"
    assert run(["audit", "init", str(home), "--origin", ORIGIN]) == 0
    with (home / "trail.toml").open("a") as stream:
        stream.write('[[anchors.file]]\npath = "../seen"\nadministrator = "us"\n')
    assert run(["audit", "backup", str(place / "backup"), "--trail", str(home)]) == 0
    with open_trail(str(home)) as trail, trail.appending() as appending:
        for name in ("a", "b"):
            appending.appender.append(trail.recorder().key_event("added", "witness", name))
    return place


def rotate(place: Path) -> Callable[[], int]:
    return lambda: run(["audit", "key", "rotate", "--trail", str(place / "trail")])


def revoke(place: Path) -> Callable[[], int]:
    command = ["audit", "key", "revoke", "--trail", str(place / "trail"), "--last-good", "2", "--reason", "r"]
    return lambda: run(command)


def restore(place: Path) -> Callable[[], int]:
    return lambda: run(["audit", "restore", str(place / "backup"), "--trail", str(place / "trail")])


def texts(home: Path) -> dict[str, str]:
    return {name: (home / name).read_text() for name in FILES}


@pytest.mark.parametrize("command", [rotate, revoke, restore], ids=lambda one: one.__name__)
def test_killed_before_each_change_of_a_file(
    made: Path,
    tmp_path: Path,
    command: Callable[[Path], Callable[[], int]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = texts(made / "trail")
    step = kept_old = moved_on = 0
    is_killed = True
    while is_killed:
        place = tmp_path / str(step)
        shutil.copytree(made, place)
        home = place / "trail"
        is_killed = ends_before(command(place), place, step)
        # Whoever opens it next finds one state or the other, whole.
        capsys.readouterr()
        assert run(["audit", "key", "show", "--trail", str(home), "--format", "json"]) == 0
        keys = json.loads(capsys.readouterr().out)["keys"]
        assert not (home / JOURNAL).exists()
        with open_trail(str(home)) as trail:
            trust = trail.trust()
            assert trust.origin == trail.origin
            assert trail.signer().verifier_key in trust.log_keys
            state = trail.store.state()
        assert (home / "log.vkey").read_text().strip() in [one["vkey"] for one in keys]
        shutil.copy(home / "log.vkey", place / "kept.vkey")
        assert run(["audit", "verify", str(home), "--log-key", str(place / "kept.vkey")]) == 0
        if texts(home) == before:
            kept_old += 1
        else:
            moved_on += 1
            changed = [name for name, text in texts(home).items() if text != before[name]]
            assert changed == list(FILES)
        if command is not rotate and (home / "trail.toml").read_text() != before["trail.toml"]:
            assert trail.origin == f"{ORIGIN}/r1"
            former = max((home / "former").iterdir())
            with open_trail(str(former)) as old:
                assert old.store.state() in ("closed", "frozen")
            assert (place / "seen.former-1").exists()
        if state != "active":
            # The log is frozen and has no successor: the drill is done again.
            assert command(place)() == 0
        with open_trail(str(home)) as trail, trail.appending() as appending:
            appending.appender.append(trail.recorder().key_event("added", "witness", "c"))
        step += 1
    assert kept_old > 0
    assert moved_on > 1
    assert step > 10


def home_with(tmp_path: Path) -> Path:
    home = tmp_path / "trail"
    assert run(["audit", "init", str(home), "--origin", ORIGIN]) == 0
    return home


def leave_journal(home: Path, **journal: object) -> None:
    (home / JOURNAL).write_text(json.dumps({"v": 1, **journal}))


@pytest.mark.parametrize(
    "name",
    ["../victim", "/etc/hosts", "keys/log.pem", "former/1/trail.toml", "former/../../victim", "trail.db"],
)
def test_a_journal_writes_nothing_but_files_of_the_home(tmp_path: Path, name: str) -> None:
    """A home may come from somebody else."""
    home = home_with(tmp_path)
    victim = tmp_path / "victim"
    victim.write_text("mine")
    leave_journal(home, files={name: "theirs"})
    with pytest.raises(LockgateError, match="is no file of a home"):
        open_trail(str(home))
    assert victim.read_text() == "mine"


def test_a_journal_does_not_make_another_file_the_trust_file(tmp_path: Path) -> None:
    home = home_with(tmp_path)
    victim = tmp_path / "victim"
    victim.write_text("[mine]\n")
    config = home / "trail.toml"
    config.write_text(config.read_text().replace('trust = "trust.toml"', 'trust = "../victim"'))
    leave_journal(home, files={"../victim": "theirs"})
    with pytest.raises(LockgateError):
        open_trail(str(home))
    assert victim.read_text() == "[mine]\n"


def test_a_journal_does_not_follow_links(tmp_path: Path) -> None:
    home = home_with(tmp_path)
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (home / "log.vkey").unlink()
    (home / "log.vkey").symlink_to(victim)
    leave_journal(home, files={"log.vkey": "theirs"})
    with pytest.raises(LockgateError, match="is no file of a home"):
        open_trail(str(home))
    assert victim.read_text() == "mine"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"v": 2, "files": {}}', '{"v": 1, "files": {"log.vkey": 1}}']
)
def test_what_is_no_journal_is_said(tmp_path: Path, text: str) -> None:
    home = home_with(tmp_path)
    (home / JOURNAL).write_text(text)
    with pytest.raises(LockgateError, match="is no journal"):
        open_trail(str(home))


def test_two_changes_at_once(tmp_path: Path) -> None:
    home = home_with(tmp_path)
    change = HomeChange({"log.vkey": (home / "log.vkey").read_text()})
    with changing(home, change), pytest.raises(LockgateError, match="by another process"):
        change_home(home, change)
    assert not (home / JOURNAL).exists()


def test_a_home_that_is_being_changed_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = home_with(tmp_path)
    monkeypatch.setattr("lockgate.webhook.home_change.WAIT_S", 0.0)
    waited = pytest.raises(LockgateError, match="is being changed")
    with changing(home, HomeChange({"log.vkey": "new\n"})), waited:
        settle_home(home)
    assert (home / "log.vkey").read_text() == "new\n"


def test_a_change_that_failed_is_dropped(tmp_path: Path) -> None:
    home = home_with(tmp_path)
    before, there = texts(home), sorted(os.listdir(home))
    change = HomeChange({"log.vkey": "new\n"}, ORIGIN, f"{ORIGIN}/r1", 1)
    with pytest.raises(ZeroDivisionError), changing(home, change):
        raise ZeroDivisionError
    assert texts(home) == before
    assert sorted(os.listdir(home)) == there
