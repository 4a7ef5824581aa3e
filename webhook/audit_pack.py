"""`lockgate audit pack`: the evidence of one promotion, or of a period, as a folder to take away."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from lockgate.audit.controls.mapping import shipped_controls
from lockgate.audit.errors import TrailError
from lockgate.audit.packs.collect import Source, collect
from lockgate.audit.packs.folder import pack_files, write_pack
from lockgate.audit.packs.pack import Pack
from lockgate.audit.packs.scope import Scope
from lockgate.audit.packs.value import pack_value
from lockgate.audit.query.parameters import parse_moment
from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import UsageError
from lockgate.webhook.appending import append_one
from lockgate.webhook.audit_options import ACTOR, EPILOG, TRAIL
from lockgate.webhook.auditing import Opening, engine_of
from lockgate.webhook.extras import require_oscal
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail import EVALUATOR, Trail, current_user
from lockgate.webhook.trail_config import LOG_KEY
from lockgate.webhook.trail_reading import open_reading


@click.command(epilog=EPILOG)
@click.option(
    "--promotion", type=click.IntRange(min=0), metavar="INDEX", help="Of the promotion that this entry made."
)
@click.option("--since", metavar="TIME", help="Of a period that begins then: 2026-07-01, or RFC 3339.")
@click.option("--until", metavar="TIME", help="The period ends before then; without it, with the log.")
@click.option("--model", default="", metavar="NAME", help="Of the period, what is about this model alone.")
@click.option(
    "--environment",
    "--to",
    default="",
    metavar="NAME",
    help="Of the period, what is about this environment alone.",
)
@click.option("-o", "--output", "folder", required=True, metavar="FOLDER", help="A new folder.")
@click.option("--oscal", is_flag=True, help="Add OSCAL assessment results (pip install 'lockgate[oscal]').")
@click.option(
    "--reveal",
    is_flag=True,
    help="Put in who people are: statements, approvals and bodies, with the keys of these bodies alone.",
)
@ACTOR
@TRAIL
def pack(
    promotion: int | None,
    since: str | None,
    until: str | None,
    model: str,
    environment: str,
    folder: str,
    oscal: bool,
    reveal: bool,
    actor: str | None,
    home: str,
) -> None:
    """Writes an evidence pack: a page to print, JSON, proofs, and the verifier. The log keeps that you did.

    \b
    Examples:
      lockgate audit pack --promotion 4711 -o fraud-7/ --trail trail/
      lockgate audit pack --since 2026-07-01 --until 2026-10-01 -o q3/ --oscal --trail trail/
      lockgate audit pack --since 2026-07-01 --model fraud --environment prod -o fraud-q3/ --reveal --trail trail/
    """
    if oscal:
        require_oscal()
    scope = Scope(
        promotion,
        None if since is None else parse_moment(since, "since"),
        None if until is None else parse_moment(until, "until"),
        model,
        environment,
    )
    scope.check()
    place = Path(folder)
    if place.exists():
        raise TrailError(f"{printable(folder)} exists already", hint="name a new folder")
    with open_reading(home) as reading:
        trail = reading.trail
        if trail is None:
            raise UsageError(
                "a pack is made of a trail", hint="name a trail's home; an export is evidence already"
            )
        opening = Opening(trail) if reveal else None
        vkey = (trail.home / LOG_KEY).read_text().strip()
        source = Source(
            engine_of(reading), reading.reader, vkey, opening, trail.vault().entry_key if reveal else None
        )
        made = collect(source, scope)
        value = pack_value(made, shipped_controls(), EVALUATOR)
        files = pack_files(made, value, _oscal(value) if oscal else None)
        who = actor or current_user()
        if opening is not None:
            opening.record(who, {"pack": {**value["scope"]}})
        _record(trail, made, who, value["scope"])
        # Names and keys of bodies are for whoever asked.
        write_pack(place, files, 0o700 if reveal else 0o755)
    click.echo(
        f"wrote {len(made.entries)} entries, {len(made.promotions)} promotions to {printable(folder)}; VERIFY.md there tells how to "
        "verify them"
    )


def _oscal(value: Mapping[str, Any]) -> bytes:
    from lockgate.audit.packs.oscal import checked_oscal

    return checked_oscal(value)


def _record(trail: Trail, made: Pack, actor: str, scope: Mapping[str, Value]) -> None:
    """Tells the log what is taken away, before it is."""
    question: dict[str, Value] = {"pack": {**scope}, "identities": "revealed" if made.revealed else "masked"}
    append_one(trail, trail.recorder().access("export", len(made.entries), actor, question))
