"""How a command ends whose trail is wrong: 3 for tampering, 4 for what nothing from outside can verify."""

from collections.abc import Callable
from typing import Any

import click
from lockgate.webhook.failures import EXIT_FAILED, render_error


def ending_as_trails_do(ctx: click.Context, invoke: Callable[[], Any]) -> Any:
    """Runs a command, and gives errors of the trail, and of its database, the exit codes of the trail."""
    from lockgate.audit.errors import TrailError, UnverifiableError, VerificationError

    try:
        return invoke()
    except TrailError as error:
        click.echo(render_error(error), err=True, nl=False)
        if isinstance(error, VerificationError):
            ctx.exit(3)
        ctx.exit(4 if isinstance(error, UnverifiableError) else EXIT_FAILED)
    except Exception as error:
        from lockgate.audit.store.database import explain

        told = explain(error)
        if told is None:
            raise
        click.echo(render_error(told), err=True, nl=False)
        ctx.exit(EXIT_FAILED)
