"""Documents, policies and runs of the command for the tests of the doors."""

import io
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Failure, NotEvaluated, PolicyKey, Violation
from lockgate.engine.documents.document import Document, Located, Span
from lockgate.engine.documents.document import Path as ValuePath
from lockgate.engine.policy import EvaluationContext, Match, Matched, MatchResult
from lockgate.engine.review import Review
from lockgate.webhook.cli import run


@dataclass(frozen=True, slots=True)
class FixedPositions:
    """Spans by path; another path gives its deepest known ancestor."""

    spans: dict[ValuePath, Span]

    def locate(self, path: Sequence[str | int]) -> Located:
        place = tuple(path)
        while place and place not in self.spans:
            place = place[:-1]
        return Located(self.spans.get(place, Span(1, 1, 1, 1)), place == tuple(path), place)


def make_document(
    value: dict[str, Value],
    text: str = "",
    spans: dict[ValuePath, Span] | None = None,
    file: str = "deploy/app.yaml",
) -> Document:
    return Document(value, file, text.splitlines(), FixedPositions(spans or {}))


@dataclass(frozen=True, slots=True)
class PythonPolicy:
    """A policy in Python: `judge` gives what it says of a review."""

    name: str
    judge: Callable[[Review], Sequence[Violation | Failure | NotEvaluated]]

    @property
    def key(self) -> PolicyKey:
        return PolicyKey("PythonPolicy", self.name)

    @property
    def digest(self) -> str:
        return self.name

    def match(self, review: Review) -> MatchResult:
        return Matched()

    def match_of_kind(self, api_version: str, kind: str) -> Match | None:
        return self.match

    def violations(
        self, review: Review, context: EvaluationContext
    ) -> Sequence[Violation | Failure | NotEvaluated]:
        return self.judge(review)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run of the command ended."""

    code: int
    out: str
    err: str


def run_lockgate(
    *arguments: str, cwd: Path | None = None, stdin: bytes = b"", env: dict[str, str] | None = None
) -> Ran:
    """Runs `lockgate` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "lockgate.webhook", *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env={**os.environ, **(env or {})},
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def run_here(*arguments: str, cwd: Path) -> Ran:
    """Runs `lockgate` in this process, which takes a tenth of the time, in a folder."""
    out, err = io.BytesIO(), io.BytesIO()
    with (
        chdir(cwd),
        redirect_stdout(io.TextIOWrapper(out, encoding="utf-8", write_through=True)),
        redirect_stderr(io.TextIOWrapper(err, encoding="utf-8", write_through=True)),
    ):
        code = run([*arguments])
        return Ran(code, out.getvalue().decode(), err.getvalue().decode())
