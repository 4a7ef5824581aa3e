"""`lockgate audit reconcile`: what lives in a cluster against what the trail let in."""

from typing import Any

import click
from lockgate.audit.query.parameters import parse_moment
from lockgate.audit.query.reconcile import Reconciled, reconcile
from lockgate.audit.query.render import (
    as_of_value,
    completeness_value,
    plain,
    render_json,
    render_json_lines,
    render_table,
)
from lockgate.audit.query.spreadsheet import render_csv
from lockgate.engine.errors import UsageError
from lockgate.webhook.audit_live import Live, cluster_objects, live_objects
from lockgate.webhook.audit_options import ACTOR, LOG_KEYS, OUTPUT, TRAIL, TRUST
from lockgate.webhook.audit_query import QUERY_FORMAT
from lockgate.webhook.auditing import Opening, engine_of, names_of
from lockgate.webhook.output import write_output
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail import current_user
from lockgate.webhook.trail_reading import open_reading

_COLUMNS = ("state", "object", "entry", "time")


@click.command(
    "reconcile",
    epilog="Exit codes: 0 everything that lives was let in; 1 something was not; 2 wrong usage, or it could not be done; 3 tampering; "
    "4 cannot verify.",
)
@click.option(
    "--live",
    multiple=True,
    metavar="PATH",
    help="Snapshots of what lives: files or folders, as kubectl prints lists.",
)
@click.option(
    "--context",
    default="",
    metavar="NAME",
    help="Without --live: the cluster of this context of the kubeconfig.",
)
@click.option(
    "--since", default="", metavar="TIME", help="Decisions from then on count: 2026-07-01, or RFC 3339."
)
@QUERY_FORMAT
@OUTPUT
@ACTOR
@LOG_KEYS
@TRUST
@TRAIL
def reconcile_command(
    live: tuple[str, ...],
    context: str,
    since: str,
    chosen: str,
    output: str | None,
    actor: str | None,
    log_keys: tuple[str, ...],
    trust: str | None,
    home: str,
) -> int:
    """Finds running workloads that no decision let in, and decisions whose object is gone. The log keeps that bodies were opened.

    \b
    Examples:
      lockgate audit reconcile --trail trail/
      kubectl get pods,deployments -A -o json > live.json && lockgate audit reconcile --live live.json --trail trail/
    """
    if live and context:
        raise UsageError("--live and --context are two places to look in", hint="give one of both")
    since_ms = parse_moment(since, "since") if since else None
    found_live = live_objects(live) if live else _cluster(context)
    with open_reading(home, log_keys, trust) as reading:
        if reading.trail is None:
            raise UsageError(
                "names of objects are sealed in an export", hint="name a trail's home, with its master key"
            )
        opener, names = Opening(reading.trail), names_of(reading.trail)
        found = reconcile(
            engine_of(reading), found_live.objects, found_live.kinds, opener, names.namespace, since_ms
        )
        opener.record(actor or current_user(), {"question": "reconcile"})
    write_output(_render(found, chosen), output)
    return 1 if found.is_finding else 0


def _cluster(context: str) -> Live:
    from lockgate.webhook.extras import require_cluster

    require_cluster()
    return cluster_objects(context)


def reconciled_value(found: Reconciled) -> dict[str, Any]:
    """As a value of JSON."""
    return {
        "schemaVersion": 1,
        "asOf": as_of_value(found.as_of),
        "admitted": found.admitted,
        "opened": found.opened,
        "differences": [plain(one) for one in found.differences],
        "state": str(found.proven.state),
        "complete": [completeness_value(one) for one in found.proven.complete],
        "notShown": list(found.proven.not_shown),
    }


def _render(found: Reconciled, chosen: str) -> str:
    rows = [
        [one.state, one.object, "" if one.entry is None else str(one.entry), one.time]
        for one in found.differences
    ]
    match chosen:
        case "json":
            return render_json(reconciled_value(found))
        case "jsonl":
            return render_json_lines([plain(one) for one in found.differences])
        case "csv":
            return render_csv(_COLUMNS, rows)
    shown = [[printable(one) for one in row] for row in rows]
    lines = [render_table(_COLUMNS, shown, most=140) if shown else "no difference\n"]
    lines.append(
        f"\n{found.admitted} live objects were let in, by their uid; as of {found.as_of.size} entries: {found.proven.state}\n"
    )
    lines += [f"  shown: {printable(one)}\n" for one in found.proven.shown]
    lines += [f"  not shown: {printable(one)}\n" for one in found.proven.not_shown]
    return "".join(lines)
