"""The kind Exemption: what may be violated, by what, until when, and who answers for it."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, Literal

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.decision import Violation
from lockgate.engine.documents.document import Document
from lockgate.engine.masking.masker import MASK
from lockgate.engine.policy import Matched
from lockgate.engine.record import record
from lockgate.engine.review import Review
from lockgate.gatekeeper.constraint_schema import MATCH
from lockgate.gatekeeper.exemptions.kinds import API_VERSION
from lockgate.gatekeeper.exemptions.moments import parse_moment
from lockgate.gatekeeper.exemptions.selection import Selection, only_fields, parse_selections
from lockgate.gatekeeper.fields import Field, render_path, root
from lockgate.gatekeeper.labels import is_subdomain, selector_keys, selector_problems
from lockgate.gatekeeper.match import Matcher, compile_match, is_namespace, namespace_of
from lockgate.gatekeeper.problems import PolicyErrors, Problem, policy_error
from lockgate.gatekeeper.schema import Schema
from lockgate.gatekeeper.schema_check import violations as schema_problems

MAX_REASON: Final = 1_000
MAX_NAME: Final = 200
# More is a policy's job, and each is compared with every violation.
MAX_VIOLATIONS: Final = 1_000
MAX_SIGNATURES: Final = 16

# An object's own labels are not among these: they are set by whoever is judged.
_MATCH_FIELDS: Final = ("kinds", "namespaces", "excludedNamespaces", "namespaceSelector", "name", "scope")
# One of these has to narrow the match down.
_NARROWING: Final = ("kinds", "namespaces", "namespaceSelector", "name")
# As a constraint's, where what is misspelt matches less; here it would exempt more. Names may have dots, as objects do.
_SCHEMA: Final = Schema(
    type="object",
    properties={
        **{name: MATCH.properties[name] for name in _MATCH_FIELDS},
        "name": Schema(type="string"),
        "scope": Schema(type="string", enum=("Cluster", "Namespaced")),
    },
)
_KIND_FIELDS: Final = ("apiGroups", "kinds")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@record
class ViolationFilter:
    """One violation that is meant: at a path, with a message, a masked one, or one of this digest (SHA-256, hex)."""

    path: str
    message: str
    message_digest: str
    message_masked: str = ""

    def takes(self, violation: Violation) -> bool:
        """Is it this one?"""
        # Of many filters, most differ here, and a text costs less than a path.
        if self.message and violation.message != self.message:
            return False
        if self.path and (violation.path is None or render_path(violation.path) != self.path):
            return False
        if self.message_masked and not fits_mask(violation.message, self.message_masked):
            return False
        return not self.message_digest or message_digest(violation.message) == self.message_digest


@record
class Signature:
    """A signature over `Exemption.signed`, by whom it says it is."""

    signer: str
    data: bytes


@record
class ObjectMatch:
    """What objects an exemption is for: a constraint's match, taken more narrowly where that lets objects pass.

    goes_by: whether it names Namespaces, or selects them by their labels; labels: by which.
    """

    matcher: Matcher
    goes_by: tuple[Literal["namespaces", "namespaceSelector"], ...]
    labels: frozenset[str] = frozenset()

    def takes(self, review: Review) -> bool:
        """Is the object one of these? One that cannot be told, for want of the Namespace's labels, is not."""
        if not isinstance(self.matcher(review), Matched):
            return False
        value = review.object or review.old_object or {}
        if not self.goes_by:
            return True
        if is_namespace(value):
            # It has its labels from whoever is judged; its name is what it is.
            return "namespaceSelector" not in self.goes_by
        # Matches let pass what is in no namespace, and take a kind's scope from the object.
        if review.scope == "Cluster" or not (namespace_of(value) or review.namespace is not None):
            return False
        return "namespaceSelector" not in self.goes_by or review.namespace is not None


