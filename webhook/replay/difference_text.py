"""A difference for people."""

from collections.abc import Mapping
from typing import Final

from lockgate.webhook.replay.difference import EFFECTS, Change, Counts, Difference, Effect
from lockgate.webhook.replay.outcome import Said
from lockgate.webhook.replay.subject import Subject
from lockgate.webhook.terminal import printable

_WORDS: Final[Mapping[Effect, str]] = {
    "denied": "newly denied",
    "warned": "newly warned of",
    "letThrough": "newly let through",
    "relieved": "warned of no longer",
    "unknown": "could no longer be judged",
    "saidOtherwise": "only told otherwise",
}
# Rows of a table, and objects of an effect.
_MOST_ROWS: Final = 20
_MOST_OBJECTS: Final = 5


def difference_lines(difference: Difference, noun: str) -> list[str]:
    """What changes, by effect, policy, namespace and object. noun: what was compared."""
    if not difference.counts:
        return [f"  nothing changes for {difference.compared} {noun}s"]
    lines = [
        f"  {difference.count(effect)} of {difference.compared} {noun}s {_WORDS[effect]}"
        for effect in EFFECTS
        if difference.count(effect)
    ]
    lines += _table("by policy", difference.by_policy)
    lines += _table("by namespace", {name or "(none)": one for name, one in difference.by_namespace.items()})
    for effect in EFFECTS:
        found = difference.objects(effect)
        if found:
            lines.append(f"  {_WORDS[effect]}:")
            for subject, change in found[:_MOST_OBJECTS]:
                lines += _object(subject, change)
            if len(found) > _MOST_OBJECTS:
                lines.append(f"    and {len(found) - _MOST_OBJECTS} objects more")
    if difference.beyond:
        lines.append(f"  {difference.beyond} changes are of objects beyond those that are kept apart")
    return lines


def _table(title: str, rows: Mapping[str, Counts]) -> list[str]:
    ordered = sorted(rows.items(), key=lambda one: (-sum(one[1].values()), one[0]))
    lines = [f"  {title}:"]
    for name, counts in ordered[:_MOST_ROWS]:
        told = ", ".join([f"{counts[effect]} {_WORDS[effect]}" for effect in EFFECTS if effect in counts])
        lines.append(f"    {printable(name)}: {told}")
    if len(ordered) > _MOST_ROWS:
        lines.append(f"    and {len(ordered) - _MOST_ROWS} more")
    return lines


def _object(subject: Subject, change: Change) -> list[str]:
    where = "" if change.entry is None else f" (entry {change.entry})"
    told = change.gained or change.lost
    sign = "" if change.gained else "no longer "
    said = f": {sign}{said_text(told[0])}" if told else ""
    return [f"    {printable(str(subject))}{where}{said}"]


def said_text(said: Said) -> str:
    """One thing that a policy says."""
    shown = {"failure": "failed: ", "unknown": "needs ", "exempted": "exempt: "}.get(said.how, "")
    return printable(f"{said.policy}: {shown}{said.message}")
