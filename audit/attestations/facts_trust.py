"""Whose facts count: producers by key, for which repositories and environments; which scanners; and how old they may be.

The age is counted from when a log recorded the envelope. What its signer says of the time counts for nothing: a key that
was lost would be young for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from lockgate.audit.attestations.facts_statement import FactsStatement, parse_facts, render_version
from lockgate.audit.dsse import IN_TOTO, Envelope, PublicKey, parse_envelope, verify_envelope
from lockgate.audit.errors import UnverifiableError, VerificationError

ANY: Final = "*"
_MS: Final = 1000


@dataclass(frozen=True, slots=True)
class Producer:
    """Who may sign facts. repositories: references, `*` at the end for all that begin so; environments: names, or `*`."""

    name: str
    key: PublicKey
    repositories: tuple[str, ...]
    environments: tuple[str, ...]

    def may_speak_of(self, reference: str) -> bool:
        """May it sign facts of what lies there?"""
        return any(
            reference.startswith(one[:-1]) if one.endswith(ANY) else reference == one
            for one in self.repositories
        )

    def may_speak_in(self, environment: str) -> bool:
        """Do its facts count in an environment? In one that nobody named, those that count in each."""
        return ANY in self.environments or (environment != "" and environment in self.environments)


@dataclass(frozen=True, slots=True)
class FactsTrust:
    """The whole policy. maximum_age_s: None where age does not count; maximum_resolution_age_s: of what a moving reference is said
    to be, None where nobody's word of that counts.
    """

    producers: tuple[Producer, ...]
    minimum_scanner: tuple[int, ...] = (0,)
    minimum_rules: int = 0
    revoked_scanners: frozenset[tuple[int, ...]] = frozenset()
    maximum_age_s: int | None = None
    maximum_resolution_age_s: int | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A log has it that this envelope was there at a moment."""

    envelope_sha256: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What facts are asked of. reference and digest: empty where only the other is known."""

    now_ms: int
    reference: str = ""
    digest: str = ""
    environment: str = ""


@dataclass(frozen=True, slots=True)
class SignedFacts:
    """An envelope, read."""

    envelope: Envelope
    statement: FactsStatement
    envelope_sha256: str


@dataclass(frozen=True, slots=True)
class TrustedFacts:
    """Facts that count, and the producers who vouch for them. recorded_ms: None where no log says when."""

    statement: FactsStatement
    producers: tuple[str, ...]
    recorded_ms: int | None


def verify_facts(
    data: bytes, trust: FactsTrust, asked: Asked, records: Sequence[Recorded] = ()
) -> TrustedFacts:
    """The facts in an envelope, if they count for what is asked.

    Raises UnverifiableError where nobody who is trusted vouches for them, VerificationError where they are of another
    artefact, FormatError or InputError for what cannot be read.
    """
    envelope = parse_envelope(data)
    signers = signers_of(envelope, trust)
    return counted_facts(
        SignedFacts(envelope, parse_facts(envelope.payload), sha256(data).hexdigest()),
        signers,
        trust,
        asked,
        records,
    )


def parse_signed_facts(data: bytes) -> SignedFacts:
    """What an envelope says, of which nothing is believed yet. Raises FormatError or InputError."""
    envelope = parse_envelope(data)
    return SignedFacts(envelope, parse_facts(envelope.payload), sha256(data).hexdigest())


def counted_facts(
    signed: SignedFacts,
    signers: Sequence[Producer],
    trust: FactsTrust,
    asked: Asked,
    records: Sequence[Recorded] = (),
) -> TrustedFacts:
    """The facts, if these signers' word counts for what is asked (`signers_of`). Raises as `verify_facts` does."""
    statement = signed.statement
    if asked.digest and asked.digest != statement.digest:
        raise VerificationError(
            f"the facts are of sha256:{statement.digest}, and not of sha256:{asked.digest}",
            hint="the artefact was changed since it was scanned, or these are another artefact's facts",
        )
    if asked.reference and asked.reference not in statement.references:
        raise VerificationError(
            f"the facts do not say that they are of {asked.reference}",
            hint="sign them with lockgate scan --reference, for each place where the artefact lies",
        )
    _check_scanner(statement, trust)
    # Without a reference, of every place that the facts name.
    wanted = (asked.reference,) if asked.reference else statement.references or ("",)
    producers = allowed_producers(signers, wanted, asked.environment)
    recorded = first_recorded(signed.envelope_sha256, records)
    _check_age(recorded, trust, asked)
    return TrustedFacts(statement, tuple([one.name for one in producers]), recorded)


