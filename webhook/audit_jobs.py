"""The jobs of `lockgate audit serve`: each is a command of ours in a process of its own, bounded in time, memory of this server and output."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from lockgate.audit.web.jobs import Outcome, Wanted
from lockgate.engine.errors import UsageError

# A job that takes longer is stopped.
MAX_S: Final = 600.0
# What a job may print: a replay's counts and some thousand objects.
MAX_DOCUMENT: Final = 32 * 1024 * 1024
_MAX_MESSAGE: Final = 2_000
_POLL_S: Final = 0.2
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_OPTIONS: Final = ("since", "until", "outcome", "namespace")


@dataclass(frozen=True, slots=True)
class Commands:
    """Does jobs on the trail in `home`. policies: paths by the names that callers know; keys: as `--policy-key` has them; log_keys and
    trust: as the server has them. Paths come from whoever started the server, and never from a caller."""

    home: str
    policies: Mapping[str, str]
    policy_keys: Sequence[str] = ()
    log_keys: Sequence[str] = ()
    trust: str | None = None
    max_s: float = MAX_S

    def __call__(self, wanted: Wanted, stop: threading.Event) -> Outcome:
        """What the command says. Raises UsageError where it took too long, said too much, or was stopped."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            code = self._run([*_LOCKGATE, *self._arguments(wanted)], out, err, stop)
            if out.tell() > MAX_DOCUMENT:
                raise UsageError("the result is too large", hint="ask about a shorter time")
            out.seek(0)
            err.seek(0)
            document = out.read()
            message = err.read(_MAX_MESSAGE).decode("utf-8", "replace").strip()
        is_answer = document.startswith(b"{") and code in (0, 1, 3, 4)
        return Outcome(code, document if is_answer else b"", message)

    def _arguments(self, wanted: Wanted) -> list[str]:
        if wanted.kind == "verify":
            keys = [f"--log-key={one}" for one in self.log_keys]
            trust = [] if self.trust is None else [f"--trust={self.trust}"]
            told = ["--record", f"--actor={wanted.caller}", "--format=json", *keys, *trust]
            return ["audit", "verify", *told, self.home]
        question = wanted.question
        told = [f"--policies={self.policies[question['policies']]}"]
        if "against" in question:
            told.append(f"--against={self.policies[question['against']]}")
        told += [f"--{name}={question[name]}" for name in _OPTIONS if name in question]
        told += [f"--policy-key={one}" for one in self.policy_keys]
        return [
            "audit",
            "replay",
            *told,
            f"--actor={wanted.caller}",
            "--jobs=1",
            "--format=json",
            f"--trail={self.home}",
        ]

    def _run(self, command: list[str], out: IO[bytes], err: IO[bytes], stop: threading.Event) -> int:
        # Values of callers are behind `--name=`, and no shell sees them.
        process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
        )
        end = time.monotonic() + self.max_s
        try:
            while True:
                try:
                    return process.wait(_POLL_S)
                except subprocess.TimeoutExpired:
                    self._check(out, end, stop)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _check(self, out: IO[bytes], end: float, stop: threading.Event) -> None:
        if stop.is_set():
            raise UsageError("the server stopped")
        if time.monotonic() > end:
            raise UsageError(f"it took longer than {self.max_s:g} s", hint="ask about a shorter time")
        if os.fstat(out.fileno()).st_size > MAX_DOCUMENT:
            raise UsageError("the result is too large", hint="ask about a shorter time")


_LOCKGATE: Final = (sys.executable, "-m", "lockgate.webhook")


def named_policies(told: Sequence[str]) -> dict[str, str]:
    """Paths by names, of `NAME=PATH`. Raises UsageError."""
    made: dict[str, str] = {}
    for one in told:
        name, equals, path = one.partition("=")
        if not equals or _NAME.fullmatch(name) is None:
            raise UsageError(f"{one[:80]!r} is no NAME=PATH", hint="such as --policies now=policies/")
        if name in made:
            raise UsageError(f"--policies has {name} twice")
        # A job runs wherever it is started; a PolicyBundle may be pinned.
        place, pinned, digest = path.partition("@sha256:")
        if not Path(place).exists():
            raise UsageError(f"there is no {place[:200]!r}, which --policies calls {name}")
        made[name] = f"{Path(place).resolve()}{pinned}{digest}"
    return made
