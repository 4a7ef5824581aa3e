"""`lockgate audit monitor`: recomputes the heads of all streams from all leaves, from where the last run ended."""

import json
from pathlib import Path

import click
from lockgate.audit.errors import UnverifiableError
from lockgate.audit.monitor import Monitored, monitor, read_state, write_state
from lockgate.audit.times import render_time
from lockgate.engine.errors import UsageError
from lockgate.webhook.audit_options import FORMAT, LOG_KEYS, OUTPUT, TRUST
from lockgate.webhook.output import write_output
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail_reading import open_reading

# Coverage that ended is told so often; the count tells of the rest.
_MOST_GAPS = 20


def _text(origin: str, found: Monitored) -> str:
    state = found.state
    size, streams = state.frontier.size, len(state.streams)
    lines = [f"{printable(origin)}: {found.entries} new entries, {size} in all, {streams} streams"]
    lines += [printable(str(finding)) for finding in found.findings]
    for gap in found.gaps[:_MOST_GAPS]:
        lines.append(
            f"no coverage by {printable(gap.instance)} from {render_time(gap.from_ms)} to {render_time(gap.to_ms)}"
        )
    if len(found.gaps) > _MOST_GAPS:
        lines.append(f"… and {len(found.gaps) - _MOST_GAPS} more")
    if found.overdue:
        lines.append(
            f"the heads of the streams are overdue by {found.overdue} entries: streams may be cut short unseen"
        )
    return "\n".join(lines) + "\n"


def _json(origin: str, found: Monitored) -> str:
    state = found.state
    value = {
        "schemaVersion": 1,
        "origin": origin,
        "size": state.frontier.size,
        "newEntries": found.entries,
        "streams": len(state.streams),
        "findings": [
            {"code": one.code, "where": one.where, "message": one.message, "since": one.since}
            for one in found.findings
        ],
        "gaps": [
            {"instance": one.instance, "from": render_time(one.from_ms), "to": render_time(one.to_ms)}
            for one in found.gaps
        ],
        "headsOverdue": found.overdue,
    }
    return json.dumps(value, indent=2) + "\n"


@click.command(
    "monitor",
    epilog="Exit codes: 0 all as it should be; 1 minutes without coverage, or stream heads overdue; 2 wrong usage, or "
    "it could not be done; 3 tampering; 4 no key from outside.",
)
@click.argument("folder", envvar="LOCKGATE_TRAIL", required=False, metavar="DIR")
@click.option(
    "--state",
    "state_file",
    required=True,
    metavar="FILE",
    help="What the monitor remembers between its runs; keep it on another machine than the log.",
)
@LOG_KEYS
@TRUST
@FORMAT
@OUTPUT
def monitor_command(
    folder: str | None,
    state_file: str,
    log_keys: tuple[str, ...],
    trust: str | None,
    chosen: str,
    output: str | None,
) -> int:
    """Follows a log (its home, or an export) and recomputes what light proofs rest on: the heads of all streams.

    Each run looks at what is new since the last, and finds when the log went back or was changed behind it. Run it
    every few minutes, by somebody else than who runs the log.

    \b
    Example:
      lockgate audit monitor trail/ --state monitor.json --log-key ~/keys/ci.vkey
    """
    if folder is None:
        raise UsageError("no trail to follow", hint="name its home folder, or an export")
    with open_reading(folder, log_keys, trust) as reading:
        if not reading.from_outside:
            raise UnverifiableError(
                "the log's key is known from the folder itself only",
                hint="give --log-key or --trust with what you got in another way",
            )
        origin = reading.trust.origin
        before = read_state(Path(state_file), origin)
        found = monitor(reading.reader, before, reading.trust.log_keys)
    if not found.findings:
        write_state(Path(state_file), found.state)
    write_output(_json(origin, found) if chosen == "json" else _text(origin, found), output)
    if found.findings:
        return 3
    return 1 if found.gaps or found.overdue else 0