@record
class Exemption:
    """A checked Exemption. Moments in nanoseconds since 1970; violations: empty for every one of the policies'.

    signed: the bytes that signatures are over. digest: SHA-256 (hex) over them.
    """

    name: str
    policies: tuple[Selection, ...]
    match: ObjectMatch
    violations: tuple[ViolationFilter, ...]
    reason: str
    owner: str
    ticket: str
    issued_ns: int
    expires_ns: int
    signatures: tuple[Signature, ...]
    signed: bytes
    digest: str
    document: Document


def message_digest(message: str) -> str:
    """The digest of a violation's message (hex)."""
    return sha256(message.encode("utf-8", "surrogatepass")).hexdigest()


def fits_mask(message: str, masked: str) -> bool:
    """Is the message the masked one, each MASK of which stands for some text? The work is at most their product."""
    first, *others = masked.split(MASK)
    if not others:
        return message == masked
    last = others.pop()
    if not message.startswith(first) or not message.endswith(last):
        return False
    # Each part as early as it goes, after at least one character that was masked.
    place, end = len(first), len(message) - len(last)
    for part in others:
        found = message.find(part, place + 1, end)
        if found < 0:
            return False
        place = found + len(part)
    return place < end


def parse_exemption(document: Document) -> Exemption:
    """Reads an Exemption strictly. Raises PolicyError or PolicyErrors, with the place."""
    top = root(document)
    check_version(top)
    only_fields(top, "apiVersion", "kind", "metadata", "spec", "status")
    name = top.at("metadata", "name")
    if not is_subdomain(name.string()):
        name.refuse(
            f"{name.string()!r} is no name for an Exemption", "lower-case letters, digits, '-' and '.'"
        )
    spec = top.get("spec")
    only_fields(
        spec,
        "policies",
        "match",
        "violations",
        "reason",
        "owner",
        "ticket",
        "issuedAt",
        "expiresAt",
        "signatures",
    )
    policies = parse_selections(spec.get("policies"))
    if not policies:
        spec.refuse("spec.policies is empty", "list the policies that may be violated, by kind and name")
    issued, expires = parse_moment(spec.get("issuedAt")), parse_moment(spec.get("expiresAt"))
    if expires <= issued:
        spec.get("expiresAt").refuse("spec.expiresAt is not after spec.issuedAt")
    signed = signed_bytes(name.string(), spec.mapping())
    return Exemption(
        name=name.string(),
        policies=policies,
        match=_match(spec.get("match")),
        violations=_violations(spec.get("violations")),
        reason=_text(spec.get("reason"), MAX_REASON),
        owner=_text(spec.get("owner"), MAX_NAME),
        ticket="" if spec.get("ticket").absent else _text(spec.get("ticket"), MAX_NAME),
        issued_ns=issued,
        expires_ns=expires,
        signatures=parse_signatures(spec.get("signatures")),
        signed=signed,
        digest=sha256(signed).hexdigest(),
        document=document,
    )


def check_version(top: Field) -> None:
    """Refuses other versions than the one there is."""
    version = top.get("apiVersion")
    if version.string() != API_VERSION:
        version.refuse(f"unsupported version {version.string()!r}", f"write {API_VERSION}")


def signed_bytes(name: str, spec: Mapping[str, Value]) -> bytes:
    """What signatures are over: a line that says what it is, and name and spec without signatures, as sorted JSON."""
    said: Value = {"name": name, "spec": {key: spec[key] for key in sorted(spec) if key != "signatures"}}
    return b"lockgate-exemption/v1\n" + render_json(said).encode("utf-8", "surrogatepass")


def _text(field: Field, longest: int) -> str:
    text = field.string().strip()
    if not text:
        field.refuse(f"{field.name} is missing", "an exemption says why it is there and who answers for it")
    if len(text) > longest:
        field.refuse(f"{field.name} has {len(text)} characters, and may have {longest}")
    return text


