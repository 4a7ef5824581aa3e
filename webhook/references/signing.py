"""Signs what references were found to be: an in-toto statement in a DSSE envelope."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lockgate.webhook.output import write_output
from lockgate.webhook.references.resolution import Resolution, Resolved
from lockgate.webhook.version import VERSION

if TYPE_CHECKING:
    from lockgate.audit.keys.pem_key import PemKey


def why_not_signed(resolution: Resolution) -> str | None:
    """What keeps a resolution from being signed; None where nothing does."""
    end = resolution.end
    if not isinstance(end, Resolved):
        return end.reason
    if end.how == "name":
        return "nobody compares its digest"
    if end.how == "signed":
        return "it is signed already, and was not looked up again"
    if end.uri == resolution.reference.uri:
        return "it names its bytes itself"
    return None


def sign_resolutions(found: Iterable[Resolution], key: "PemKey", place: str) -> None:
    """Writes the envelope of resolutions that may be signed. Raises FormatError or UsageError."""
    from lockgate.audit.attestations.resolution_statement import SaidResolution, render_resolutions
    from lockgate.audit.dsse import IN_TOTO, render_envelope

    said: dict[SaidResolution, list[str]] = {}
    for one in found:
        end = one.end
        assert isinstance(end, Resolved)
        resolution = SaidResolution(one.reference.uri, end.uri, end.digest.algorithm, end.digest.hex)
        said[resolution] = [step.uri for step in one.steps]
    moment = datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    payload = render_resolutions(said, {"name": "lockgate", "version": VERSION}, moment)
    data = render_envelope(key.sign_envelope(IN_TOTO, payload))
    write_output(data.decode("ascii") + "\n", place)
