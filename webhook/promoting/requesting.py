"""Makes a promotion statement of a manifest: which model, which bytes, from where, in what it runs, on which evidence."""

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

from lockgate.audit.attestations.facts_statement import PREDICATE as FACTS
from lockgate.audit.attestations.facts_statement import digest_of
from lockgate.audit.attestations.facts_trust import SignedFacts
from lockgate.audit.dsse import IN_TOTO, MAX_ENVELOPE, render_envelope
from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import FormatError, TrailError
from lockgate.audit.keys.pem_key import PemKey
from lockgate.audit.promotions import events
from lockgate.audit.promotions.history import Promotion
from lockgate.audit.promotions.identities import Identity, Person
from lockgate.audit.promotions.statement import (
    EvidenceUsed,
    Place,
    PromotionStatement,
    render_promotion,
    statement_digest,
)
from lockgate.audit.times import render_time
from lockgate.engine.codegen.values import Value, equal
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import UsageError
from lockgate.engine.foreign_documents import parse_foreign_json
from lockgate.engine.masking.masked_value import mask_values
from lockgate.engine.promotions.model_identity import ModelIdentity
from lockgate.engine.promotions.model_use import ModelUse
from lockgate.engine.record import record
from lockgate.webhook.model_facts import ModelFacts
from lockgate.webhook.promoting.asking_options import ON_BEHALF
from lockgate.webhook.promoting.desk import Desk
from lockgate.webhook.promoting.facts import HEALTH, ModelEvidence, find_evidence
from lockgate.webhook.promoting.identities_file import fingerprint
from lockgate.webhook.promoting.promotion_log import Asked
from lockgate.webhook.promotions.model_uses import ModelUseReader
from lockgate.webhook.terminal import printable

_MS_NS: Final = 1_000_000


@record
class Found:
    """A model that a manifest loads. namespace: of the object."""

    use: ModelUse
    namespace: str
    place: str


@record
class Wish:
    """What is asked for. model: which of several that are found; digest: of its bytes, where facts do not say it.

    change: where the change is, by names such as `repository` and `commit`. namespace, cluster: "" for the manifest's, and any.
    """

    to: str
    model: str = ""
    digest: str = ""
    cluster: str = ""
    namespace: str = ""
    change: Mapping[str, str] | None = None


def find_models(documents: Sequence[Document], reader: ModelUseReader) -> list[Found]:
    """The models of manifests, each with its place. Raises EvaluationError."""
    found: list[Found] = []
    for document in documents:
        metadata = document.value.get("metadata")
        namespace = metadata.get("namespace") if type(metadata) is dict else None
        for use in reader.read(document.value):
            line = document.locate(use.path).span.line
            place = f"{document.file}:{line}"
            found.append(Found(use, namespace if type(namespace) is str else "", place))
    return found


def choose(found: Sequence[Found], wish: Wish) -> Found:
    """The one model that is meant. Raises UsageError."""
    if not found:
        raise UsageError(
            "no manifest that was given loads a model",
            hint="name the file that has its storageUri, or its like",
        )
    # An image volume may hold something else, where the object says what it loads.
    sure = [one for one in found if not one.use.is_volume] or found
    named = [
        one
        for one in (found if wish.model else sure)
        if not wish.model or wish.model in (one.use.identity.model, one.use.uri, one.use.key)
    ]
    told = {(one.use.uri, one.namespace) for one in named}
    if len(told) != 1:
        models = ", ".join(sorted({_without_credentials(one.use.uri) for one in found}))
        raise UsageError(
            f"the manifests load {len({one.use.uri for one in found})} models"
            + (f", and none is {wish.model}" if wish.model and not named else ""),
            hint=f"name one with --model: {printable(models)[:500]}",
        )
    if named[0].use.pin == "unknown":
        raise UsageError(
            f"{named[0].place}: which model {_without_credentials(named[0].use.uri)!r} is can be told only when it runs",
            hint="write the reference itself",
        )
    return named[0]


