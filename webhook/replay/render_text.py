"""Replays and differences for people."""

from typing import Final

from lockgate.webhook.replay.difference_text import difference_lines, said_text
from lockgate.webhook.replay.fidelity import REASONS, Fidelity
from lockgate.webhook.replay.report import ReplayReport
from lockgate.webhook.terminal import printable

_MOST_MISSES: Final = 5
_SHORT: Final = 12


def render_replay_text(report: ReplayReport) -> str:
    """Fidelity first; then, where there are others to compare with, the difference."""
    return "\n".join(replay_lines(report)) + "\n"


def replay_lines(report: ReplayReport) -> list[str]:
    """The same, line by line."""
    tally = report.tally
    lines = [
        f"{tally.replayed} Decisions of {printable(report.log.origin)} judged again; the log is {report.log.state}"
    ]
    lines += [f"  {count} {why}: not judged again" for why, count in sorted(tally.absent.items())]
    lines += ["", *fidelity_lines(tally.fidelity, report.then)]
    if report.other is not None:
        lines += [
            "",
            f"Under the policies {report.other[:_SHORT]}:",
            *difference_lines(tally.difference, "Decision"),
        ]
    return lines


def fidelity_lines(fidelity: Fidelity, digest: str) -> list[str]:
    """How far the records are reproduced."""
    lines = [
        f"Fidelity of the policies {digest[:_SHORT]}: {_share(fidelity.same, fidelity.judged)} as recorded"
    ]
    for reason, words in REASONS.items():
        if reason in fidelity.misses:
            lines.append(f"  {fidelity.misses[reason]} otherwise: {words}")
    for index, reason, said in fidelity.shown[:_MOST_MISSES]:
        lines.append(
            f"  entry {index} ({reason}): {said_text(said[0])}" if said else f"  entry {index} ({reason})"
        )
    others = sum(fidelity.others.values())
    if others:
        lines.append(
            f"  {others} were decided under other policies ({len(fidelity.others)} sets): "
            f"{_share(fidelity.others_same, others)} as recorded all the same"
        )
    return lines


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.2f} %)" if whole else "none of none"
