"""The catalogue in Markdown: the rules by family, by system and by control."""

from collections.abc import Callable, Sequence

from lockgate.webhook.catalogue.entries import PROFILES, Entry, grouped
from lockgate.webhook.policy_docs import NOTE, cell
from lockgate.webhook.systems import SYSTEMS


def render_markdown(entries: Sequence[Entry]) -> str:
    """The page."""
    parts = [
        NOTE.format(sources="each rule's `src.rego`, `template.yaml` and `profiles.yaml`"),
        "# Catalogue of rules",
        f"{len(entries)} rules. [catalogue.html](catalogue.html) is the same to be searched, and works from a file.",
        "## By family",
        *_families(entries),
        "## By system",
        _index("system", entries, lambda one: [SYSTEMS[name] for name in one.metadata.systems]),
        "## By control",
        _index("control", entries, lambda one: one.controls),
    ]
    return "\n\n".join(parts) + "\n"


def _families(entries: Sequence[Entry]) -> list[str]:
    parts: list[str] = []
    for family, rules in grouped(entries, lambda one: [one.rule.family]).items():
        rows = [
            f"| rule | id | severity | what it demands | {' | '.join(PROFILES)} |",
            "|---|---|---|---|---|---|---|",
        ]
        for one in rules:
            states = " | ".join([one.states.get(name, "-") for name in PROFILES])
            said = one.metadata
            rows.append(
                f"| {_link(one)} | {said.identifier} | {said.severity} | {cell(said.title)} | {states} |"
            )
        parts += [f"### {family}", "\n".join(rows)]
    return parts


def _index(name: str, entries: Sequence[Entry], names: Callable[[Entry], Sequence[str]]) -> str:
    rows = [f"| {name} | rules |", "|---|---|"]
    for group, rules in grouped(entries, names).items():
        rows.append(f"| {cell(group)} | {', '.join([_link(one) for one in rules])} |")
    return "\n".join(rows)


def _link(one: Entry) -> str:
    return f"[`{one.rule.key}`]({one.page})"
