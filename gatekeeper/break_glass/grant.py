"""The kind BreakGlass: who goes past the policies, why, from when until when, and how far."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.decision import PolicyKey
from lockgate.engine.documents.document import Document
from lockgate.engine.record import record
from lockgate.gatekeeper.break_glass.kinds import API_VERSION, GRANT
from lockgate.gatekeeper.exemptions.exemption import Signature, parse_signatures
from lockgate.gatekeeper.exemptions.moments import parse_moment, render_moment
from lockgate.gatekeeper.exemptions.selection import Selection, only_fields, parse_selections
from lockgate.gatekeeper.fields import Field, root
from lockgate.gatekeeper.labels import is_subdomain

MAX_REASON: Final = 500
MAX_TICKET: Final = 100
MAX_AUDIENCE: Final = 200
# A name stands in every entry of the trail about the grant.
MAX_NAME: Final = 100
MAX_PLACES: Final = 100
_NONCE: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)


@record
class Terms:
    """What is signed besides the name. Moments in nanoseconds since 1970.

    audience: the installation that it is for. namespaces, policies: how far it reaches; empty for everywhere.
    """

    audience: str
    reason: str
    ticket: str
    from_ns: int
    until_ns: int
    nonce: str
    namespaces: tuple[str, ...] = ()
    policies: tuple[Selection, ...] = ()


@record
class Grant:
    """A checked BreakGlass, whose signatures nobody has looked at. signed: the bytes that they are over; digest: SHA-256 (hex) of these."""

    name: str
    terms: Terms
    signatures: tuple[Signature, ...]
    signed: bytes
    digest: str

    def reaches(self, namespace: str, keys: Sequence[PolicyKey] | None) -> bool:
        """Does it let through what is in the namespace ("" for none) and was stopped by these policies?

        keys: None or empty where something could not be judged at all, which a grant for some policies says nothing of.
        """
        terms = self.terms
        if terms.namespaces and namespace not in terms.namespaces:
            return False
        if not terms.policies:
            return True
        return bool(keys) and all(any(one.covers(key) for one in terms.policies) for key in keys or ())


def render_grant(name: str, terms: Terms, signatures: Sequence[tuple[str, str]]) -> dict[str, Value]:
    """The object. signatures: signer and signature in base64."""
    spec: dict[str, Value] = {
        "audience": terms.audience,
        "reason": terms.reason,
        "ticket": terms.ticket,
        "from": render_moment(terms.from_ns),
        "until": render_moment(terms.until_ns),
        "nonce": terms.nonce,
    }
    if terms.namespaces:
        spec["namespaces"] = [*terms.namespaces]
    if terms.policies:
        spec["policies"] = [_render_selection(one) for one in terms.policies]
    spec["signatures"] = [{"signer": signer, "signature": text} for signer, text in signatures]
    return {"apiVersion": API_VERSION, "kind": GRANT, "metadata": {"name": name}, "spec": spec}


def _render_selection(one: Selection) -> Value:
    return {"kind": one.kind, "name": one.name} if one.name else {"kind": one.kind}


def parse_grant(document: Document) -> Grant:
    """Reads a BreakGlass strictly. Raises PolicyError, with the place."""
    top = root(document)
    version = top.get("apiVersion")
    if version.string() != API_VERSION:
        version.refuse(f"unsupported version {version.string()!r}", f"write {API_VERSION}")
    only_fields(top, "apiVersion", "kind", "metadata", "spec", "status")
    name = top.at("metadata", "name")
    if not is_subdomain(name.string()) or len(name.string()) > MAX_NAME:
        name.refuse(
            f"{name.string()[:MAX_NAME]!r} is no name for a BreakGlass",
            "lower-case letters, digits, '-', '.'",
        )
    spec = top.get("spec")
    only_fields(
        spec, "audience", "reason", "ticket", "from", "until", "nonce", "namespaces", "policies", "signatures"
    )
    signed = signed_bytes(name.string(), spec.mapping())
    return Grant(
        name.string(),
        _terms(spec),
        parse_signatures(spec.get("signatures")),
        signed,
        sha256(signed).hexdigest(),
    )


def signed_bytes(name: str, spec: Mapping[str, Value]) -> bytes:
    """What signatures are over: a line that says what it is, and name and spec without signatures, as sorted JSON."""
    said: Value = {"name": name, "spec": {key: spec[key] for key in sorted(spec) if key != "signatures"}}
    return b"lockgate-break-glass/v1\n" + render_json(said).encode("utf-8", "surrogatepass")


def _terms(spec: Field) -> Terms:
    start, end = parse_moment(spec.get("from")), parse_moment(spec.get("until"))
    if end <= start:
        spec.get("until").refuse("spec.until is not after spec.from")
    nonce = spec.get("nonce")
    if not _NONCE.fullmatch(nonce.string()):
        nonce.refuse("spec.nonce is no random number of 16 bytes", "32 letters, 0-9 and a-f")
    namespaces = spec.get("namespaces")
    if not namespaces.absent and not namespaces.strings():
        namespaces.refuse("spec.namespaces is empty, which would be everywhere", "remove it, or fill it in")
    if not all(namespaces.strings()):
        namespaces.refuse("spec.namespaces has an empty name")
    policies = spec.get("policies")
    chosen = parse_selections(policies)
    if not policies.absent and not chosen:
        policies.refuse("spec.policies is empty, which would be all of them", "remove it, or fill it in")
    if max(len(namespaces.strings()), len(chosen)) > MAX_PLACES:
        spec.refuse(f"spec names more than {MAX_PLACES} namespaces or policies")
    return Terms(
        _text(spec.get("audience"), MAX_AUDIENCE),
        _text(spec.get("reason"), MAX_REASON),
        _text(spec.get("ticket"), MAX_TICKET),
        start,
        end,
        nonce.string(),
        namespaces.strings(),
        chosen,
    )


def _text(field: Field, longest: int) -> str:
    text = field.string()
    if not text.strip():
        field.refuse(f"{field.name} is missing", "who breaks the glass says why")
    if len(text) > longest:
        field.refuse(f"{field.name} has {len(text)} characters, and may have {longest}")
    return text
