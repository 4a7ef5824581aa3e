"""The kind BreakGlassPolicy: who may break the glass of an installation, and for how long at most."""

from typing import Final

from lockgate.engine.documents.document import Document
from lockgate.engine.record import record
from lockgate.gatekeeper.break_glass.grant import MAX_AUDIENCE, Grant
from lockgate.gatekeeper.break_glass.kinds import API_VERSION
from lockgate.gatekeeper.exemptions.moments import SECOND_NS, parse_span, render_span
from lockgate.gatekeeper.exemptions.policy import Signer, parse_signers
from lockgate.gatekeeper.exemptions.selection import only_fields
from lockgate.gatekeeper.exemptions.signing import is_signed_by
from lockgate.gatekeeper.fields import Field, root

HOUR_NS: Final = 3_600 * SECOND_NS
DEFAULT_DURATION_NS: Final = 4 * HOUR_NS
# What takes longer than this is no emergency any more, but an exemption.
LONGEST_DURATION_NS: Final = 24 * HOUR_NS
MAX_REVOKED: Final = 1_000
MAX_SIGNERS: Final = 100


@record
class GrantPolicy:
    """A checked BreakGlassPolicy. audience: the installation that grants have to name. revoked: names of grants that ended early."""

    audience: str
    signers: tuple[Signer, ...]
    longest_ns: int
    revoked: frozenset[str]


def parse_grant_policy(document: Document) -> GrantPolicy:
    """Reads a BreakGlassPolicy strictly. Raises PolicyError, with the place, or UsageError without cryptography."""
    top = root(document)
    version = top.get("apiVersion")
    if version.string() != API_VERSION:
        version.refuse(f"unsupported version {version.string()!r}", f"write {API_VERSION}")
    only_fields(top, "apiVersion", "kind", "metadata", "spec", "status")
    spec = top.get("spec")
    only_fields(spec, "audience", "signers", "maxDuration", "revoked")
    audience = spec.get("audience")
    if not audience.string().strip() or len(audience.string()) > MAX_AUDIENCE:
        audience.refuse(
            "spec.audience names no installation", "a name that no other cluster has, such as prod-eu-1"
        )
    signers = parse_signers(spec.get("signers"))
    if not signers:
        spec.refuse("spec.signers is empty", "name who may break the glass, with their public keys")
    if len(signers) > MAX_SIGNERS or len(spec.get("revoked").strings()) > MAX_REVOKED:
        spec.refuse(f"spec has more than {MAX_SIGNERS} signers, or more than {MAX_REVOKED} revoked grants")
    return GrantPolicy(
        audience.string(),
        tuple(signers.values()),
        _longest(spec.get("maxDuration")),
        frozenset(spec.get("revoked").strings()),
    )


def _longest(field: Field) -> int:
    if field.absent:
        return DEFAULT_DURATION_NS
    span = parse_span(field)
    if span > LONGEST_DURATION_NS:
        field.refuse(
            f"{field.name} is longer than {render_span(LONGEST_DURATION_NS)}", "an Exemption may last longer"
        )
    return span


def valid_signer(policy: GrantPolicy, grant: Grant) -> str:
    """By whom the grant is signed, of those who may; empty for nobody."""
    keys = {one.name: one.key for one in policy.signers}
    for signature in grant.signatures:
        key = keys.get(signature.signer)
        if key is not None and is_signed_by(key, signature.data, grant.signed):
            return signature.signer
    return ""


def signing_objection(policy: GrantPolicy, grant: Grant) -> str:
    """Why a grant never had an effect; empty where it may have had one."""
    terms = grant.terms
    if not valid_signer(policy, grant):
        names = " or ".join([one.name for one in policy.signers])
        return f"it is not signed by {names}"
    if terms.audience != policy.audience:
        return f"it is for {terms.audience!r}, and this is {policy.audience!r}"
    if terms.until_ns - terms.from_ns > policy.longest_ns:
        return f"it lasts longer than {render_span(policy.longest_ns)}"
    return ""


def grant_objection(policy: GrantPolicy, grant: Grant) -> str:
    """Why a grant has no effect now, whatever the time; empty where it has."""
    return signing_objection(policy, grant) or ("it was revoked" if grant.name in policy.revoked else "")
