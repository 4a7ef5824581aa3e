"""Signed resolutions in files, verified by a trust file of one's own: what trusted producers say that references are."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, final

from lockgate.audit.attestations.facts_trust import FactsTrust, Recorded, signers_of
from lockgate.audit.attestations.resolution_statement import SaidResolution
from lockgate.audit.attestations.resolution_trust import (
    WHAT,
    AskedOf,
    SignedResolutions,
    TrustedResolution,
    counted_resolution,
    latest,
    parse_signed_resolutions,
)
from lockgate.audit.errors import UnverifiableError
from lockgate.audit.times import render_time
from lockgate.engine.record import record
from lockgate.webhook.references.content import ContentResolver
from lockgate.webhook.references.envelopes import read_envelopes
from lockgate.webhook.references.reference import Reference, read_references
from lockgate.webhook.references.resolution import Digest, Outcome, Resolved

SUFFIX: Final = ".resolution.dsse.json"


def is_resolution_file(path: str) -> bool:
    """Does a file hold resolutions, by its name?"""
    return path.endswith(SUFFIX)


@record
class CountedResolutions:
    """What counts by reference, in its one spelling, and why others do not: (file, reference, reason)."""

    found: Mapping[str, TrustedResolution]
    left_out: tuple[tuple[str, str, str], ...]

    def reasons(self) -> dict[str, str]:
        """Of references of which nobody's word counts."""
        return {reference: reason for _, reference, reason in self.left_out if reference not in self.found}


NONE: Final = CountedResolutions({}, ())


def read_resolutions(files: Iterable[str], cwd: str) -> Iterator[tuple[str, SignedResolutions]]:
    """Envelopes, with the files as they are shown. Raises LockgateError, naming the file that holds no resolutions."""
    return read_envelopes(files, cwd, parse_signed_resolutions)


def count_resolutions(
    files: Iterable[tuple[str, SignedResolutions]],
    trust: FactsTrust,
    environment: str,
    records: Sequence[Recorded],
    now_ms: int,
) -> CountedResolutions:
    """Verifies envelopes, as they are shown, and each resolution in them. Raises EvaluationError where the rules cannot read them."""
    found: dict[str, list[TrustedResolution]] = {}
    left_out: list[tuple[str, str, str]] = []
    for shown, signed in files:
        said = signed.statement.resolutions
        read = read_references([text for one in said for text in (one.reference, one.resolved)])
        try:
            signers = signers_of(signed.envelope, trust, WHAT)
        except UnverifiableError as error:
            left_out += [(shown, one.reference, error.message) for one in said]
            continue
        for one in said:
            try:
                _check(one, read)
                asked = AskedOf(now_ms, environment, read[one.reference].pin != "version")
                counted = counted_resolution(signed, one, signers, trust, asked, records)
                found.setdefault(one.reference, []).append(counted)
            except UnverifiableError as error:
                left_out.append((shown, one.reference, error.message))
    chosen: dict[str, TrustedResolution] = {}
    for reference, several in found.items():
        try:
            chosen[reference] = latest(several)
        except UnverifiableError as error:
            left_out.append(("", reference, error.message))
    return CountedResolutions(chosen, tuple(left_out))


def _check(said: SaidResolution, read: Mapping[str, Reference]) -> None:
    """Is it a resolution at all, whoever says so? Raises UnverifiableError."""
    reference, resolved = read[said.reference], read[said.resolved]
    if reference.pin in ("content", "unknown", "unreadable"):
        raise UnverifiableError("it names its bytes itself, or cannot be read: nobody can say what it is")
    if reference.uri != reference.text or resolved.uri != resolved.text:
        raise UnverifiableError("the resolution is not in the one spelling of references")
    end = ContentResolver().resolve(resolved)
    named = end.digest if isinstance(end, Resolved) and end.how == "content" else None
    if named != Digest(said.algorithm, said.digest):
        raise UnverifiableError(f"it is resolved to {resolved.text[:200]}, which does not name these bytes")


@final
class SignedResolver:
    """Resolves by what counts."""

    def __init__(self, counted: CountedResolutions) -> None:
        self._counted = counted

    @property
    def name(self) -> str:
        """What it is called."""
        return "signed"

    def resolve(self, reference: Reference) -> Outcome | None:
        """What a trusted producer says that the reference is; None where none does."""
        found = self._counted.found.get(reference.uri)
        if found is None:
            return None
        said = found.said
        at = "" if found.recorded_ms is None else f", recorded {render_time(found.recorded_ms)}"
        note = f"signed by {', '.join(found.producers)}{at}"
        return Resolved(Digest(said.algorithm, said.digest), said.resolved, "signed", note)
