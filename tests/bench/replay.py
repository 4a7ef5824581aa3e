"""How fast Decisions of a trail are made again, beside the engine's own rate on the same reviews.

Processor time of the quietest of some turns, in one process, with the library's Pods and the policies that judge them.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lockgate.audit.recorder import Subject
from lockgate.webhook.replay.blocks import Absent, Covered
from lockgate.webhook.replay.judge import Judge, JudgeSource
from lockgate.webhook.replay.recorded import Recorded
from lockgate.webhook.replay.replaying import Replaying, ReplayJob, open_blocks, replay
from lockgate.webhook.replay.window import Window
from lockgate.webhook.serving.admitting import Admitting, Terms
from lockgate.webhook.serving.live_grants import LiveGrants
from lockgate.webhook.serving.wire import CallReader
from lockgate.webhook.trail import open_trail
from lockgate.webhook.trail_reading import open_reading

from tests.bench.request import NEVER, made_gate
from tests.bench.serve_load import COUNTER
from tests.webhook.helpers import run_here

DECISIONS: Final = 5_000
TURNS: Final = 5
ORIGIN: Final = "example.com/lockgate/bench"


def _filled(library: Path, folder: Path) -> tuple[Path, Judge]:
    """A trail of a server's Decisions, and the policies by which they were made."""
    policies, home = folder / "policies", folder / "trail"
    policies.mkdir()
    live, bodies = made_gate(library, policies)
    ran = run_here("audit", "init", str(home), "--origin", ORIGIN, cwd=folder)
    if ran.code:
        raise SystemExit(ran.err)
    admitting, reader = Admitting(live, LiveGrants(), Terms(), time.time_ns), CallReader()
    with open_trail(str(home)) as trail, trail.appending() as appending:
        recorder, waiting = trail.recorder(), []
        for number in range(DECISIONS):
            call = reader.read(bodies[number % len(bodies)].replace(COUNTER, str(number)).encode())
            judged = admitting.admit(call, NEVER).judged
            assert judged is not None
            draft = recorder.decision(judged.review, judged.decision, Subject(), str(number), "mtls")
            waiting.append(appending.appender.submit(draft, 60.0))
        for one in waiting:
            one.result(60.0)
    return home, JudgeSource((), (), str(folder)).judge((str(policies),))


def _quietest(step: Callable[[], object]) -> float:
    """Seconds of this process's time."""
    least = float("inf")
    for _ in range(TURNS):
        before = time.process_time()
        step()
        least = min(least, time.process_time() - before)
    return least


@contextmanager
def _somewhere() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=Path.cwd().parent) as name:
        yield Path(name)


def print_section(library: Path) -> None:
    """A line for each step."""
    with _somewhere() as folder:
        home, judge = _filled(library, folder)
        with open_reading(str(home)) as reading:
            checkpoint = reading.standing().checkpoint
            covered = Covered(checkpoint.size, checkpoint.root)
            blocks = open_blocks(reading, covered, Window())
            found: list[Recorded | Absent] = [
                one for block in range(covered.blocks) for one in blocks.decisions(block)
            ]
        decisions = [one for one in found if isinstance(one, Recorded)]
        if len(decisions) != DECISIONS:
            raise SystemExit(f"{len(decisions)} of {DECISIONS} Decisions were read")
        job = ReplayJob(str(home), covered, Window(), judge, None)
        engine = _quietest(lambda: [judge.judge(one) for one in decisions])
        whole = _quietest(lambda: Replaying(job).replay(range(covered.blocks)))
        both = _quietest(
            lambda: Replaying(ReplayJob(str(home), covered, Window(), judge, judge)).replay(
                range(covered.blocks)
            )
        )
        before = time.perf_counter()
        fidelity = replay(job, os.cpu_count() or 1).fidelity
        seconds = time.perf_counter() - before
        if (fidelity.judged, fidelity.same) != (DECISIONS, DECISIONS):
            raise SystemExit(
                f"{fidelity.same} of {fidelity.judged} Decisions came out as recorded: {fidelity.misses}"
            )
    policies = len(judge.policies.policies)
    print(
        f"Replay of {DECISIONS} Decisions under {policies} constraints, all of them as recorded, Decisions a second"
    )
    print(f"{'engine alone':<44}{DECISIONS / engine:>9.0f}")
    print(
        f"{'replay: read, proven, opened, judged, compared':<44}{DECISIONS / whole:>9.0f}   ratio {engine / whole:.2f}"
    )
    print(
        f"{'replay against other policies (two judgements)':<44}{DECISIONS / both:>9.0f}   ratio {2 * engine / both:.2f}"
    )
    print(f"{f'in {os.cpu_count()} processes, by the clock on the wall':<44}{DECISIONS / seconds:>9.0f}\n")
