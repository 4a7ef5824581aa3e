"""`lockgate doctor`: looks at an installation, and says what to mend."""

import json
import time
from typing import Final, Literal

import click
from lockgate.webhook.doctor.finding import LEVELS, Finding, exit_code
from lockgate.webhook.extras import require_audit, require_cluster
from lockgate.webhook.install.settings import NAMESPACE
from lockgate.webhook.output import write_output
from lockgate.webhook.terminal import printable

_EPILOG: Final = (
    "Exit codes: 0 nothing to mend; 1 something is; 2 something could not be looked at. Nothing is changed."
)


@click.command(epilog=_EPILOG)
@click.option("--namespace", default=NAMESPACE, show_default=True, metavar="NS", help="Where Lockgate runs.")
@click.option("--kubeconfig", default="", metavar="FILE", help="In place of KUBECONFIG's.")
@click.option("--context", default="", metavar="NAME", help="Of the kubeconfig; the current one without it.")
@click.option(
    "--format",
    "chosen",
    type=click.Choice(["text", "json"]),
    default="text",
    help="For people, or for programs.",
)
@click.pass_context
def doctor(
    click_context: click.Context,
    namespace: str,
    kubeconfig: str,
    context: str,
    chosen: Literal["text", "json"],
) -> None:
    """Checks the installation in a cluster: webhooks, certificates, rights, definitions, the trail, the clock.

    \b
    Examples:
      lockgate doctor
      lockgate doctor --context production --format json
    """
    require_cluster()
    require_audit()
    from lockgate.webhook.cluster.connection import open_client
    from lockgate.webhook.cluster.doctor import read_facts
    from lockgate.webhook.doctor.diagnosis import diagnose

    facts = read_facts(open_client(context, kubeconfig), namespace)
    findings = diagnose(facts, namespace, time.time_ns())
    render = render_findings_json if chosen == "json" else render_findings
    write_output(render(findings), None)
    click_context.exit(exit_code(findings))


def render_findings(findings: tuple[Finding, ...]) -> str:
    """For people: the worst first, each with its place and what mends it."""
    lines: list[str] = []
    for level in LEVELS:
        for one in findings:
            if one.level == level:
                lines.append(f"{level:<8}{one.check:<15} {printable(one.where)}: {printable(one.message)}")
                if one.fix:
                    lines.append(f"{'':<24}{printable(one.fix)}")
    counts = {level: len([one for one in findings if one.level == level]) for level in LEVELS}
    if not (counts["error"] or counts["warning"] or counts["unknown"]):
        return "\n".join([*lines, "nothing to mend"]) + "\n"
    told = f"{counts['error']} errors, {counts['warning']} warnings, {counts['unknown']} not looked at"
    return "\n".join([*lines, "", told]) + "\n"


def render_findings_json(findings: tuple[Finding, ...]) -> str:
    """For programs: in the order of the checks."""
    shown = [
        {"level": one.level, "check": one.check, "where": one.where, "message": one.message, "fix": one.fix}
        for one in findings
    ]
    return json.dumps({"schemaVersion": 1, "findings": shown}, indent=2) + "\n"
