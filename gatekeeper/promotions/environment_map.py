"""The kind EnvironmentMap: which clusters and namespaces are of which environment, the lowest environment first.

There is one in a cluster, under a fixed name: environments have one order, and who may change it is asked by that name.
"""

from typing import Final

from lockgate.engine.documents.document import Document
from lockgate.engine.promotions.mapping import EnvironmentMapping, EnvironmentRule
from lockgate.engine.record import record
from lockgate.gatekeeper.exemptions.selection import only_fields
from lockgate.gatekeeper.fields import Field, root
from lockgate.gatekeeper.labels import is_subdomain
from lockgate.gatekeeper.promotions.heads import read_environment_name, read_name, spec_digest
from lockgate.gatekeeper.promotions.kinds import ENVIRONMENT_MAP
from lockgate.gatekeeper.promotions.promotion_policy import MAX_ENVIRONMENTS

# What it is called.
NAME: Final = "cluster"
# Of clusters, or of namespaces, of an environment: each is compared with what is asked for. As in lockgate.yaml.
MAX_PATTERNS: Final = 500
# URLs of clusters are the longest.
MAX_PATTERN: Final = 500
_LONGEST_NAMESPACE: Final = 63


@record
class EnvironmentMap:
    """A checked EnvironmentMap. digest: SHA-256 (hex) over name and spec."""

    name: str
    mapping: EnvironmentMapping
    digest: str


def parse_environment_map(document: Document) -> EnvironmentMap:
    """Reads an EnvironmentMap strictly. Raises PolicyError, with the place."""
    top = root(document)
    name = read_name(top, ENVIRONMENT_MAP)
    if name != NAME:
        top.at("metadata", "name").refuse(
            f"the EnvironmentMap is named {name!r}, and there is one, which is named {NAME!r}",
            f"name it {NAME}",
        )
    spec = top.get("spec")
    only_fields(spec, "environments")
    mapping = EnvironmentMapping(_rules(spec.get("environments")))
    return EnvironmentMap(name, mapping, spec_digest(name, spec.value))


def _rules(field: Field) -> tuple[EnvironmentRule, ...]:
    if not 2 <= len(field.items()) <= MAX_ENVIRONMENTS:
        field.refuse(
            f"{field.name} has {len(field.items())} entries", f"2 to {MAX_ENVIRONMENTS}, the lowest first"
        )
    rules: dict[str, EnvironmentRule] = {}
    for item in field.items():
        only_fields(item, "name", "clusters", "namespaces")
        name = read_environment_name(item.get("name"))
        if name in rules:
            item.refuse(f"{item.name} names {name} again", "name each environment once, the lowest first")
        rules[name] = EnvironmentRule(
            name, _clusters(item.get("clusters")), _namespaces(item.get("namespaces"))
        )
    if not any(rule.clusters or rule.namespaces for rule in rules.values()):
        field.refuse(
            f"{field.name} names no cluster and no namespace, and nothing would be of any environment",
            "list clusters or namespaces of an environment",
        )
    return tuple(rules.values())


def _clusters(field: Field) -> tuple[str, ...]:
    patterns = _patterns(field)
    for place, text in enumerate(patterns):
        if not text or len(text) > MAX_PATTERN or not text.isprintable():
            field.get(place).refuse(
                f"{field.get(place).name} is no name of a cluster",
                "as `lockgate serve --cluster-name` has it",
            )
    return patterns


def _namespaces(field: Field) -> tuple[str, ...]:
    patterns = _patterns(field)
    for place, text in enumerate(patterns):
        # With something in the place of each `*` it is a name.
        sample = text.replace("*", "x")
        if not is_subdomain(sample) or "." in sample or len(sample) > _LONGEST_NAMESPACE:
            field.get(place).refuse(
                f"{text!r} is no name of a namespace", "lower-case letters, digits and '-', and * in it"
            )
    return patterns


def _patterns(field: Field) -> tuple[str, ...]:
    patterns = field.strings()
    if len(patterns) > MAX_PATTERNS:
        field.refuse(f"{field.name} has {len(patterns)} entries, and may have {MAX_PATTERNS}")
    return patterns
