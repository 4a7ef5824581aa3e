"""`lockgate audit serve`, in a process of its own."""

import json
import os
import signal
import subprocess
import sys
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
        f'[[auditor]]\nname = "one"\ntoken-sha256 = ["{digest}"]\nnamespaces = ["*"]\nrights = ["records"]\n'
    )
    return tmp_path


def fetch(address: str, token: str = "") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_it_answers_and_stops(place: Path) -> None:
    command = [sys.executable, "-m", "lockgate.webhook", "audit", "serve", "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(
        [*command, "--auditors", "auditors.toml", "--trail", "trail"],
        cwd=place,
        stderr=subprocess.PIPE,
        text=True,
    )
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
