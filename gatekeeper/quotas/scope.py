"""The scope of a DeviceQuota: which namespaces it is for, and which of them share one amount.

Namespaces are named, selected by their labels, or belong to the team that a label of theirs names. The labels of the object under
review select nothing: whoever is judged sets them.
"""

from typing import Final, Literal

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record
from lockgate.gatekeeper.exemptions.selection import only_fields
from lockgate.gatekeeper.fields import Field
from lockgate.gatekeeper.labels import (
    Selector,
    compile_selector,
    is_label_key,
    is_label_value,
    is_subdomain,
    labels_of,
    selector_keys,
    selector_problems,
)
from lockgate.gatekeeper.problems import PolicyErrors, policy_error

Sharing = Literal["Scope", "Namespace", "Team"]
# A scope of more is a selector's job.
MAX_NAMES: Final = 1_000
_WAYS: Final = ("namespaces", "namespaceSelector", "team")


@record
class Unknown:
    """Whether a namespace is in the scope cannot be told. needs: what would have to be known."""

    needs: str


@record
class Scope:
    """What a quota is for. namespaces: by name, None where they are selected by labels.

    sharing: is there one amount for all of the scope, for each namespace, or for each team? label, teams: the label that names the
    team ("" without), and the teams that are meant (empty: all).
    """

    namespaces: frozenset[str] | None
    selector: Selector | None
    sharing: Sharing
    label: str = ""
    teams: frozenset[str] = frozenset()
    # Of namespaces, those that say whether the quota is for them.
    labels: frozenset[str] = frozenset()

    def part(self, namespace: str, found: dict[str, Value] | None) -> str | Unknown | None:
        """Which part of the scope shares an amount with a namespace: "" for all, or the name of namespace or team.

        None: the namespace is not in the scope. found: the Namespace object, None where it is not known.
        """
        if self.namespaces is not None:
            if namespace not in self.namespaces:
                return None
        else:
            if found is None:
                return Unknown(f"the labels of namespace {namespace}")
            labels = labels_of(found)
            if self.label:
                team = labels.get(self.label)
                # A namespace without the label is no team's; so says the guard of that label, if there is one.
                if not isinstance(team, str) or not team or (self.teams and team not in self.teams):
                    return None
                return team
            if self.selector is not None and not self.selector(labels):
                return None
        return namespace if self.sharing == "Namespace" else ""


def parse_scope(field: Field) -> Scope:
    """Reads `spec.scope`. Raises PolicyError or PolicyErrors, with the place."""
    only_fields(field, *_WAYS, "per")
    given = [name for name in _WAYS if not field.get(name).absent]
    if len(given) != 1:
        field.refuse(
            f"{field.name} has {' and '.join(given) or 'nothing'} that says which namespaces it is for",
            f"give one of {', '.join(_WAYS)}",
        )
    per = field.get("per")
    if per.string() not in ("", "Scope", "Namespace"):
        per.refuse(
            f"{per.name} is {per.string()!r}",
            "write Scope, for one amount together, or Namespace, for one each",
        )
    sharing: Sharing = "Namespace" if per.string() == "Namespace" else "Scope"
    if given == ["team"]:
        if not per.absent:
            per.refuse(f"{per.name} is not for teams", "remove it: each team has its amount")
        return _team(field.get("team"))
    if given == ["namespaces"]:
        return Scope(_names(field.get("namespaces")), None, sharing)
    selector = field.get("namespaceSelector")
    problems = [*selector_problems(selector.value, selector.path)]
    if problems:
        raise PolicyErrors([policy_error(selector.document, problem) for problem in problems])
    # An empty selector is for every namespace.
    mapping = selector.mapping()
    return Scope(None, compile_selector(mapping), sharing, labels=selector_keys(mapping))


def _names(field: Field) -> frozenset[str]:
    names = field.strings()
    if not names:
        field.refuse(f"{field.name} is empty", "name the namespaces, or select them by labels")
    if len(names) > MAX_NAMES:
        field.refuse(
            f"{field.name} has {len(names)} entries, and may have {MAX_NAMES}", "select them by a label"
        )
    for place, name in enumerate(names):
        if not is_subdomain(name):
            field.get(place).refuse(
                f"{name!r} is no name of a namespace", "name it exactly, without wildcards"
            )
    return frozenset(names)


def _team(field: Field) -> Scope:
    only_fields(field, "label", "names")
    label = field.get("label")
    if not is_label_key(label.string()):
        label.refuse(
            f"{label.string()!r} is no label key", "name the label of namespaces that says whose they are"
        )
    names = field.get("names")
    teams = names.strings()
    if not names.absent and not teams:
        names.refuse(f"{names.name} is empty", "remove it to mean every team")
    if len(teams) > MAX_NAMES:
        names.refuse(f"{names.name} has {len(teams)} entries, and may have {MAX_NAMES}")
    for place, team in enumerate(teams):
        if not team or not is_label_value(team):
            names.get(place).refuse(f"{team!r} is no value of a label")
    name = label.string()
    return Scope(None, None, "Team", name, frozenset(teams), frozenset({name}))
