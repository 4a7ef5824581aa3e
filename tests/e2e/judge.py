"""Asks trail-judge: Go libraries for logs, notes, proofs and envelopes that share no code with ours."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.programs import program

SECONDS = 120


def judged(command: str, place: str | Path, *options: str | Path, given: str = "") -> Mapping[str, str]:
    """What each check says, by its name: "" for ok, or why it refuses; `given` is its standard input, for place "-"."""
    called = [str(program("trail-judge")), command, str(place), *map(str, options)]
    done = subprocess.run(called, input=given, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode in (0, 1), f"trail-judge {command}: {done.stderr}"
    said: dict[str, str] = {}
    for line in done.stdout.splitlines():
        name, found, rest = line.partition(": ")
        assert found and (rest == "ok" or rest.startswith("refused: ")), line
        assert name not in said, line
        said[name] = rest.removeprefix("ok").removeprefix("refused: ")
    assert said and any(said.values()) == (done.returncode == 1), done
    return said


def refusals(said: Mapping[str, str]) -> list[str]:
    """The names of the checks that refuse."""
    return [name for name, reason in said.items() if reason]
