"""The table of the profiles on the page beside them: what each rule is in each, why, and what the others need."""

from collections.abc import Iterator, Sequence
from typing import Final

from lockgate.webhook.catalogue.entries import PROFILES, WORDS
from lockgate.webhook.policy_docs import LIST_BEGIN, LIST_END, cell, with_list
from lockgate.webhook.policy_folder import PolicyFolder, read_text
from lockgate.webhook.policy_sources import required
from lockgate.webhook.policy_sync import Generated
from lockgate.webhook.profiles.assembly import Profiled, read_template

_ABSENT: Final = "-"


def profile_pages(folder: PolicyFolder, rules: Sequence[Profiled]) -> Iterator[Generated]:
    """The page of the profiles with the text it should have; none where no rule says anything of profiles. rules: those of the folder that do."""
    if not rules:
        return
    page = folder.root / "profiles" / "README.md"
    before = read_text(page) if page.is_file() else f"# Profiles\n\n{LIST_BEGIN}\n{LIST_END}\n"
    yield Generated(page, with_list(before, _tables(folder, rules), page))


def states_of(rules: Sequence[Profiled]) -> dict[str, dict[str, str]]:
    """What profiles do about a violation of each rule, by its key and then by profile, in words."""
    return {
        one.rule.key: {name: WORDS[setting.action] for name, setting in one.settings.settings.items()}
        for one in rules
    }


def _tables(folder: PolicyFolder, rules: Sequence[Profiled]) -> str:
    rows = [f"| rule | {' | '.join(PROFILES)} | because |", "|---|---|---|---|---|"]
    for one in rules:
        given = one.settings.settings
        states = [WORDS[given[name].action] if name in given else _ABSENT for name in PROFILES]
        open_parts = [f"`{name}`: {what}" for name, what in sorted(one.settings.not_configured.items())]
        because = one.settings.why
        if open_parts:
            because += f". Not configured: {'; '.join(open_parts)}"
        rows.append(f"| `{one.rule.key}` | {' | '.join(states)} | {cell(because)} |")
    known = {one.rule.key for one in rules}
    rest = [
        f"| `{rule.key}` | {cell(required(read_template(rule).document))} |"
        for rule in folder.rules()
        if rule.key not in known
    ]
    if rest:
        rows += ["", "In no profile are", "", "| rule | needs |", "|---|---|", *rest]
    return "\n".join(rows)
