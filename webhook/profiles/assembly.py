"""Puts the profiles together: for each rule and profile one constraint, checked against the rule's template."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml
from lockgate.engine.documents.document import Document, Located, Span
from lockgate.engine.errors import PolicyError
from lockgate.gatekeeper.constraint import parse_constraint
from lockgate.gatekeeper.template import Template, parse_template
from lockgate.webhook.catalogue.entries import PROFILES
from lockgate.webhook.policy_folder import PolicyFolder, Rule
from lockgate.webhook.policy_scaffold import SHIPPED
from lockgate.webhook.policy_sources import NOT_CONFIGURED, parse_documents
from lockgate.webhook.policy_sync import Generated
from lockgate.webhook.profiles.settings import FILE_NAME, RuleSettings, kinds_of_pods, read_settings

CONSTRAINTS: Final = "constraints.gatekeeper.sh/v1beta1"
_HEAD: Final = {
    "baseline": """\
# What is judged when no policies are given: rules that work without knowing your platform.
# What is dangerous or what an API server would refuse is denied; what many manifests do is warned of.
""",
    "production": """\
# For what serves or trains in production: what baseline warns of and can be mended is denied.
""",
    "regulated": """\
# For what an auditor asks about: everything is denied that a rule can find without knowing your platform.
""",
}
_FOOT: Final = f"""\
# Rules without a constraint here are *not configured*; README.md beside this file says how that is told.
# Written by `lockgate policy sync` from the rules' {FILE_NAME}; change those.
"""


@dataclass(frozen=True, slots=True)
class Profiled:
    """A rule with the template of its constraints and what it is in the profiles."""

    rule: Rule
    template: Template
    settings: RuleSettings


def profiled(folder: PolicyFolder) -> list[Profiled]:
    """Every rule of the folder that says what it is in the profiles. Raises PolicyError for one that is wrong."""
    pods: Mapping[str, frozenset[str]] | None = None
    made: list[Profiled] = []
    for rule in folder.rules():
        if (rule.folder / FILE_NAME).is_file():
            pods = kinds_of_pods(folder, SHIPPED) if pods is None else pods
            settings = read_settings(rule, pods)
            assert settings is not None
            made.append(Profiled(rule, read_template(rule), settings))
    return made


def read_template(rule: Rule) -> Template:
    """The template of a rule. Raises PolicyError for one that is none."""
    documents = parse_documents(str(rule.template), rule.template.read_bytes())
    if len(documents) != 1:
        raise PolicyError(f"{rule.template} has {len(documents)} objects", hint="one ConstraintTemplate")
    return parse_template(documents[0])


def assembled(folder: PolicyFolder) -> Iterator[Generated]:
    """The files of the profiles with the text they should have; none where no rule says anything of profiles."""
    rules = profiled(folder)
    for name in PROFILES if rules else ():
        parts = [render_constraint(one, name) for one in rules if name in one.settings.settings]
        yield Generated(folder.root / "profiles" / f"{name}.yaml", _HEAD[name] + _FOOT + "---\n".join(parts))


def render_constraint(one: Profiled, profile: str) -> str:
    """The constraint of a rule in a profile, as YAML. Raises PolicyError, with its place, where the template refuses it."""
    settings = one.settings
    setting = settings.settings[profile]
    metadata: dict[str, Any] = {"name": f"{profile}-{one.rule.name.replace('_', '-')}"}
    if settings.not_configured:
        held_open = "; ".join(f"{name}, {what}" for name, what in sorted(settings.not_configured.items()))
        metadata["annotations"] = {NOT_CONFIGURED: held_open}
    kinds = [
        {"apiGroups": _Flow([group]), "kinds": _Flow(sorted(kinds))}
        for group, kinds in settings.kinds.items()
    ]
    value = {
        "apiVersion": CONSTRAINTS,
        "kind": one.template.kind,
        "metadata": metadata,
        "spec": {
            "enforcementAction": setting.action,
            "match": {
                "kinds": kinds,
                **{name: part for name, part in settings.match.items() if name != "kinds"},
            },
            "parameters": dict(setting.parameters),
        },
    }
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    (document,) = parse_documents(str(settings.file), text.encode())
    _check(one, profile, document)
    return text


def _check(one: Profiled, profile: str, document: Document) -> None:
    """As a cluster checks it, and that what is held open is a parameter."""
    places = _Places(one.settings, profile)
    lines = one.settings.file.read_text("utf-8").splitlines()
    parse_constraint(
        Document(document.value, document.file, lines, places), one.template, point="validation.gatekeeper.sh"
    )
    known = one.template.schema.properties if one.template.schema is not None else {}
    for name in one.settings.not_configured:
        if name not in known:
            raise PolicyError(
                f"the rule has no parameter {name}",
                location=one.settings.location(("notConfigured", name)),
                hint=f"it has {', '.join(sorted(known)) or 'none'}",
            )


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the parts of a constraint come from in `profiles.yaml`."""

    settings: RuleSettings
    profile: str

    def locate(self, path: Sequence[str | int]) -> Located:
        """The span of what the path was made from."""
        below: Sequence[str | int] = path[1:] if path[:1] == ("spec",) else ()
        source = below if below[:1] == ("match",) else (self.profile, *below)
        place = self.settings.location(source)
        return Located(Span(place.line, place.column, place.line, place.column), False, tuple(path))


class _Flow(list[str]):
    """A list that is written on one line."""


class _Dumper(yaml.SafeDumper):
    """Writes what is equal twice, rather than once with an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _flow(dumper: yaml.SafeDumper, data: _Flow) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)


_Dumper.add_representer(_Flow, _flow)