def evidence_from_facts(
    desk: Desk, found: Found, wish: Wish, key: PemKey, facts: ModelFacts | None, cwd: str
) -> ModelEvidence:
    """What signed facts say of a model, each recorded first. Raises LockgateError."""
    person = _requester(desk, key, wish)
    return find_evidence(
        facts, found.use.uri, wish.to, lambda signed: _record_facts(desk, signed, person), cwd
    )


def ask(
    desk: Desk,
    found: Found,
    wish: Wish,
    key: PemKey,
    evidence: ModelEvidence,
    back_to: Promotion | None = None,
) -> tuple[Asked, bytes]:
    """Signs and records a request; what was asked, and its envelope. Raises LockgateError.

    back_to: the promotion that a rollback goes back to.
    """
    _refuse_credentials(found, wish)
    person = _requester(desk, key, wish)
    statement = _statement(desk, found, wish, person, evidence, back_to)
    payload = render_promotion(statement)
    envelope = render_envelope(key.sign_envelope(IN_TOTO, payload))
    promoted = statement.promoted(statement_digest(payload))
    name = fingerprint(key.key)
    event = events.requested(
        promoted,
        desk.recorder.pseudonym(person.name),
        key=name,
        source=statement.source,
        predecessor=None if statement.predecessor is None else statement.predecessor[1],
        target=None if statement.target is None else statement.target[1],
        own_approval=not _is_separated(desk, wish.to),
    )
    details: dict[str, Value] = {
        "envelope": dict(parse_foreign_json(envelope, "the envelope", MAX_ENVELOPE).mapping())
    }
    desk.record(event, person.name, details)
    return desk.log.asked(desk.promoted_statement(promoted.statement)), envelope


def _requester(desk: Desk, key: PemKey, wish: Wish) -> Person:
    name = fingerprint(key.key)
    member = desk.identities.member(Identity("key", name))
    if member is None:
        raise UsageError(
            f"the key {name} is nobody's by the identity map",
            hint="have its public key entered there, and enrolled: lockgate key enrol",
        )
    behalf = (wish.change or {}).get(ON_BEHALF, "")
    if behalf and not member.owner:
        raise UsageError(
            f"{member.name} asks for themselves, and not on behalf of {printable(behalf)}",
            hint="only a bot of the identity map asks for others",
        )
    person = desk.identities.asker(name, behalf)
    if person is None:
        raise UsageError(
            f"{printable(behalf)} is nobody by the identity map", hint="have it entered there, of a person"
        )
    return person


def _record_facts(desk: Desk, signed: SignedFacts, person: Person) -> int:
    """The log's time of the facts, which are recorded if they were not."""
    receipt = desk.append(
        desk.recorder.statement(signed.envelope_sha256, FACTS, signed.statement.digest, person.name)
    )
    return parse_entry(receipt.entry).time_ms


def _is_separated(desk: Desk, environment: str) -> bool:
    step = desk.policy.step_into(environment)
    return step is None or step.separation_of_duties


