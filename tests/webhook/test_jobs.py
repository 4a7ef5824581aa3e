"""`check --jobs`: the same report from several processes, and none of them left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.errors import LockgateError, UsageError
from lockgate.webhook.cli import run
from lockgate.webhook.jobs import WorkerError, can_fork, share_out

from tests.webhook.test_check import BAD, GOOD, TEMPLATE, constraint

pytestmark = pytest.mark.skipif(not can_fork(), reason="this system cannot copy a process: there is one job")


@contextmanager
def no_child_is_left() -> Iterator[None]:
    """Whoever is forked meanwhile has ended and was waited for. Children that other tests keep do not count."""
    forked: list[int] = []
    fork = os.fork

    def noted() -> int:
        forked.append(child := fork())
        return child

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fork", noted)
        yield
    for child in forked:
        with pytest.raises(ChildProcessError):
            os.waitpid(child, os.WNOHANG)


@given(st.lists(st.integers(), max_size=40), st.integers(1, 5))
def test_parts_come_in_order(items: list[int], jobs: int) -> None:
    with no_child_is_left():
        found = list(share_out(items, jobs, list))
    assert [one for _, part in found for one in part] == items
    assert [count for count, part in found] == [len(part) for _, part in found]


class Unsendable(Exception):
    """Cannot be made again from what it is made of."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__("no")


def refuse(items: Sequence[int]) -> None:
    raise UsageError("file 3 is wrong", hint="mend it")


def raise_unsendable(items: Sequence[int]) -> None:
    raise Unsendable(1, 2)


def die(items: Sequence[int]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("work", "error", "message"),
    [
        (refuse, UsageError, "file 3 is wrong"),
        (raise_unsendable, RuntimeError, "Unsendable"),
        (die, WorkerError, "was killed by signal 9"),
    ],
)
def test_what_a_worker_cannot_do_is_an_error_of_all(
    work: Callable[[Sequence[int]], None], error: type[Exception], message: str
) -> None:
    with no_child_is_left(), pytest.raises(error, match=message):
        list(share_out(range(10), 2, work))


def test_hints_come_along() -> None:
    with pytest.raises(LockgateError) as caught:
        list(share_out(range(3), 2, refuse))
    assert caught.value.hint == "mend it"


def test_who_stops_early_leaves_nobody() -> None:
    with no_child_is_left():
        parts = share_out(range(100), 3, list)
        assert next(parts)[1] == list(range(4))
        parts.close()  # type: ignore[attr-defined]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("policies").mkdir()
    Path("policies/template.yaml").write_text(TEMPLATE + "---\n" + constraint())
    for number in range(30):
        Path(f"app/{number % 3}").mkdir(parents=True, exist_ok=True)
        text = {0: BAD, 1: GOOD, 2: "kind: [", 3: "a: b\n", 4: f"{BAD}---\n{GOOD}"}[number % 5]
        Path(f"app/{number % 3}/{number}.yaml").write_text(text)
    return tmp_path


@pytest.mark.parametrize("chosen", ["text", "json", "sarif", "github", "junit", "tap"])
def test_the_report_is_the_same(tree: Path, chosen: str) -> None:
    made = []
    for jobs in ("1", "2", "7", "auto"):
        command = [
            "check",
            "-p",
            "policies",
            "--format",
            chosen,
            "-j",
            jobs,
            "--output",
            f"{jobs}.out",
            "app",
        ]
        with no_child_is_left():
            assert run(command) == 2
        made.append(Path(f"{jobs}.out").read_bytes())
    assert made == [made[0]] * len(made)


# A test run that a shell put into the background would hand on that interrupts are ignored.
INTERRUPTED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from lockgate.webhook.cli import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.parametrize("jobs", ["0", "-1", "257", "1.5", "many", "²", ""])
def test_a_number_of_jobs_that_is_none(tree: Path, jobs: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "-p", "policies", "-j", jobs, "app"]) == 2
    assert "neither auto nor a number" in capsys.readouterr().err


def test_an_interrupt_stops_all(tree: Path) -> None:
    for number in range(2000):
        Path(f"app/more-{number}.yaml").write_text(BAD)
    command = [sys.executable, "-c", INTERRUPTED, "check", "-p", "policies", "-j", "2", "app"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None and len(children.read_text().split()) < 2:
        pass
    # As a terminal does: to all of them.
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.strip()) == (130, "", "interrupted")
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
