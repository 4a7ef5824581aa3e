"""`lockgate quota`: the commands of quotas' ledger, each imported when it is run."""

from typing import Any, Final

import click
from lockgate.webhook.extras import require_audit
from lockgate.webhook.lazy_group import LazyCommand, LazyGroup

COMMANDS: Final = {
    "show": LazyCommand(
        "lockgate.webhook.quota.show_command:show", "Who holds what, why, and how much is left."
    ),
    "reconcile": LazyCommand(
        "lockgate.webhook.quota.reconcile_command:reconcile", "Compare the ledger with the cluster; mend it."
    ),
}


class QuotaGroup(LazyGroup):
    """Says what to install where the libraries of databases are not there."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a command."""
        require_audit()
        return super().invoke(ctx)


@click.group(
    cls=QuotaGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done; 1 the ledger differs from the cluster (reconcile --dry-run); 2 it could not be done, or "
    "wrong usage.",
)
def quota() -> None:
    """Show the ledger of device quotas, and compare it with the cluster.

    \b
    Example:
      lockgate quota show --ledger ledger.db --cluster prod
      lockgate quota reconcile --ledger ledger.db --cluster prod --dry-run
    """
