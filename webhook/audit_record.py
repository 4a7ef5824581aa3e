"""`lockgate audit record`: signed statements that were shown to the log, such as facts of models."""

from hashlib import sha256
from typing import Final

import click
from lockgate.audit.attestations.statement import parse_statement
from lockgate.audit.dsse import IN_TOTO, MAX_ENVELOPE, parse_envelope
from lockgate.audit.errors import FormatError
from lockgate.webhook.appending import append_one
from lockgate.webhook.audit_options import ACTOR, EPILOG, TRAIL
from lockgate.webhook.policy_bundle.files import read_regular
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail import current_user, open_trail

_SHA256: Final = "sha256"


@click.command(epilog=EPILOG)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@ACTOR
@TRAIL
def record(files: tuple[str, ...], actor: str | None, home: str) -> None:
    """Records in-toto statements in DSSE envelopes: that each was there, and since when.

    Nobody is asked whose signature it is; whoever verifies a statement does that. One that is recorded again keeps its
    first time.

    \b
    Example:
      lockgate audit record fraud.facts.dsse.json --trail trail/
      lockgate audit prove 12 --trail trail/ --output 12.tlog-proof
      lockgate scan verify fraud.facts.dsse.json --trust facts-trust.toml --proof 12.tlog-proof --log-key ci.vkey
    """
    given = [(path, read_regular(path, printable(path), MAX_ENVELOPE)) for path in files]
    told = [(path, data, *_about(path, data)) for path, data in given]
    with open_trail(home) as trail:
        recorder = trail.recorder()
        for path, data, predicate, subject in told:
            receipt = append_one(
                trail,
                recorder.statement(sha256(data).hexdigest(), predicate, subject, actor or current_user()),
            )
            click.echo(f"{printable(path)}: entry {receipt.index}")


def _about(path: str, data: bytes) -> tuple[str, str]:
    """The type of what a statement says, and the digest of what it is about. Raises FormatError or InputError."""
    envelope = parse_envelope(data)
    if envelope.payload_type != IN_TOTO:
        raise FormatError(f"{printable(path)} holds {envelope.payload_type!r}, and no in-toto statement")
    statement = parse_statement(envelope.payload, printable(path))
    digests = {one.digests.get(_SHA256, "") for one in statement.subjects}
    return statement.predicate_type, digests.pop() if len(digests) == 1 else ""
