"""`lockgate audit prove`: a proof for one entry, or that a stream is complete, which others can check on their own."""

from dataclasses import replace

import click
from lockgate.audit.completeness import prove_stream, render_stream_proof
from lockgate.audit.tlog_proof import render_tlog_proof
from lockgate.engine.errors import UsageError
from lockgate.webhook.audit_options import EPILOG, OUTPUT, TRAIL
from lockgate.webhook.output import write_output
from lockgate.webhook.trail_reading import open_reading


@click.command(epilog=EPILOG)
@click.argument("index", type=click.IntRange(min=0), required=False, metavar="INDEX")
@click.option(
    "--stream", metavar="NAME", help="Prove how many entries a stream has, or that it does not exist."
)
@click.option(
    "--entry", metavar="FILE", help="Write the entry's bytes there too, which the proof has with it."
)
@OUTPUT
@TRAIL
def prove(index: int | None, stream: str | None, entry: str | None, output: str | None, home: str) -> None:
    """Writes a proof that an entry is in the log (c2sp.org/tlog-proof@v1), or one for a whole stream (JSON).

    Without the log's key from elsewhere a proof shows nothing to whoever is given it. `lockgate audit verify --proof`
    checks one.

    \b
    Examples:
      lockgate audit prove 12 --trail trail/ --output 12.tlog-proof
      lockgate audit prove --stream model/fraud/prod --trail trail/ --output fraud.json
    """
    if (index is None) == (stream is None):
        raise UsageError("prove one entry or one stream", hint="give INDEX or --stream NAME")
    with open_reading(home) as reading:
        standing = reading.standing()
        if stream is not None:
            made = prove_stream(reading.reader, standing, stream)
            write_output(render_stream_proof(made).decode(), output)
            told = f"{len(made.entries)} entries of {stream} among the first {made.size} of the log"
        else:
            assert index is not None
            proven = standing.prove(index)
            write_output(render_tlog_proof(replace(proven.proof, extra=proven.entry)).decode(), output)
            told = standing.assurance.statement(index)
            if entry is not None:
                write_output(proven.entry.decode(), entry)
        click.echo(f"{told} ({standing.assurance.state})" if stream else told, err=True)
