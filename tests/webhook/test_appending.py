"""A trail's home with anchors: an old copy of the database is refused behind each, and its state is what they make it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from lockgate.audit.anchors.synchronise import BehindAnchorError
from lockgate.audit.draft import Draft
from lockgate.audit.errors import UnverifiableError
from lockgate.audit.note import parse_verifier_key, render_verifier_key
from lockgate.webhook.cli import run
from lockgate.webhook.trail import open_trail

from tests.audit.growing_log import witness_signer
from tests.audit.witness.running import Witnesses, served

ORIGIN = "example.com/lockgate/ci"
SIGNER = witness_signer("witness.example/w1")


def access() -> Draft:
    return Draft("access", {"action": "export", "entries": 1}, ("access",))


class Home:
    """A trail's home, and what is done in it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        assert run(["audit", "init", str(place), "--origin", ORIGIN, "--administrator", "Example Ltd"]) == 0
        self.vkey = (place / "log.vkey").read_text().strip()

    def with_file(self, path: Path, rule: str = "one-confirms") -> None:
        text = (
            f'\n[anchors]\nwhen-unreachable = "{rule}"\n'
            f'[[anchors.file]]\npath = "{path}"\nadministrator = "Example Ltd"\n'
        )
        self._add("trail.toml", text)

    def with_witness(self, url: str, administrator: str = "Other Ltd") -> None:
        key = render_verifier_key(SIGNER.verifier_key)
        text = (
            f'[[witness]]\nname = "other"\nkey = "{key}"\nadministrator = "{administrator}"\nurl = "{url}"\n'
        )
        self._add("trust.toml", text)

    def _add(self, name: str, text: str) -> None:
        path = self.place / name
        path.write_text(path.read_text() + text)

    def append(self, count: int) -> int:
        """Appends as a command does; the size then."""
        with open_trail(str(self.place)) as trail:
            with trail.appending() as appending:
                receipts = [appending.appender.append(access()) for _ in range(count)]
            self.unreached = dict(appending.unreached)
            return receipts[-1].size

    def keep(self, name: str) -> None:
        """Copies the database, as a backup."""
        shutil.copy(self.place / "trail.db", self.place / name)

    def restore(self, name: str) -> None:
        for one in self.place.glob("trail.db*"):
            one.unlink()
        shutil.copy(self.place / name, self.place / "trail.db")


@pytest.fixture
def home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Home:
    made = Home(tmp_path / "trail")
    capsys.readouterr()
    return made


@contextmanager
def witness(folder: Path, home: Home, witnesses: Witnesses) -> Iterator[str]:
    folder.mkdir(exist_ok=True)
    made = witnesses(folder, {ORIGIN: [parse_verifier_key(home.vkey)]}, SIGNER, lambda: 1_900_000_000)
    with served(made) as url:
        yield url


@pytest.fixture
def witnesses() -> Iterator[Witnesses]:
    made = Witnesses()
    yield made
    made.close()


