"""`lockgate audit witness`: made, told of a log, served in a process of its own, shown."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from lockgate.audit.cosignature import verify_cosignatures
from lockgate.audit.note import Note, parse_note, parse_verifier_key, render_verifier_key
from lockgate.audit.witness.client import WitnessClient
from lockgate.audit.witness.errors import ForkError, RefusedError
from lockgate.webhook.cli import run

from tests.audit.growing_log import GrowingLog

NAME = "witness.example/w1"


@pytest.fixture
def log() -> GrowingLog:
    return GrowingLog("example.org/log").grow(30)


@pytest.fixture
def home(tmp_path: Path, log: GrowingLog, capsys: pytest.CaptureFixture[str]) -> str:
    place = str(tmp_path / "witness")
    assert run(["audit", "witness", "init", place, "--name", NAME]) == 0
    assert run(["audit", "witness", "add", place, render_verifier_key(log.keys[0])]) == 0
    capsys.readouterr()
    return place


@contextmanager
def serving(home: str, *options: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    command = [sys.executable, "-m", "lockgate.webhook", "audit", "witness", "serve", home, "--listen"]
    process = subprocess.Popen([*command, "127.0.0.1:0", *options], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line.startswith(f"{NAME} listens on "), line
            yield line.split()[-1], process
        finally:
            process.kill()


def test_init_makes_a_key_and_a_memory_that_only_the_owner_reads(home: str) -> None:
    for name in ("witness.pem", "witness.db"):
        assert stat.S_IMODE(os.stat(Path(home, name)).st_mode) == 0o600
    assert Path(home, "witness.vkey").read_text().startswith(f"{NAME}+")
    assert run(["audit", "witness", "init", home, "--name", NAME]) == 2


def test_it_serves_remembers_and_stops_when_told(
    home: str, log: GrowingLog, capsys: pytest.CaptureFixture[str]
) -> None:
    key = parse_verifier_key(Path(home, "witness.vkey").read_text().strip())
    with serving(home) as (url, process), closing(WitnessClient(url)) as client:
        lines = client.add_checkpoint(0, (), log.note(20))
        (made,) = verify_cosignatures(Note(parse_note(log.note(20)).text, lines), [key])
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    with serving(home) as (url, process), closing(WitnessClient(url)) as client:
        other = log.fork(10).grow(20, "other ")
        with pytest.raises(ForkError):
            client.add_checkpoint(20, (), other.note(20))
        with pytest.raises(RefusedError, match="403"):
            client.add_checkpoint(20, (), GrowingLog(log.origin, seed=4, leaves=log.leaves).note(20))
        assert client.add_checkpoint(20, log.proof(20, 30), log.note())
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert made.time > 1_700_000_000
    assert run(["audit", "witness", "show", home]) == 3
    shown = capsys.readouterr().out
    assert "example.org/log: size 30, root " in shown
    assert shown.count("forked: the log has also signed size 20") == 2


def test_show_before_anything_was_cosigned(home: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "witness", "show", home]) == 0
    assert capsys.readouterr().out == "example.org/log: nothing cosigned yet\n"


@pytest.mark.parametrize("name", ["", "two words", "a+b", "x" * 201, "ä.example"])
def test_what_is_no_name(tmp_path: Path, name: str) -> None:
    assert run(["audit", "witness", "init", str(tmp_path / "w"), "--name", name]) == 2
    assert not (tmp_path / "w").exists()


def test_what_is_no_key_of_a_log(home: str, log: GrowingLog, capsys: pytest.CaptureFixture[str]) -> None:
    own = Path(home, "witness.vkey").read_text()
    for vkey, reason in [
        ("nonsense", "no key of a log"),
        (own, "no key that logs sign with"),
        (render_verifier_key(log.keys[0]), "there already"),
    ]:
        assert run(["audit", "witness", "add", home, vkey]) == 2
        assert reason in capsys.readouterr().err


def test_a_witness_that_cannot_serve_says_why(
    tmp_path: Path, home: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*arguments: str) -> str:
        assert run(["audit", "witness", "serve", *arguments]) == 2
        told = capsys.readouterr().err
        assert "Traceback" not in told
        return told

    assert "no address" in refused(home, "--listen", "localhost")
    assert "cannot use the certificate" in refused(home, "--tls-cert", str(tmp_path / "none.pem"))
    assert "--tls-key needs" in refused(home, "--tls-key", "x")
    assert "cannot listen" in refused(home, "--listen", "192.0.2.1:1")
    os.rename(Path(home, "witness.db"), tmp_path / "moved")
    assert "without its memory" in refused(home)
    os.rename(tmp_path / "moved", Path(home, "witness.db"))
    os.chmod(Path(home, "witness.pem"), 0o644)
    assert "others may read the key" in refused(home)
    other = str(tmp_path / "other")
    assert run(["audit", "witness", "init", other, "--name", "witness.example/w2"]) == 0
    assert "no log to cosign" in refused(other)
    assert "no folder" in refused(str(tmp_path / "nowhere"))
