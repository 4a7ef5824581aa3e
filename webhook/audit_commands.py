"""`lockgate audit`: the commands of the signed log, each imported when it is run."""

from typing import Any, Final

import click
from lockgate.webhook.extras import require_audit
from lockgate.webhook.lazy_group import LazyCommand, LazyGroup
from lockgate.webhook.trail_errors import ending_as_trails_do

COMMANDS: Final = {
    "init": LazyCommand("lockgate.webhook.audit_init:init", "Make a trail: keys, database, first entry."),
    "show": LazyCommand("lockgate.webhook.audit_show:show", "Show entries, and what they rest on."),
    "query": LazyCommand(
        "lockgate.webhook.audit_query:query", "Find entries; answer the fifteen questions of auditors."
    ),
    "sample": LazyCommand("lockgate.webhook.audit_sample:sample", "Draw entries at random, reproducibly."),
    "reconcile": LazyCommand(
        "lockgate.webhook.audit_reconcile:reconcile_command",
        "Compare what lives in a cluster with the trail.",
    ),
    "serve": LazyCommand("lockgate.webhook.audit_serve:serve", "Answer auditors over HTTP: the API."),
    "prove": LazyCommand(
        "lockgate.webhook.audit_prove:prove", "Prove an entry, or that a stream is complete."
    ),
    "verify": LazyCommand(
        "lockgate.webhook.audit_verify:verify", "Check a trail or an export again, all of it."
    ),
    "monitor": LazyCommand(
        "lockgate.webhook.audit_monitor:monitor_command", "Follow a log: recompute its streams' heads."
    ),
    "record": LazyCommand(
        "lockgate.webhook.audit_record:record", "Record signed statements: what was there, and since when."
    ),
    "export": LazyCommand(
        "lockgate.webhook.audit_export:export", "Write the log as a folder for others to verify."
    ),
    "pack": LazyCommand(
        "lockgate.webhook.audit_pack:pack", "Write the evidence of a promotion, or of a period, to take away."
    ),
    "replay": LazyCommand(
        "lockgate.webhook.audit_replay:replay_command",
        "Decide again what was decided, by other policies too.",
    ),
    "import": LazyCommand(
        "lockgate.webhook.audit_import:import_spool", "Append what a spool of break-glass holds."
    ),
    "erase": LazyCommand(
        "lockgate.webhook.audit_erase:erase", "Destroy bodies, and record that it was done."
    ),
    "hold": LazyCommand("lockgate.webhook.audit_hold:hold_group", "Keep bodies from being erased."),
    "key": LazyCommand("lockgate.webhook.audit_key:key", "Show, rotate and revoke the log's key."),
    "backup": LazyCommand(
        "lockgate.webhook.audit_backup:backup", "Write every log of the database into one file."
    ),
    "restore": LazyCommand("lockgate.webhook.audit_restore:restore", "Put a backup back; say what was lost."),
    "reindex": LazyCommand(
        "lockgate.webhook.audit_reindex:reindex_command", "Make tiles and index anew from the entries."
    ),
    "migrate": LazyCommand("lockgate.webhook.audit_migrate:migrate", "Bring the database to this version."),
    "witness": LazyCommand(
        "lockgate.webhook.audit_witness_command:witness", "Cosign the logs of others: init, add, serve, show."
    ),
}

EPILOG: Final = (
    "Exit codes: 0 done and verified; 2 wrong usage, or it could not be done; 3 tampering; 4 cannot verify: there is "
    "no key, anchor or witness from outside."
)


class AuditGroup(LazyGroup):
    """Gives errors of the trail the exit codes of the trail."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a command. Tampering ends with 3, what nothing from outside can verify with 4."""
        require_audit()
        return ending_as_trails_do(ctx, lambda: super(AuditGroup, self).invoke(ctx))


@click.group(
    cls=AuditGroup,
    lazy=COMMANDS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def audit() -> None:
    """Keeps, proves and verifies the signed log of decisions.

    \b
    Example:
      lockgate audit init trail/ --origin example.com/lockgate/ci
      lockgate check --trail trail/ deploy/
      lockgate audit verify trail/ --log-key kept-elsewhere.vkey
    """