def _statement(
    desk: Desk,
    found: Found,
    wish: Wish,
    person: Person,
    evidence: ModelEvidence,
    back_to: Promotion | None,
) -> PromotionStatement:
    environments = desk.policy.environments
    rank = environments.rank(wish.to)
    if rank is None:
        raise UsageError(
            f"{wish.to} is none of the environments of the PromotionPolicy {desk.policy.name}",
            hint=f"one of {', '.join(environments.names)}",
        )
    identity = found.use.identity
    digest = _digest(found, wish, evidence)
    happening: Literal["introduction", "promotion", "rollback"] = "promotion" if rank else "introduction"
    source, predecessor = "", None
    if back_to is not None:
        happening = "rollback"
    elif rank:
        below = environments.names[rank - 1]
        before = _below(desk, identity, digest, below, wish.to)
        source, predecessor = below, (desk.log.origin, before.index)
    to = Place(wish.to, wish.cluster, wish.namespace or found.namespace)
    return PromotionStatement(
        happening,
        identity.model,
        identity.version,
        found.use.uri,
        digest,
        source,
        to,
        found.use.beside,
        found.use.flags,
        person.name,
        (desk.policy.name, f"sha256:{desk.policy.digest}"),
        # Of a rollback what the former one had is none of this one's.
        (*[one for one in evidence.used if one.kind != HEALTH], *_health(desk, to)),
        dict(wish.change or {}),
        predecessor,
        None if back_to is None else (desk.log.origin, back_to.index),
        render_time(time.time_ns() // _MS_NS),
        secrets.token_hex(16),
    )


def _health(desk: Desk, to: Place) -> Iterator[EvidenceUsed]:
    """How the devices were when it was asked for; they are judged anew when it is made."""
    for one in desk.pools(to).used:
        yield EvidenceUsed(HEALTH, one.health.digest, render_time(one.health.observed_ms), one.healthy, {})


def _below(desk: Desk, model: ModelIdentity, digest: str, environment: str, to: str) -> Promotion:
    """The latest promotion of these bytes into the environment below that stands. Raises TrailError without any.

    It need not be what runs there now: while one version waits for its approvals the next one may come.
    """
    made = desk.log.history.promotions(model.model, environment)
    standing = [
        one
        for one in made
        if one.promoted.version == model.version
        and one.promoted.subject == digest
        and one.revoked is None
        and desk.log.history.is_sound(one)
    ]
    if standing:
        return standing[-1]
    other = made[-1] if made else None
    raise TrailError(
        f"{model.shown} with these bytes was not promoted to {environment} by the trail, and {to} takes nothing else",
        hint=f"promote it there first: lockgate promote --to {environment}"
        if other is None
        else f"the last that came there is {other.promoted.version or 'without a version'}, {other.promoted.subject}, by entry {other.index}",
    )


def _digest(found: Found, wish: Wish, evidence: ModelEvidence) -> str:
    """Of the bytes: whoever says it has to say the same."""
    given = f"sha256:{digest_of(wish.digest)}" if wish.digest else ""
    said = {one for one in (found.use.pinned_digest, evidence.digest, given) if one}
    # An image's digest is of its manifest, and facts are of what is in it: then the facts' counts.
    if evidence.digest and found.use.pinned_digest and not given:
        said = {evidence.digest}
    if not said:
        reason = f": {evidence.reasons[0]}" if evidence.reasons else ""
        raise TrailError(
            f"which bytes {found.use.uri} has is not known{reason}",
            hint="scan it and sign what is found (lockgate scan --sign), and give that with --model-facts and --facts-trust",
        )
    if len(said) > 1:
        raise TrailError(
            f"{found.use.uri} has other bytes than is said: {', '.join(sorted(said))}",
            hint="scan what lies there now",
        )
    return said.pop()


def _refuse_credentials(found: Found, wish: Wish) -> None:
    """A statement is shown as it is to whoever approves it, and kept."""
    use = found.use
    wanted = (wish.cluster, wish.namespace, wish.digest, wish.to)
    parts: tuple[tuple[str, Value], ...] = (
        ("the reference of the model", use.uri),
        ("what runs the model", [one.shown for one in use.beside]),
        ("the flags", [*use.flags]),
        ("the change", dict(wish.change or {})),
        ("the options", [*wanted]),
    )
    for name, value in parts:
        (masked,) = mask_values([value]).values
        if not equal(masked, value):
            raise FormatError(
                f"there is a credential in {name}, which would be shown and kept",
                hint="take it out, and change it: it is known to whoever read this",
            )


def _without_credentials(text: str) -> str:
    """A reference that is quoted in a message."""
    (masked,) = mask_values([text]).values
    return masked if isinstance(masked, str) else "a reference"
