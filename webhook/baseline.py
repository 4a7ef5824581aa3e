"""`check --write-baseline`: exemptions for what violates policies today, so that only what is new is refused.

One Exemption for each object and policy, with the violations that it has now, by path and message: any other violation
of the same policy by the same object is not exempt. The file is YAML whose texts are in double quotes, which is JSON.
"""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from lockgate.engine.errors import UsageError
from lockgate.engine.kinds import split_api_version
from lockgate.engine.masking.masker import MASK
from lockgate.engine.record import ordered_record
from lockgate.gatekeeper.exemptions.kinds import API_VERSION, EXEMPTION
from lockgate.gatekeeper.exemptions.moments import render_moment
from lockgate.gatekeeper.wildcard import is_wildcard
from lockgate.webhook.report import Resource

_REASON: Final = "found when the baseline was written"


@ordered_record
class Excusable:
    """A violation as an exemption names it: `path` and `message` may be empty; one that shows a secret is masked.

    message_masked is that of the report, and no digest: whoever reads the file could try values against one.

    is_name_generated: does the API server make the object's name, after its `generateName`?
    """

    policy: str
    constraint: str
    resource: Resource
    path: str
    message: str
    message_masked: str
    is_name_generated: bool = False


def render_baseline(found: Sequence[Excusable], owner: str, issued_ns: int, expires_ns: int) -> str:
    """The Exemptions, sorted, as a YAML stream. Raises UsageError for an object that has no name."""
    groups: dict[tuple[str, str, Resource], list[Excusable]] = {}
    for one in sorted(set(found)):
        groups.setdefault((one.policy, one.constraint, one.resource), []).append(one)
    parts = [
        _exemption(policy, constraint, resource, group, owner, issued_ns, expires_ns)
        for (policy, constraint, resource), group in groups.items()
    ]
    return "---\n".join(parts)


def _exemption(
    policy: str,
    constraint: str,
    resource: Resource,
    group: Sequence[Excusable],
    owner: str,
    issued_ns: int,
    expires_ns: int,
) -> str:
    for one in group:
        _refuse_unnameable(one)
    identity = "\n".join([policy, constraint, *_identity(resource)])
    api_group, _ = split_api_version(resource.api_version)
    match = [f"    kinds: [{{apiGroups: [{_text(api_group)}], kinds: [{_text(resource.kind)}]}}]"]
    if resource.namespace:
        match.append(f"    namespaces: [{_text(resource.namespace)}]")
    generated = "*" if group[0].is_name_generated else ""
    match.append(f"    name: {_text(resource.name + generated)}")
    lines = [
        f"# {_comment(str(resource))}",
        f"apiVersion: {API_VERSION}",
        f"kind: {EXEMPTION}",
        "metadata:",
        f"  name: baseline-{sha256(identity.encode('utf-8', 'surrogatepass')).hexdigest()[:20]}",
        "spec:",
        f"  policies: [{{kind: {_text(policy)}, name: {_text(constraint)}}}]",
        "  match:",
        *match,
        "  violations:",
    ]
    for one in group:
        fields = {"path": one.path, "message": one.message, "messageMasked": one.message_masked}
        shown = [f"{name}: {_text(value)}" for name, value in fields.items() if value]
        lines += [f"    - {shown[0]}", *[f"      {line}" for line in shown[1:]]]
    return "\n".join(
        [
            *lines,
            f"  reason: {_text(_REASON)}",
            f"  owner: {_text(owner)}",
            f"  issuedAt: {_text(render_moment(issued_ns))}",
            f"  expiresAt: {_text(render_moment(expires_ns))}",
            "",
        ]
    )


def is_nameable(one: Excusable) -> bool:
    """Can an exemption name the violation and its object, and no others?"""
    try:
        _refuse_unnameable(one)
    except UsageError:
        return False
    return True


def _refuse_unnameable(one: Excusable) -> None:
    resource = one.resource
    if not resource.name:
        raise UsageError(
            f"an exemption cannot name a {resource.kind} that has no name", hint="name the object, or mend it"
        )
    for name in (resource.name, resource.namespace):
        if "*" in name:
            # In a match it would stand for other objects too.
            raise UsageError(
                f"an exemption cannot name {resource}: {name} has a * in it",
                hint="rename the object, or mend it",
            )
    if not is_wildcard(resource.namespace):
        raise UsageError(
            f"an exemption cannot name {resource}: {resource.namespace} is no namespace",
            hint="name a namespace of lower-case letters, digits and '-', or mend it",
        )
    if not one.path and not one.message and not one.message_masked.replace(MASK, "").strip():
        raise UsageError(
            f"an exemption cannot name what {one.policy}/{one.constraint} says of {resource}: all of it is secret",
            hint="mend it, or have the policy say where it is, with details.path",
        )


def _identity(resource: Resource) -> tuple[str, ...]:
    return resource.api_version, resource.kind, resource.namespace, resource.name


def _text(text: str) -> str:
    return json.dumps(text)


def _comment(text: str) -> str:
    return "".join([one if one.isprintable() else "?" for one in text])