def test_an_old_copy_behind_a_file_is_refused(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.with_file(tmp_path / "last-seen")
    assert home.append(3) == 4
    home.keep("backup")
    assert home.append(2) == 6
    home.restore("backup")
    with pytest.raises(BehindAnchorError, match=r"holds size 6, root .* size 4, root"):
        home.append(1)
    # Not by trying again either, nor by reading.
    assert run(["audit", "export", "--trail", str(home.place), str(tmp_path / "export")]) == 3
    told = capsys.readouterr().err
    assert "lockgate audit restore" in told
    # The root is what is compared over the telephone: it is shown whole.
    assert (tmp_path / "last-seen").read_text().split("\n")[2] in told


def test_an_old_copy_that_was_appended_to_is_refused(home: Home, tmp_path: Path) -> None:
    home.append(3)
    home.keep("backup")
    home.with_file(tmp_path / "last-seen")
    home.append(2)
    seen = (tmp_path / "last-seen").read_bytes()
    home.restore("backup")
    (tmp_path / "last-seen").unlink()
    home.append(4)
    (tmp_path / "last-seen").write_bytes(seen)
    with pytest.raises(BehindAnchorError, match="contradicts its anchor"):
        home.append(1)


def test_an_old_copy_behind_a_witness_is_refused(home: Home, tmp_path: Path, witnesses: Witnesses) -> None:
    with witness(tmp_path / "w", home, witnesses) as url:
        home.with_witness(url)
        home.append(3)
        home.keep("backup")
        home.append(2)
        home.restore("backup")
        with pytest.raises(BehindAnchorError, match=r"anchor other.*holds size 6"):
            home.append(1)


def test_a_witness_that_is_silent(home: Home, tmp_path: Path, witnesses: Witnesses) -> None:
    with witness(tmp_path / "w", home, witnesses) as url:
        pass
    home.with_witness(url)
    with pytest.raises(UnverifiableError, match="nothing is appended before an anchor confirms"):
        home.append(1)
    home.with_file(tmp_path / "last-seen")
    assert home.append(1) == 2
    assert set(home.unreached) == {"other"} and "refused" in home.unreached["other"]


def test_every_anchor_has_to_confirm_where_that_is_asked(
    home: Home, tmp_path: Path, witnesses: Witnesses
) -> None:
    with witness(tmp_path / "w", home, witnesses) as url:
        home.with_witness(url)
        home.with_file(tmp_path / "last-seen", "refuse")
        home.append(1)
    with pytest.raises(UnverifiableError):
        home.append(1)


def test_a_witness_that_wakes_up_and_saw_more_is_told_of_at_the_end(
    home: Home, tmp_path: Path, witnesses: Witnesses
) -> None:
    """The guard did not reach it, since it was away; what it says while we append is not lost."""
    with witness(tmp_path / "w", home, witnesses) as url:
        home.with_witness(url)
        home.append(3)
        home.keep("backup")
        home.append(2)
    home.restore("backup")
    home.with_file(tmp_path / "last-seen")
    port = int(url.rpartition(":")[2])
    with open_trail(str(home.place)) as trail:
        appending = trail.appending()
        appending.appender.append(access())
        with served_at(port, home, tmp_path, witnesses), pytest.raises(BehindAnchorError):
            appending.close()


@contextmanager
def served_at(port: int, home: Home, tmp_path: Path, witnesses: Witnesses) -> Iterator[None]:
    made = witnesses(tmp_path / "w", {ORIGIN: [parse_verifier_key(home.vkey)]}, SIGNER, lambda: 1_900_000_000)
    with served(made, port=port):
        yield


def test_a_checkpoint_that_an_anchor_got_and_a_crash_took_from_the_database_is_no_rollback(
    home: Home, tmp_path: Path
) -> None:
    """An anchor may have a checkpoint before the database stores it; the entries under it were committed before."""
    home.with_file(tmp_path / "last-seen")
    assert home.append(3) == 4
    connection = sqlite3.connect(home.place / "trail.db")
    connection.execute("DROP TRIGGER IF EXISTS checkpoint_delete")
    connection.execute("DELETE FROM checkpoint WHERE size > 1")
    connection.commit()
    connection.close()
    assert home.append(1) == 5


def test_a_checker_remembers_what_it_saw(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, seen = tmp_path / "kept.vkey", tmp_path / "seen"
    kept.write_text(home.vkey)
    home.append(3)
    shutil.copytree(home.place, tmp_path / "old")

    def verify(folder: Path, key: Path = kept) -> int:
        return run(["audit", "verify", str(folder), "--log-key", str(key), "--last-seen", str(seen)])

    # A key that came with the log is believed for nothing, and nothing is remembered of it.
    assert verify(home.place, home.place / "log.vkey") == 4
    assert not seen.exists()
    assert verify(home.place) == 0
    first = seen.read_bytes()
    home.append(2)
    assert verify(home.place) == 0
    second = seen.read_bytes()
    assert [one.split(b"\n")[1] for one in (first, second)] == [b"4", b"6"]
    export = tmp_path / "export"
    assert run(["audit", "export", str(export), "--trail", str(home.place)]) == 0
    assert verify(export) == 0
    capsys.readouterr()
    assert verify(tmp_path / "old") == 3
    assert "rolled" in capsys.readouterr().out
    seen.write_bytes(b"something else\n")
    assert verify(home.place) == 3
    assert seen.read_bytes() == b"something else\n"
