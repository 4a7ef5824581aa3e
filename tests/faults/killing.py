"""Kills writers under load, and looks at what they leave."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.audit.trails import ORIGIN, Clock, Trail, make_trail, reopen_trail
from tests.faults.checking import check_after, read_receipts, receipts_of
from tests.faults.trace import build_shim, losses, read_trace
from tests.shared_folder import ROOT


def start_writer(
    url: str, folder: Path, seed: int, environment: dict[str, str] | None = None
) -> "subprocess.Popen[str]":
    """A writer that has begun."""
    command = [sys.executable, "-m", "tests.faults.writer", url, str(folder), str(seed)]
    writer = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    assert writer.stdout is not None and writer.stderr is not None
    line = writer.stdout.readline()
    if line != "writing\n":
        raise AssertionError(writer.communicate(timeout=10)[1])
    return writer


def stop_writer(writer: "subprocess.Popen[str]") -> str:
    """Kills it; returns what it complained of."""
    writer.send_signal(signal.SIGKILL)
    return writer.communicate(timeout=30)[1]


def reopened(url: str) -> Trail:
    """The log, recovered, with a clock that goes on."""
    clock = Clock()
    trail = reopen_trail(url, ORIGIN, clock=clock)
    clock.now_ms = max(clock.now_ms, trail.store.head().time_ms)
    return trail


def kill_runs(folder: Path, runs: int, seed: int) -> tuple[int, int]:
    """Kills `runs` writers one after another on one SQLite log; returns entries and receipts at the end.

    Raises AssertionError for anything lost, changed or doubled.
    """
    url = f"sqlite:///{folder / 'trail.db'}"
    make_trail(url).close()
    chance = random.Random(seed)
    size = 0
    for run in range(runs):
        writer = start_writer(url, folder, seed + run)
        time.sleep(chance.random() ** 2 * 0.5)
        complaint = stop_writer(writer)
        assert not complaint, complaint
        trail = reopened(url)
        try:
            size = check_after(trail, receipts_of(folder))
            trail.appender.append(trail.decide(run, request=f"after {run}"))
        finally:
            trail.close()
    return size, len(receipts_of(folder))


def loss_runs(folder: Path, runs: int, seed: int, seconds: float = 1.0) -> tuple[int, int]:
    """Traces one writer, then opens what the disk may hold after `runs` losses of power; returns events and receipts.

    Raises AssertionError for anything acknowledged that is lost, changed or doubled.
    """
    shim = build_shim(folder)
    place = folder / "traced"
    place.mkdir()
    url = f"sqlite:///{place / 'trail.db'}"
    made = make_trail(url)
    made.fill(300)
    made.close()
    before = folder / "before"
    shutil.copytree(place, before)
    trace = folder / "trace"
    writer = start_writer(
        url,
        place,
        seed,
        {"LD_PRELOAD": str(shim), "FAULTS_FOLDER": str(place), "FAULTS_TRACE": str(trace)},
    )
    time.sleep(seconds)
    complaint = stop_writer(writer)
    assert not complaint, complaint
    events = read_trace(trace)
    acknowledged = 0
    chance = random.Random(seed)
    for run, (contents, known) in enumerate(losses(events, before, chance, runs)):
        after = folder / f"after-{run}"
        shutil.copytree(before, after)
        for name, data in contents.items():
            (after / name).write_bytes(data)
        receipts = read_receipts(known)
        trail = reopened(f"sqlite:///{after / 'trail.db'}")
        try:
            check_after(trail, receipts)
            trail.appender.append(trail.decide(run, request=f"after {run}"))
        finally:
            trail.close()
        acknowledged = max(acknowledged, len(receipts))
        shutil.rmtree(after)
    return len(events), acknowledged
