"""What the catalogue tells of each rule."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from lockgate.engine.record import record
from lockgate.webhook.policy_docs import constraint_kind
from lockgate.webhook.policy_folder import Metadata, PolicyFolder, Rule, read_metadata

# In what words a profile says what it does; a rule that a profile does not have has no word in it.
WORDS: Final = {"deny": "denied", "warn": "warned of", "dryrun": "recorded"}
PROFILES: Final = ("baseline", "production", "regulated")


@record
class Entry:
    """A rule in the catalogue. states: what is done about a violation, by profile, for those that have the rule."""

    rule: Rule
    metadata: Metadata
    kind: str
    states: Mapping[str, str]

    @property
    def page(self) -> str:
        """The rule's own page, from the folder of the rules."""
        return f"{self.rule.key}/README.md"

    @property
    def controls(self) -> tuple[str, ...]:
        """The controls without what they are about: what stands before the parentheses."""
        return tuple([control.partition(" (")[0].strip() for control in self.metadata.controls])


def entries_of(folder: PolicyFolder, states: Mapping[str, Mapping[str, str]]) -> list[Entry]:
    """Every rule of the folder; `states`: what profiles make of it, by its key. Raises PolicyError for a wrong rule."""
    return [
        Entry(rule, read_metadata(rule.source), constraint_kind(rule), states.get(rule.key, {}))
        for rule in folder.rules()
    ]


def grouped(entries: Sequence[Entry], names: Callable[[Entry], Sequence[str]]) -> dict[str, list[Entry]]:
    """The entries by each of their names, sorted."""
    found = sorted({name for one in entries for name in names(one)}, key=str.casefold)
    return {name: [one for one in entries if name in names(one)] for name in found}
