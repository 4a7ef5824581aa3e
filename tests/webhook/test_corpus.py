"""Real manifests: every file is accounted for, memory stays small, and the bytes of the report are always the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.decision import Failure, NotEvaluated, PolicyKey, Violation
from lockgate.engine.policy import Facts, PolicySet
from lockgate.engine.review import Review
from lockgate.webhook.check import run_check
from lockgate.webhook.config import Config
from lockgate.webhook.first_pass import Request, learn
from lockgate.webhook.gate import Gate
from lockgate.webhook.inputs import Inputs, find_inputs
from lockgate.webhook.judging import Findings
from lockgate.webhook.progress import Progress
from lockgate.webhook.walk import is_manifest_name

from tests.shared_folder import shared_path
from tests.webhook.helpers import PythonPolicy
from tests.webhook.test_check import shuffled_copy

FOLDERS = ("systems", "dra")
MAX_RSS_MIB = 300
# Runs a command and tells its peak of resident memory in KiB. In a process of its own, since Linux counts what the
# parent had at its peak towards a child's.
MEASURE = """
import os, subprocess, sys
started = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(started.pid, 0)
started.returncode = os.waitstatus_to_exitcode(status)
print(usage.ru_maxrss, file=sys.stderr)
sys.exit(started.returncode)
"""


def mark(review: Review) -> list[Violation | Failure | NotEvaluated]:
    return [Violation(PolicyKey("Mark", "seen"), "seen", ("dryrun",))]


@pytest.mark.slow
def test_every_file_is_accounted_for() -> None:
    corpus = shared_path("corpus")
    cwd = os.path.realpath(corpus)
    inputs = Inputs(tuple([f"{cwd}/{name}" for name in FOLDERS]), cwd, (), None, Config(cwd))
    walk = find_inputs(inputs)
    gate = Gate(PolicySet((PythonPolicy("seen", mark),)), Facts(), Limits(), 0)
    request = Request()
    learned = learn(inputs, walk, request)
    report = run_check(inputs, walk, gate, (), request, learned, Findings(gate), Progress(0, None))
    told = {finding.file for finding in report.findings}
    told |= {error.file for error in report.errors} | {entry.file for entry in report.skipped}
    expected = {
        str(path.relative_to(corpus))
        for name in FOLDERS
        for path in (corpus / name).rglob("*")
        if is_manifest_name(path.name) and path.is_file()
    }
    assert len(expected) > 3_000
    assert told == expected
    assert report.files == len(expected)
    assert report.documents == len(report.findings)
    assert all(finding.span.line >= 1 and finding.span.column >= 1 for finding in report.findings)


def run_corpus(cwd: Path, seed: str, cache: str) -> tuple[bytes, int]:
    """The report's bytes and the peak of resident memory in MiB."""
    command = [sys.executable, "-m", "lockgate.webhook", "check", "--format", "json", cache, *FOLDERS]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *command],
        cwd=cwd,
        capture_output=True,
        env={**os.environ, "PYTHONHASHSEED": seed},
        check=False,
    )
    assert done.returncode == 2, "the corpus has unrendered templates"
    return done.stdout, int(done.stderr.splitlines()[-1]) // 1024


@pytest.mark.slow
def test_the_same_bytes_in_little_memory(tmp_path: Path) -> None:
    corpus = shared_path("corpus")
    first, peak = run_corpus(corpus, "0", "--no-cache")
    assert peak <= MAX_RSS_MIB
    assert json.loads(first)["summary"]["documents"] > 3_000
    for name in FOLDERS:
        shuffled_copy(corpus / name, tmp_path / name, 3)
    second, _ = run_corpus(tmp_path, "5", "--cache")
    assert first == second
    assert run_corpus(tmp_path, "6", "--cache")[0] == first
