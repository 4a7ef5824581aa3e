"""`lockgate audit erase`: destroys bodies and their keys, and records that it did."""

import click
from lockgate.audit.store.erasure import Eraser
from lockgate.engine.errors import UsageError
from lockgate.webhook.audit_options import ACTOR, EPILOG, REASON, TRAIL
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail import current_user, open_trail


@click.command(epilog=EPILOG)
@click.argument("index", type=click.IntRange(min=0), required=False, metavar="INDEX")
@click.option("--namespace", metavar="NAME", help="Every body of a namespace, with the key that names it.")
@REASON
@ACTOR
@TRAIL
def erase(index: int | None, namespace: str | None, reason: str, actor: str | None, home: str) -> None:
    """Destroys the body of an entry, or all of a namespace's, for good; the log keeps that it was done and why.

    The entries stay, and nobody can confirm any more what they committed to. A hold prevents it. Backups, exports and
    replicas made before still have what is erased here: erase it there too.

    \b
    Examples:
      lockgate audit erase 12 --reason "asked for by the subject" --trail trail/
      lockgate audit erase --namespace team-a --reason "contract ended" --trail trail/
    """
    if (index is None) == (namespace is None):
        raise UsageError("erase one entry or one namespace", hint="give INDEX or --namespace NAME")
    with open_trail(home) as trail, trail.appending() as appending:
        eraser = Eraser(appending.appender, trail.recorder(), trail.vault())
        who = actor or current_user()
        if namespace is not None:
            receipt = eraser.erase_namespace(namespace, reason, who)
            what = f"the bodies of {namespace}"
        else:
            assert index is not None
            receipt = eraser.erase_entry(index, reason, who)
            what = f"the body of entry {index}"
    click.echo(f"erased {printable(what)}; entry {receipt.index} says so")
