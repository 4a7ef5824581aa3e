"""A running C2SP witness that we did not write, on a free port of this machine."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.e2e.programs import program

STOP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class GoWitness:
    """Where it listens, and its cosignature keys: Ed25519's, then ML-DSA-44's if it was asked for."""

    url: str
    vkeys: tuple[str, ...]


@contextmanager
def go_witness(logs: Sequence[str], name: str = "witness.example/go", *options: str) -> Iterator[GoWitness]:
    """Runs a witness of logs, each "VKEY" or "VKEY ORIGIN". It remembers nothing after it ends."""
    command = [str(program("trail-witness")), "-name", name, *options]
    for log in logs:
        command += ["-log", log]
    # It ends with its standard input, so also when the tests are killed.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, f"trail-witness ends with {process.wait(STOP_SECONDS)}"
            ready = json.loads(line)
            yield GoWitness(f"http://127.0.0.1:{ready['port']}", tuple(ready["vkeys"]))
        finally:
            process.stdin.close()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
