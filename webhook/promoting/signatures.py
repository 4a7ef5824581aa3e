"""Who asked for a promotion and who approved it: what they signed, verified again by the identity map as it is now."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from lockgate.audit.dsse import IN_TOTO, Envelope, envelope_of, verify_envelope
from lockgate.audit.errors import FormatError, TrailError, UnverifiableError, VerificationError
from lockgate.audit.promotions.approval import parse_approval
from lockgate.audit.promotions.history import Approval, Assurance
from lockgate.audit.promotions.identities import Identities, Identity, IdentityKind, Person
from lockgate.audit.promotions.statement import parse_promotion
from lockgate.audit.promotions.token import verify_token
from lockgate.engine.record import record
from lockgate.webhook.promoting.asking_options import ON_BEHALF
from lockgate.webhook.promoting.given_approvals import reviewing_account
from lockgate.webhook.promoting.promotion_log import Asked, PromotionLog
from lockgate.webhook.terminal import printable

# What an approval is worth, by how its person is known.
ASSURANCES: Final[Mapping[IdentityKind, Assurance]] = {"key": "key", "token": "token", "account": "imported"}


@record
class Reverified:
    """What somebody said of a promotion, verified again. what: `statement` or `approval`; entry: that has it. person: "" where it is
    nobody of the map, or not as it was signed; then `error` says why."""

    what: str
    entry: int
    person: str
    error: TrailError | None


class Signatures:
    """Verifies them for one log. pseudonym: of a person, by which entries name them."""

    def __init__(self, log: PromotionLog, identities: Identities, pseudonym: Callable[[str], str]) -> None:
        self._log: Final = log
        self._identities: Final = identities
        self._pseudonym: Final = pseudonym

    def reverify(self, asked: Asked, approvals: tuple[int, ...]) -> Iterator[Reverified]:
        """The statement, and the approvals that a promotion rests on."""
        yield _said("statement", asked.request.index, partial(self.person_who_asks, asked))
        for index in approvals:
            approval = self._log.history.approval(index)
            yield _said("approval", index, partial(self.person_who_approved, asked, approval))

    def person_who_asks(self, asked: Asked) -> Person:
        """Who asked, and signed the statement. Raises TrailError where that is nobody, or somebody else."""
        name = asked.request.key
        key = self._identities.key(name)
        if key is None:
            raise UnverifiableError(f"the key {name or '(none)'} is of nobody in the identity map")
        person = self._identities.asker(name, asked.statement.change.get(ON_BEHALF, ""))
        if (
            person is None
            or self._pseudonym(person.name) != asked.request.requester
            or person.name != asked.statement.requester
        ):
            raise UnverifiableError(f"the key {name} is of another person than when they asked")
        verify_envelope(envelope_of(asked.envelope), {name: key}, IN_TOTO)
        return person

    def person_who_approved(self, asked: Asked, approval: Approval) -> Person:
        """Who approved. Raises TrailError where that is nobody, or somebody else."""
        details = self._log.details(approval.index)
        identity = self.verify_approval(
            details, asked.payload, asked.request.promoted.statement, self._log.time_ms(approval.index)
        )
        if ASSURANCES.get(identity.kind) != approval.assurance:
            raise VerificationError(
                f"the entry says that it was by {approval.assurance}, and what it shows is {identity.shown}"
            )
        if identity.kind == "key" and identity.value != approval.key:
            raise VerificationError("the key that signed the approval is another one than its entry names")
        person = self._identities.approver(identity)
        if person is None or self._pseudonym(person.name) != approval.approver:
            raise UnverifiableError(
                f"{identity.shown} is no person of the identity map, or another one than when it approved"
            )
        asked_by = self._identities.requester(Identity("key", asked.request.key))
        if asked_by is not None and asked_by.name == person.name and not asked.request.own_approval:
            # Also where it asked on behalf of somebody else: whoever answers for a bot could have it ask for anybody.
            raise UnverifiableError(f"{person.name} answers for the key that asked, and does not approve it")
        return person

    def verify_approval(
        self, details: Mapping[str, Any], payload: bytes, statement: str, moment_ms: int
    ) -> Identity:
        """Who approves a statement by what is shown: an `envelope`, a `token` or an `account`. Raises TrailError."""
        if "envelope" in details:
            return Identity("key", self._approving_key(envelope_of(details["envelope"]), statement))
        if "token" in details:
            token = verify_token(str(details["token"]).encode(), self._identities.issuers, payload, moment_ms)
            return Identity("token", f"{token.issuer} {token.subject}")
        if "account" in details:
            return reviewing_account(details, parse_promotion(payload), self._identities)
        raise UnverifiableError("the approval shows nothing that could be verified")

    def _approving_key(self, envelope: Envelope, statement: str) -> str:
        """The fingerprint of the key that signed an approval of this very statement. Raises TrailError."""
        if envelope.payload_type != IN_TOTO:
            raise FormatError(f"the approval holds {printable(envelope.payload_type[:80])}, not {IN_TOTO}")
        try:
            (signer, *_) = verify_envelope(envelope, self._identities.keys(), IN_TOTO)
        except VerificationError:
            raise UnverifiableError(
                "nobody of the identity map signed the approval",
                hint="it was changed, or the key is of somebody who is not in the map",
            ) from None
        if parse_approval(envelope.payload).statement != statement:
            raise UnverifiableError(
                "the approval is of another statement", hint="approve this one: lockgate approve"
            )
        return signer


def _said(what: str, entry: int, who: Callable[[], Person]) -> Reverified:
    try:
        return Reverified(what, entry, who().name, None)
    except TrailError as error:
        return Reverified(what, entry, "", error)
