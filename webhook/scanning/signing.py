"""Signs the facts of an artefact: an in-toto statement in a DSSE envelope, in a file beside the artefact."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from lockgate.engine.facts.document import RULES_VERSION
from lockgate.engine.record import record
from lockgate.webhook.output import write_output
from lockgate.webhook.scanning.scanned import Artefact
from lockgate.webhook.version import VERSION

if TYPE_CHECKING:
    from lockgate.audit.keys.pem_key import PemKey

SUFFIX: Final = ".facts.dsse.json"
SCANNER: Final = "lockgate"


@record
class SigningRequest:
    """What is signed besides the facts, and with what. output: where to; beside the artefact where it is None."""

    key: "PemKey"
    references: tuple[str, ...]
    output: str | None


def place_of_facts(artefact: Artefact) -> str:
    """Beside the artefact: in a folder it would be part of what it is about."""
    return str(artefact.place) + SUFFIX


def sign_facts(
    document: Mapping[str, Any], evidence: Sequence[Mapping[str, Any]], request: SigningRequest, place: str
) -> None:
    """Writes the envelope. Raises FormatError or UsageError."""
    from lockgate.audit.attestations.facts_statement import render_facts
    from lockgate.audit.dsse import IN_TOTO, MAX_ENVELOPE, render_envelope
    from lockgate.audit.errors import FormatError

    scanner = {"name": SCANNER, "version": VERSION, "rules": RULES_VERSION}
    moment = datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    payload = render_facts(document, scanner, request.references, evidence, moment)
    data = render_envelope(request.key.sign_envelope(IN_TOTO, payload))
    if len(data) > MAX_ENVELOPE:
        raise FormatError(
            f"the signed facts would have {len(data)} bytes, and {MAX_ENVELOPE} are read",
            hint="scan parts of the artefact",
        )
    write_output(data.decode("ascii") + "\n", place)