def _match(field: Field) -> ObjectMatch:
    match = field.mapping()
    if "labelSelector" in match:
        field.get("labelSelector").refuse(
            "an exemption cannot go by the object's own labels: whoever is judged sets them",
            "match by namespaces, name or kinds",
        )
    only_fields(field, *_MATCH_FIELDS)
    problems = [*schema_problems(match, _SCHEMA, field.path)]
    selector = field.get("namespaceSelector")
    if not selector.absent and not problems:
        problems = [*selector_problems(selector.value, selector.path)]
    if problems:
        raise PolicyErrors([policy_error(field.document, _named(problem)) for problem in problems])
    for name, value in match.items():
        if not value:
            field.get(name).refuse(
                f"{field.get(name).name} is empty, which would exempt everything", "remove it, or fill it in"
            )
    if not any(_narrows(field, name) for name in _NARROWING):
        field.refuse(
            "spec.match does not narrow down what is exempt",
            f"give one of {', '.join(_NARROWING)}; to switch a policy off, remove its constraint",
        )
    goes_by: list[Literal["namespaces", "namespaceSelector"]] = []
    if "namespaces" in match:
        goes_by.append("namespaces")
    if "namespaceSelector" in match:
        goes_by.append("namespaceSelector")
    labels = selector_keys(match.get("namespaceSelector"))
    return ObjectMatch(compile_match(match), tuple(goes_by), labels)


def _named(problem: Problem) -> Problem:
    return Problem(problem.path, f"{render_path(problem.path)} {problem.message}", problem.hint)


def _narrows(field: Field, name: str) -> bool:
    """Does the field leave anything out? Of lists one entry that takes all is enough."""
    found = field.get(name)
    if found.absent:
        return False
    if name == "name":
        return bool(found.string().strip("*"))
    if name == "namespaces":
        return all(one.strip("*") for one in found.strings())
    if name == "kinds":
        return all(_has_names(one) for one in found.items())
    return any(not part.absent and part.value for part in map(found.get, ("matchLabels", "matchExpressions")))


def _has_names(entry: Field) -> bool:
    """Does an entry of `kinds` name groups or kinds?"""
    return any(names and "*" not in names for names in (entry.get(one).strings() for one in _KIND_FIELDS))


def _violations(field: Field) -> tuple[ViolationFilter, ...]:
    made: list[ViolationFilter] = []
    for item in field.items():
        only_fields(item, "path", "message", "messageMasked", "messageSha256")
        path, message, digest, masked = [
            item.get(name).string() for name in ("path", "message", "messageSha256", "messageMasked")
        ]
        if not (path or message or digest or masked):
            item.refuse(f"{item.name} names no violation", "give its path, its message, or both")
        for name, value in item.mapping().items():
            if value == "":
                item.get(name).refuse(f"{item.get(name).name} is empty", "remove it, or fill it in")
        if masked and not path and not masked.replace(MASK, "").strip():
            item.get("messageMasked").refuse(
                f"{item.get('messageMasked').name} is all masked, and would stand for any message",
                "give the path of the violation too",
            )
        if digest and not _DIGEST.fullmatch(digest):
            item.get("messageSha256").refuse(
                f"{item.get('messageSha256').name} is no SHA-256", "64 letters, 0-9 and a-f"
            )
        made.append(ViolationFilter(path, message, digest, masked))
    if len(made) > MAX_VIOLATIONS:
        field.refuse(f"{field.name} has {len(made)} entries, and may have {MAX_VIOLATIONS}")
    if not field.absent and not made:
        field.refuse(f"{field.name} is empty", "remove it to exempt every violation of the policies")
    return tuple(made)


def parse_signatures(field: Field) -> tuple[Signature, ...]:
    """A list of `{signer, signature}`. Raises PolicyError."""
    from base64 import b64decode

    made: list[Signature] = []
    for item in field.items():
        only_fields(item, "signer", "signature")
        signer, text = item.get("signer").string(), item.get("signature").string()
        if not signer:
            item.refuse(f"{item.name} has no signer")
        try:
            data = b64decode(text, validate=True)
        except ValueError:
            item.get("signature").refuse(f"{item.get('signature').name} is no base64")
        made.append(Signature(signer, data))
    if len(made) > MAX_SIGNATURES:
        field.refuse(f"{field.name} has {len(made)} entries, and may have {MAX_SIGNATURES}")
    return tuple(made)