def signers_of(envelope: Envelope, trust: FactsTrust, what: str = "facts") -> tuple[Producer, ...]:
    """Those whose key signed. One key may have several producers: what counts in one environment, and in another.

    Raises UnverifiableError where none did.
    """
    found = tuple([one for one in trust.producers if _has_signed(envelope, one.key)])
    if not found:
        raise UnverifiableError(
            f"no producer that is trusted signed the {what}",
            hint="they were changed, or somebody else signed them",
        )
    return found


def _has_signed(envelope: Envelope, key: PublicKey) -> bool:
    try:
        verify_envelope(envelope, {"it": key}, IN_TOTO)
    except VerificationError:
        return False
    return True


def _check_scanner(statement: FactsStatement, trust: FactsTrust) -> None:
    scanner = statement.scanner
    if scanner.version in trust.revoked_scanners:
        raise UnverifiableError(f"the scanner was revoked: {scanner.shown}", hint="scan the artefact again")
    if scanner.version < trust.minimum_scanner:
        raise UnverifiableError(
            f"the scanner is too old: {scanner.shown}; {render_version(trust.minimum_scanner)} is demanded",
            hint="scan the artefact again",
        )
    if scanner.rules < trust.minimum_rules:
        raise UnverifiableError(
            f"the scanner's rules are too old: {scanner.shown}; {trust.minimum_rules} are demanded",
            hint="scan the artefact again",
        )


def allowed_producers(
    signers: Sequence[Producer], references: Sequence[str], environment: str, what: str = "facts"
) -> list[Producer]:
    """Those who may speak of each of the references, in an environment. Raises UnverifiableError where there are none."""
    here = [one for one in signers if one.may_speak_in(environment)]
    if not here:
        if not environment:
            raise UnverifiableError(
                f"{_names(signers)} signed the {what}, whose word counts in some environments only",
                hint="say where the model is to run (--environment)",
            )
        raise UnverifiableError(
            f"{_names(signers)} signed the {what}, whose word does not count in {environment}",
            hint=f"have an approved producer of this environment sign the {what}",
        )
    found = [one for one in here if all(one.may_speak_of(reference) for reference in references)]
    if not found:
        raise UnverifiableError(
            f"{_names(here)} signed the {what}, and may not speak of {', '.join(references)[:200] or 'what is named nowhere'}",
            hint=f"have an approved producer of that repository sign the {what}",
        )
    return found


def _names(producers: Sequence[Producer]) -> str:
    return ", ".join([one.name for one in producers])


def first_recorded(envelope_sha256: str, records: Sequence[Recorded]) -> int | None:
    """When the log had it first: being recorded again makes nothing younger."""
    moments = [one.at_ms for one in records if one.envelope_sha256 == envelope_sha256]
    return min(moments) if moments else None


def _check_age(recorded: int | None, trust: FactsTrust, asked: Asked) -> None:
    if trust.maximum_age_s is None:
        return
    if recorded is None:
        raise UnverifiableError(
            "no log says when the facts were there, and their age counts",
            hint="record them (lockgate audit record), and give the proof (lockgate audit prove)",
        )
    age = (asked.now_ms - recorded) // _MS
    if age > trust.maximum_age_s:
        raise UnverifiableError(
            f"the facts were recorded {age // 86_400} days ago; at most {trust.maximum_age_s // 86_400} are allowed",
            hint="scan the artefact again, and record its facts",
        )
