"""`lockgate audit serve`, in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.audit.trails import tampered
from tests.webhook.helpers import run_here

TOKEN = "a-token-of-twenty-letters-at-least"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    assert run_here("audit", "init", "trail", "--origin", "example.com/served", cwd=tmp_path).code == 0
    digest = sha256(TOKEN.encode()).hexdigest()
    (tmp_path / "auditors.toml").write_text(
        f'[[auditor]]\nname = "one"\ntoken-sha256 = ["{digest}"]\nnamespaces = ["*"]\n'
        'rights = ["records", "log", "replays"]\n'
    )
    return tmp_path


def fetch(address: str, token: str = "", method: str = "GET") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(address, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def started(place: Path, *more: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "lockgate.webhook", "audit", "serve", "--listen", "127.0.0.1:0"]
    return subprocess.Popen(
        [*command, "--auditors", "auditors.toml", "--trail", "trail", *more],
        cwd=place,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_jobs_are_done_and_stop_with_the_server(place: Path) -> None:
    (place / "policies").mkdir()
    # A path that nobody ever writes to: whoever reads the policies waits.
    os.mkfifo(place / "waiting.yaml")
    with started(place, "--policies", "now=policies/", "--policies", "waiting=waiting.yaml") as process:
        assert process.stderr is not None
        try:
            address = process.stderr.readline().split()[-1].removesuffix("/v1/openapi.json")
            assert fetch(f"{address}/v1/replay", TOKEN)[1]["policies"] == ["now", "waiting"]
            status, job = fetch(f"{address}/v1/verify", TOKEN, "POST")
            assert status == 202
            while not (told := fetch(f"{address}/v1/jobs/{job['id']}", TOKEN)[1])["ended"]:
                threading.Event().wait(0.1)
            # Its key lies beside it.
            assert (told["state"], told["exitCode"]) == ("done", 4)
            assert fetch(f"{address}{told['result']}", TOKEN)[1]["verdict"] == "unverifiable"
            status, job = fetch(f"{address}/v1/replay?policies=waiting", TOKEN, "POST")
            assert status == 202
            os.kill(process.pid, signal.SIGTERM)
            assert process.wait(30) in (0, -signal.SIGTERM)
        finally:
            process.kill()
    left = [one for one in Path("/proc").glob("[0-9]*/cmdline") if str(place).encode() in read(one)]
    assert left == []


def read(place: Path) -> bytes:
    try:
        return place.read_bytes()
    except OSError:
        return b""


def test_it_answers_and_stops(place: Path) -> None:
    process = started(place)
    with process:
        assert process.stderr is not None
        try:
            line = process.stderr.readline()
            assert line.startswith("example.com/served, 1 entries: http://127.0.0.1:"), line
            address = line.split()[-1].removesuffix("/v1/openapi.json")
            assert fetch(f"{address}/v1/records")[0] == 401
            status, page = fetch(f"{address}/v1/records", TOKEN)
            assert status == 200 and [row["kind"] for row in page["rows"]] == ["log"]
            assert fetch(f"{address}/v1/openapi.json")[1]["openapi"] == "3.1.0"
            os.kill(process.pid, signal.SIGTERM)
            assert process.wait(30) in (0, -signal.SIGTERM)
        finally:
            process.kill()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--auditors", "none.toml"],
        ["--auditors", "auditors.toml", "--listen", "0.0.0.0:0"],
        ["--auditors", "auditors.toml", "--listen", "nowhere"],
        ["--auditors", "auditors.toml", "--tls-cert", "c.pem"],
        ["--auditors", "auditors.toml", "--audience", "a"],
    ],
)
def test_how_it_does_not_start(place: Path, arguments: list[str]) -> None:
    ran = run_here("audit", "serve", *arguments, "--trail", "trail", cwd=place)
    assert ran.code == 2 and "Traceback" not in ran.err


def test_it_does_not_start_on_a_log_that_was_changed(place: Path) -> None:
    tampered(
        place / "trail" / "trail.db",
        "UPDATE tile SET data = zeroblob(32)",
        "UPDATE leaf SET leaf_hash = zeroblob(32)",
    )
    ran = run_here("audit", "serve", "--auditors", "auditors.toml", "--trail", "trail", cwd=place)
    assert ran.code == 3
