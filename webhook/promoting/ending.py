"""How a command about a promotion ends: it is made where nothing is missing, and what came of it is told."""

import json
from collections.abc import Sequence
from typing import Any

import click
from lockgate.webhook.promoting.desk import Desk, Standing
from lockgate.webhook.promoting.promotion_log import Asked
from lockgate.webhook.promoting.telling import missing_values, standing_lines, statement_text
from lockgate.webhook.terminal import printable


def tell_end(
    desk: Desk,
    asked: Asked,
    actor: str,
    reasons: Sequence[str],
    place: str,
    chosen: str,
    *,
    told: bool = False,
) -> bool:
    """Judges a request that is recorded, makes it if it may be, and tells. Is it made?

    told: the statement was shown before.
    """
    standing = desk.stand(asked)
    made = None if standing.missing else desk.make(asked, standing, actor).index
    if chosen == "json":
        click.echo(json.dumps(_value(asked, standing, reasons, place, made), indent=2, sort_keys=True))
    else:
        if not told:
            click.echo(statement_text(asked.statement, asked.request.promoted.statement))
        for one in reasons:
            click.echo(printable(f"does not count: {one}"))
        for line in standing_lines(standing):
            click.echo(line)
        if made is None:
            click.echo(f"recorded: entry {asked.request.index}; pending, in {printable(place)}")
        else:
            click.echo(f"made: entry {made}")
    return made is not None


def _value(
    asked: Asked, standing: Standing, reasons: Sequence[str], place: str, made: int | None
) -> dict[str, Any]:
    return {
        "statement": asked.request.promoted.statement,
        "file": place,
        "request": asked.request.index,
        "promotion": made,
        "missing": missing_values(standing.missing),
        "approvals": [
            {"entry": one.index, "person": one.person.name, "assurance": one.assurance}
            for one in standing.counted
        ],
        "uncounted": [{"entry": index, "reason": why} for index, why in standing.uncounted],
        "uncountedFacts": [*reasons],
    }
