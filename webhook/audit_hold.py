"""`lockgate audit hold`: legal holds, under which nothing is erased."""

import click
from lockgate.audit.errors import TrailError
from lockgate.audit.store.erasure import active_holds
from lockgate.engine.errors import UsageError
from lockgate.webhook.appending import append_one
from lockgate.webhook.audit_options import ACTOR, EPILOG, REASON, TRAIL
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail import Trail, current_user, open_trail

HOLD = click.argument("hold", metavar="ID")


@click.group(name="hold", context_settings={"help_option_names": ["-h", "--help"]})
def hold_group() -> None:
    """Keeps bodies from being erased while somebody may need them.

    \b
    Example:
      lockgate audit hold place case-7 --namespace team-a --reason "a dispute" --trail trail/
    """


@hold_group.command(epilog=EPILOG)
@HOLD
@click.option("--index", type=click.IntRange(min=0), metavar="INDEX", help="An entry.")
@click.option("--namespace", metavar="NAME", help="Every entry of a namespace, those to come too.")
@REASON
@ACTOR
@TRAIL
def place(
    hold: str, index: int | None, namespace: str | None, reason: str, actor: str | None, home: str
) -> None:
    """Places a hold on an entry or on a namespace.

    \b
    Example:
      lockgate audit hold place case-7 --index 12 --reason "a dispute" --trail trail/
    """
    if (index is None) == (namespace is None):
        raise UsageError("hold one entry or one namespace", hint="give --index or --namespace")
    with open_trail(home) as trail:
        if hold in active_holds(trail.store):
            raise TrailError(f"the hold {printable(hold)} is placed already", hint="give it another name")
        if index is not None and index >= trail.store.head().size:
            raise TrailError(f"there is no entry {index}")
        stream = "" if namespace is None else _stream(trail, namespace)
        draft = trail.recorder().hold(
            "placed", hold, reason, actor or current_user(), index=index, stream=stream
        )
        receipt = append_one(trail, draft)
    click.echo(f"placed the hold {printable(hold)}; entry {receipt.index} says so")


@hold_group.command(epilog=EPILOG)
@HOLD
@REASON
@ACTOR
@TRAIL
def lift(hold: str, reason: str, actor: str | None, home: str) -> None:
    """Lifts a hold.

    \b
    Example:
      lockgate audit hold lift case-7 --reason "settled" --trail trail/
    """
    with open_trail(home) as trail:
        if hold not in active_holds(trail.store):
            raise TrailError(
                f"there is no hold {printable(hold)}", hint="`lockgate audit hold list` names them"
            )
        receipt = append_one(trail, trail.recorder().hold("lifted", hold, reason, actor or current_user()))
    click.echo(f"lifted the hold {printable(hold)}; entry {receipt.index} says so")


@hold_group.command(name="list", epilog=EPILOG)
@TRAIL
def list_holds(home: str) -> None:
    """Names the holds that are in force.

    \b
    Example:
      lockgate audit hold list --trail trail/
    """
    with open_trail(home) as trail:
        for name, entry in sorted(active_holds(trail.store).items()):
            value = entry.value
            on = f"entry {value['index']}" if "index" in value else str(value.get("stream", ""))
            click.echo(printable(f"{name}  on {on}  since {value['time']}  {value['reason']}"))


def _stream(trail: Trail, namespace: str) -> str:
    held = trail.vault().find(namespace)
    if held is None:
        raise TrailError("the trail knows no such namespace")
    return held.stream
