"""The option --jobs: in how many processes a command works."""

from collections.abc import Callable
from typing import Any, Final

import click

AUTO: Final = "auto"


def jobs_option(work: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds --jobs. work: what the processes do, as a verb."""
    return click.option(
        "-j",
        "--jobs",
        default=AUTO,
        metavar="N",
        help=f"{work} in N processes; `auto`, the default: one a core, where it is worth it. The report is the same.",
    )


def wanted_jobs(value: str, each: int) -> Callable[[int], int]:
    """How many processes --jobs asks for, by the number of things to work on.

    each: with `auto`, so many for a process: fewer are done before a second one would have begun.
    """
    if value == "1":
        return lambda count: 1
    if value == AUTO:
        return lambda count: _jobs_for(count // each)
    from lockgate.webhook.jobs import MAX_JOBS, can_fork

    if not value.isascii() or not value.isdecimal() or not 1 <= int(value[:6]) <= MAX_JOBS:
        raise click.BadParameter(
            f"{value[:40]!r} is neither auto nor a number from 1 to {MAX_JOBS}", param_hint="--jobs"
        )
    return lambda count: int(value) if can_fork() else 1


def _jobs_for(worth: int) -> int:
    """A process for each core, of as many as are worth it."""
    if worth < 2:
        # Nothing is imported for it.
        return 1
    from lockgate.webhook.jobs import MAX_JOBS, can_fork, cores

    return min(cores(), MAX_JOBS, worth) if can_fork() else 1
