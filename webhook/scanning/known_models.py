"""What is known of models: signed facts and resolutions in files and folders, verified here, as the provider `lockgate-models` answers.

Nothing that comes with the facts is trusted: whose they have to be, a trust file of one's own says. A reference for which
none counts has the reason as its error, and every other reference has an error too: a policy that asks for facts refuses
a model of which nothing is known.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from lockgate.audit.attestations.facts_trust import (
    Asked,
    FactsTrust,
    Recorded,
    SignedFacts,
    TrustedFacts,
    counted_facts,
    parse_signed_facts,
    signers_of,
)
from lockgate.audit.errors import UnverifiableError, VerificationError
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.webhook.model_facts import ModelFacts
from lockgate.webhook.policy_bundle.trust_roots import TrustRoots
from lockgate.webhook.policy_sources import parse_documents
from lockgate.webhook.references.envelopes import read_envelopes
from lockgate.webhook.references.signed import SUFFIX as RESOLUTIONS
from lockgate.webhook.references.signed import (
    CountedResolutions,
    count_resolutions,
    is_resolution_file,
    read_resolutions,
)
from lockgate.webhook.scan_verify import read_records
from lockgate.webhook.scanning.answers import external_data
from lockgate.webhook.scanning.signing import SUFFIX
from lockgate.webhook.scanning.trust_file import read_facts_trust
from lockgate.webhook.terminal import printable
from lockgate.webhook.walk import shown_path

# Beside an envelope: the proof that a log recorded it.
PROOF_SUFFIX: Final = ".proof"
# Of one folder: each envelope has up to MAX_ENVELOPE bytes, and a hundred references.
MAX_FILES: Final = 10_000
_PLACE: Final = "signed facts of models"


@record
class Counted:
    """What counts by reference, and why other facts do not: (file, reference, reason)."""

    facts: dict[str, list[TrustedFacts]]
    left_out: tuple[tuple[str, str, str], ...]

    def reasons(self) -> dict[str, str]:
        """Of references for which nothing counts."""
        return {reference: reason for _, reference, reason in self.left_out if reference not in self.facts}


def count_facts(
    files: Iterable[tuple[str, SignedFacts]],
    trust: FactsTrust,
    environment: str,
    records: Sequence[Recorded],
    now_ms: int,
) -> Counted:
    """Verifies envelopes, as they are shown, and for every reference that each names whose word counts."""
    found: dict[str, list[TrustedFacts]] = {}
    left_out: list[tuple[str, str, str]] = []
    for shown, signed in files:
        references = signed.statement.references
        try:
            signers = signers_of(signed.envelope, trust)
        except UnverifiableError as error:
            left_out += [(shown, reference, error.message) for reference in references]
            continue
        for reference in references:
            asked = Asked(now_ms, reference, "", environment)
            try:
                facts = counted_facts(signed, signers, trust, asked, records)
                found.setdefault(reference, []).append(facts)
            except (UnverifiableError, VerificationError) as error:
                left_out.append((shown, reference, error.message))
    return Counted(found, tuple(left_out))


def facts_files(paths: Sequence[str], cwd: str) -> Iterator[str]:
    """Envelopes with facts: files that are named, and those of folders whose names end in SUFFIX. Raises UsageError."""
    return (one for one in signed_files(paths, cwd) if not is_resolution_file(one))


def signed_files(paths: Sequence[str], cwd: str) -> Iterator[str]:
    """Envelopes with facts and with resolutions, which are told apart by their names. Raises UsageError."""
    count = 0
    for path in paths:
        place = os.path.join(cwd, path)
        if not os.path.exists(place):
            raise UsageError(
                f"{printable(shown_path(path, cwd))} does not exist", hint="name signed facts of models"
            )
        for one in _in_folder(place) if os.path.isdir(place) else (place,):
            count += 1
            if count > MAX_FILES:
                raise UsageError(f"there are more than {MAX_FILES} files of signed facts")
            yield one


def _in_folder(place: str) -> Iterator[str]:
    for folder, folders, names in os.walk(place):
        folders.sort()
        for name in sorted(names):
            if name.endswith((SUFFIX, RESOLUTIONS)):
                yield os.path.join(folder, name)


def watched_files(given: ModelFacts, cwd: str) -> Iterator[str]:
    """The files by which what is known changes."""
    if given.trust:
        yield os.path.join(cwd, given.trust)
    for one in signed_files(given.paths, cwd):
        yield one
        yield one + PROOF_SUFFIX


def proofs_beside(files: Iterable[str], log_keys: Sequence[str]) -> tuple[str, ...]:
    """Proofs that lie beside envelopes, where there is a key by which they count."""
    return tuple([one + PROOF_SUFFIX for one in files if log_keys and os.path.exists(one + PROOF_SUFFIX)])


def known_models(given: ModelFacts, cwd: str, now_ms: int, roots: TrustRoots | None = None) -> Document:
    """An object of kind ExternalData with what is known. roots: in place of the trust file and keys that are given.

    Raises LockgateError, naming the file that cannot be read.
    """
    if roots is None:
        roots = TrustRoots(read_facts_trust(os.path.join(cwd, given.trust)), given.log_keys)
    trust = roots.facts
    files = [*signed_files(given.paths, cwd)]
    records = read_records(proofs_beside(files, roots.log_keys), roots.log_keys, now_ms)
    counted, resolutions = count_signed(files, cwd, trust, Verifying(given.environment, records, now_ms))
    made = external_data(counted.facts, counted.reasons(), resolutions)
    (document,) = parse_documents(_PLACE, json.dumps(made).encode())
    return document


@record
class Verifying:
    """Where the models are to run, when logs had what, and what time it is."""

    environment: str
    records: Sequence[Recorded]
    now_ms: int


def count_signed(
    files: Sequence[str], cwd: str, trust: FactsTrust, asked: Verifying
) -> tuple[Counted, CountedResolutions]:
    """Verifies facts and resolutions in files. Raises LockgateError, naming the file that cannot be read."""
    facts = read_facts([one for one in files if not is_resolution_file(one)], cwd)
    counted = count_facts(facts, trust, asked.environment, asked.records, asked.now_ms)
    resolutions = read_resolutions([one for one in files if is_resolution_file(one)], cwd)
    return counted, count_resolutions(resolutions, trust, asked.environment, asked.records, asked.now_ms)


def read_facts(files: Iterable[str], cwd: str) -> Iterator[tuple[str, SignedFacts]]:
    """Envelopes, with the files as they are shown. Raises LockgateError, naming the file that holds no facts."""
    return read_envelopes(files, cwd, parse_signed_facts)
