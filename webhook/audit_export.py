"""`lockgate audit export`: the log as a folder that anybody can verify."""

from pathlib import Path

import click
from lockgate.audit.export import ExportRequest, export_trail
from lockgate.engine.codegen.values import Value
from lockgate.webhook.appending import append_one
from lockgate.webhook.audit_options import ACTOR, EPILOG, TRAIL
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail import current_user, open_trail
from lockgate.webhook.trail_config import LOG_KEY


@click.command(epilog=EPILOG)
@click.argument("folder", metavar="DIR")
@click.option(
    "--bodies",
    type=click.Choice(["none", "sealed", "opened"]),
    default="sealed",
    help="What was judged and said: left out, sealed as it is kept (the default), or with the keys that open it.",
)
@click.option(
    "--prove",
    "proofs",
    multiple=True,
    type=click.IntRange(min=0),
    metavar="INDEX",
    help="Add a proof for an entry.",
)
@ACTOR
@TRAIL
def export(folder: str, bodies: str, proofs: tuple[int, ...], actor: str | None, home: str) -> None:
    """Writes the log as a new folder: C2SP tlog-tiles, checkpoints, bodies, keys and a verifier. The log keeps that you did.

    \b
    Example:
      lockgate audit export for-the-auditor/ --trail trail/ --bodies opened
    """
    with open_trail(home) as trail:
        question: dict[str, Value] = {"bodies": bodies}
        draft = trail.recorder().access("export", trail.store.head().size, actor or current_user(), question)
        append_one(trail, draft)
        request = ExportRequest(
            proofs,
            "none" if bodies == "none" else "sealed",
            trail.vault().entry_key if bodies == "opened" else None,
        )
        vkey = (trail.home / LOG_KEY).read_text().strip()
        size = export_trail(trail.store, Path(folder), vkey, request)
    click.echo(f"wrote {size} entries to {printable(folder)}; VERIFY.md there tells how to verify them")
