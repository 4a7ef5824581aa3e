"""Whose resolutions count: producers who may speak of the reference, as of its facts, and how old they may be.

What a moving reference was a name for may be something else by now, so somebody's word of it counts only where a trust
policy says for how long, from when a log had it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from lockgate.audit.attestations.facts_trust import (
    FactsTrust,
    Producer,
    Recorded,
    allowed_producers,
    first_recorded,
)
from lockgate.audit.attestations.resolution_statement import (
    ResolutionStatement,
    SaidResolution,
    parse_resolutions,
)
from lockgate.audit.dsse import Envelope, parse_envelope
from lockgate.audit.errors import UnverifiableError

WHAT: Final = "resolutions"
_MS: Final = 1000
_AGAIN: Final = "resolve the reference again (lockgate scan resolve --sign), and record that"


@dataclass(frozen=True, slots=True)
class SignedResolutions:
    """An envelope, read."""

    envelope: Envelope
    statement: ResolutionStatement
    envelope_sha256: str


@dataclass(frozen=True, slots=True)
class TrustedResolution:
    """A resolution that counts, and who vouches for it. recorded_ms: None where no log says when."""

    said: SaidResolution
    producers: tuple[str, ...]
    recorded_ms: int | None


def parse_signed_resolutions(data: bytes) -> SignedResolutions:
    """What an envelope says, of which nothing is believed yet. Raises FormatError or InputError."""
    envelope = parse_envelope(data)
    return SignedResolutions(envelope, parse_resolutions(envelope.payload), sha256(data).hexdigest())


@dataclass(frozen=True, slots=True)
class AskedOf:
    """What resolutions are asked of. is_moving: may the reference be a name for something else by now?"""

    now_ms: int
    environment: str
    is_moving: bool


def counted_resolution(
    signed: SignedResolutions,
    said: SaidResolution,
    signers: Sequence[Producer],
    trust: FactsTrust,
    asked: AskedOf,
    records: Sequence[Recorded] = (),
) -> TrustedResolution:
    """One of the resolutions, if these signers' word counts (`signers_of`). Raises UnverifiableError."""
    producers = allowed_producers(signers, (said.reference,), asked.environment, WHAT)
    recorded = first_recorded(signed.envelope_sha256, records)
    _check_age(recorded, trust.maximum_resolution_age_s, asked)
    return TrustedResolution(said, tuple([one.name for one in producers]), recorded)


def _check_age(recorded: int | None, maximum_s: int | None, asked: AskedOf) -> None:
    if maximum_s is None:
        if asked.is_moving:
            raise UnverifiableError(
                "the reference moves, and for how long anybody's word of it counts is not said",
                hint="write what it is into the manifest, or set maximum-resolution-age in the trust file",
            )
        return
    if recorded is None:
        raise UnverifiableError(
            "no log says when the resolution was there, and its age counts",
            hint="record it (lockgate audit record), and give the proof (lockgate audit prove)",
        )
    age = (asked.now_ms - recorded) // _MS
    if age > maximum_s:
        raise UnverifiableError(
            f"the resolution was recorded {age // 3_600} hours ago; at most {maximum_s // 3_600} are allowed",
            hint=_AGAIN,
        )


def latest(found: Sequence[TrustedResolution]) -> TrustedResolution:
    """The one that counts of those of one reference. Raises UnverifiableError where they differ, and which is last is not known."""
    first = found[0]
    if all(one.said.resolved == first.said.resolved for one in found):
        return max(found, key=lambda one: -1 if one.recorded_ms is None else one.recorded_ms)
    moments = [one.recorded_ms for one in found if one.recorded_ms is not None]
    last = [one for one in found if one.recorded_ms == max(moments, default=None)]
    if len(moments) != len(found) or len({one.said.resolved for one in last}) != 1:
        raise UnverifiableError(
            "resolutions say different things of it, and no log says which is the last", hint=_AGAIN
        )
    return last[0]
