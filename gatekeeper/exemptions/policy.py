"""The kind ExemptionPolicy: who may sign exemptions, for which policies, for how long, and which may never be exempt."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from lockgate.engine.decision import PolicyKey
from lockgate.engine.documents.document import Document
from lockgate.engine.record import record
from lockgate.gatekeeper.exemptions.exemption import Exemption, check_version
from lockgate.gatekeeper.exemptions.moments import SECOND_NS, parse_span, render_moment, render_span
from lockgate.gatekeeper.exemptions.selection import Selection, only_fields, parse_selections
from lockgate.gatekeeper.exemptions.signing import PublicKey, is_signed_by, parse_public_key
from lockgate.gatekeeper.fields import Field, root

# Where no policy says how long: long enough for a baseline to be worked off.
DEFAULT_DURATION_NS: Final = 366 * 86_400 * SECOND_NS


@record
class Signer:
    """Who may sign, with their Ed25519 key."""

    name: str
    key: PublicKey


@record
class ExemptionRule:
    """What holds of exemptions from the policies of `policies` (empty: from all).

    signers: by whom a signature counts; empty: none is needed. max_duration_ns: from issue to expiry; 0: the default.
    """

    policies: tuple[Selection, ...]
    never: bool
    max_duration_ns: int
    signers: tuple[Signer, ...]
    requires_ticket: bool

    def covers(self, key: PolicyKey) -> bool:
        """Does the rule speak of exemptions from this policy?"""
        return not self.policies or any(one.covers(key) for one in self.policies)


def parse_exemption_policy(document: Document) -> tuple[ExemptionRule, ...]:
    """The rules of an ExemptionPolicy. Raises PolicyError, with the place."""
    top = root(document)
    check_version(top)
    only_fields(top, "apiVersion", "kind", "metadata", "spec", "status")
    spec = top.get("spec")
    only_fields(spec, "signers", "rules")
    signers = parse_signers(spec.get("signers"))
    rules = tuple([_rule(item, signers) for item in spec.get("rules").items()])
    if not rules:
        spec.refuse("spec.rules is empty", "a rule says for which policies it is, and what it asks for")
    return rules


def parse_signers(field: Field) -> dict[str, Signer]:
    """A list of `{name, publicKey}`, by name. Raises PolicyError, or UsageError without cryptography."""
    made: dict[str, Signer] = {}
    for item in field.items():
        only_fields(item, "name", "publicKey")
        name = item.get("name").string()
        if not name or name in made:
            item.refuse(f"{item.name} has no name of its own")
        made[name] = Signer(name, parse_public_key(item.get("publicKey")))
    return made


def _rule(item: Field, signers: Mapping[str, Signer]) -> ExemptionRule:
    only_fields(item, "policies", "never", "maxDuration", "requireSignature", "signers", "requireTicket")
    wanted = item.get("signers").strings()
    if not item.get("signers").absent and not wanted:
        item.get("signers").refuse(
            f"{item.get('signers').name} is empty, and would ask for no signature",
            "name who may sign, or write never: true",
        )
    unknown = [name for name in wanted if name not in signers]
    if unknown:
        item.get("signers").refuse(
            f"{unknown[0]!r} is none of spec.signers", f"known are {', '.join(sorted(signers)) or 'none'}"
        )
    required = item.get("requireSignature").boolean() or bool(wanted)
    if required and not signers:
        item.refuse(f"{item.name} requires a signature, and spec.signers has nobody")
    chosen = tuple([signers[name] for name in wanted]) if wanted else tuple(signers.values())
    duration = item.get("maxDuration")
    return ExemptionRule(
        parse_selections(item.get("policies")),
        item.get("never").boolean() or False,
        0 if duration.absent else parse_span(duration),
        chosen if required else (),
        item.get("requireTicket").boolean() or False,
    )


def objection(rules: Iterable[ExemptionRule], exemption: Exemption, key: PolicyKey) -> str:
    """Why the rules give an exemption from a policy no effect; empty when they do not. The strictest rule decides."""
    longest = DEFAULT_DURATION_NS
    for rule in rules:
        if not rule.covers(key):
            continue
        if rule.never:
            return f"{key} may never be exempt"
        if rule.max_duration_ns:
            longest = min(longest, rule.max_duration_ns)
        if rule.requires_ticket and not exemption.ticket:
            return f"an exemption from {key} needs a ticket"
        if rule.signers and not _is_signed(exemption, rule.signers):
            names = " or ".join([one.name for one in rule.signers])
            return f"an exemption from {key} needs a signature by {names}"
    if exemption.expires_ns - exemption.issued_ns > longest:
        return f"an exemption from {key} lasts {render_span(longest)} at most, from {render_moment(exemption.issued_ns)}"
    return ""


def _is_signed(exemption: Exemption, signers: Sequence[Signer]) -> bool:
    keys = {signer.name: signer.key for signer in signers}
    return any(
        signature.signer in keys and is_signed_by(keys[signature.signer], signature.data, exemption.signed)
        for signature in exemption.signatures
    )
