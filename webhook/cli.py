"""The command `lockgate`: a map of its commands, each imported when it is run."""

import gc
import sys
from typing import Final

import click
from lockgate.webhook.failures import guard
from lockgate.webhook.lazy_group import LazyCommand, LazyGroup
from lockgate.webhook.version import VERSION

COMMANDS: Final = {
    "check": LazyCommand("lockgate.webhook.check_command:check", "Judge manifests: files, folders or -."),
    "serve": LazyCommand("lockgate.webhook.serve_command:serve", "Answer a cluster's admission reviews."),
    "sweep": LazyCommand("lockgate.webhook.sweep_command:sweep", "Judge what lives in a cluster."),
    "verify": LazyCommand("lockgate.webhook.verify_command:verify", "Run the suites that test policies."),
    "test": LazyCommand("lockgate.webhook.test_command:test", "Run the unit tests of policies."),
    "explain": LazyCommand(
        "lockgate.webhook.explain_command:explain", "Tell why policies say what they say."
    ),
    "claims": LazyCommand(
        "lockgate.webhook.claims_command:claims", "Tell what manifests ask for: devices, charges, a picture."
    ),
    "fn": LazyCommand("lockgate.webhook.fn_command:fn", "Judge as a KRM function: for kpt and kustomize."),
    "scan": LazyCommand(
        "lockgate.webhook.scan_command:scan", "Tell what model files are; sign and verify what was found."
    ),
    "utilisation": LazyCommand(
        "lockgate.webhook.utilisation.command:utilisation", "Tell rules what workloads use, by measurements."
    ),
    "promote": LazyCommand(
        "lockgate.webhook.promoting.promote_command:promote", "Ask for a model to enter an environment."
    ),
    "approve": LazyCommand(
        "lockgate.webhook.promoting.approve_command:approve", "Show a promotion statement, and approve it."
    ),
    "promotions": LazyCommand(
        "lockgate.webhook.promoting.promotions_command:promotions",
        "Show what is pending, and what was promoted.",
    ),
    "registry": LazyCommand(
        "lockgate.webhook.registries.registry_command:registry",
        "Ask for versions that a model registry marks; move its aliases to what was promoted.",
    ),
    "rollback": LazyCommand(
        "lockgate.webhook.promoting.promote_command:rollback", "Ask for an earlier version to come back."
    ),
    "revoke": LazyCommand("lockgate.webhook.promoting.revoke_command:revoke", "Take promotions back."),
    "key": LazyCommand(
        "lockgate.webhook.promoting.key_command:key", "Enrol and revoke the keys that people sign with."
    ),
    "quota": LazyCommand(
        "lockgate.webhook.quota_commands:quota",
        "Show the ledger of device quotas; compare it with the cluster.",
    ),
    "audit": LazyCommand(
        "lockgate.webhook.audit_commands:audit", "Keep, prove and verify the signed log of decisions."
    ),
    "break-glass": LazyCommand(
        "lockgate.webhook.break_glass_command:break_glass", "Sign a grant past the policies, for a while."
    ),
    "install": LazyCommand(
        "lockgate.webhook.install_command:install", "Print the manifests of the admission server."
    ),
    "monitoring": LazyCommand(
        "lockgate.webhook.monitoring_command:monitoring",
        "Print alerts, dashboards and monitors for what watches Lockgate.",
    ),
    "doctor": LazyCommand(
        "lockgate.webhook.doctor_command:doctor", "Check the installation in a cluster, and say what to mend."
    ),
    "policy": LazyCommand("lockgate.webhook.policy_commands:policy", "Make and maintain rules."),
}

# Values and syntax trees hold no cycles worth looking for; at Python's own threshold of 700 the collector takes 6 of
# the 130 ms of a check of one file. Over 3,000 files the peak of memory is the same.
GC_THRESHOLD: Final = 50_000

EPILOG: Final = (
    "Exit codes: 0 clean, 1 violations or failed cases, 2 could not evaluate or wrong usage, 3 tampering (audit, scan verify), "
    "4 cannot verify (audit, scan verify)."
)


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    invoke_without_command=True,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(VERSION, prog_name="lockgate", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Judges the manifests of machine-learning systems by policy before they move to production.

    \b
    Example:
      lockgate check deploy/
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def run(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""

    def invoke() -> int:
        code = cli.main(args=arguments, prog_name="lockgate", standalone_mode=False)
        return code if isinstance(code, int) else 0

    return guard(invoke)


def main() -> None:
    """The console script's entry."""
    gc.set_threshold(GC_THRESHOLD, 20, 50)
    code = run()
    # Everything is written and closed. The memory goes with the process: to look for cycles first would take 16 ms.
    gc.freeze()
    sys.exit(code)
