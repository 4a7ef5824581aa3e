"""`lockgate audit sample`: a random sample of entries that anybody can draw again from the same log."""

import click
from lockgate.audit.query.answers.answer import Given
from lockgate.audit.query.answers.sample import sample as draw_sample
from lockgate.audit.query.parameters import parse_asking, parse_question
from lockgate.webhook.audit_options import EPILOG, LOG_KEYS, OUTPUT, TRAIL, TRUST
from lockgate.webhook.audit_query import QUERY_FORMAT, question_options, render_answer, told_parts
from lockgate.webhook.auditing import engine_of, names_of
from lockgate.webhook.output import write_output
from lockgate.webhook.trail_reading import open_reading

_FILTERS = (
    "kind", "event", "outcome", "model", "environment", "resource", "policy", "policies", "subject", "requester",
    "approver", "namespace", "stream", "since", "until", "as_of",
)  # fmt: skip


@click.command(epilog=EPILOG)
@click.option(
    "--size", "count", type=click.IntRange(1, 10_000), default=25, show_default=True, help="How many."
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    required=True,
    help="The auditor's own number: the same one draws the same.",
)
@click.option(
    "--complete", is_flag=True, help="Draw from all of a stream, which nothing can be missing from unseen."
)
@question_options(_FILTERS)
@QUERY_FORMAT
@OUTPUT
@LOG_KEYS
@TRUST
@TRAIL
def sample(
    count: int,
    seed: int,
    complete: bool,
    chosen: str,
    output: str | None,
    log_keys: tuple[str, ...],
    trust: str | None,
    home: str,
    **options: tuple[str, ...],
) -> None:
    """Draws entries at random among those that fit: those whose leaf hash comes first under the seed. Without filters, promotions.

    \b
    Examples:
      lockgate audit sample --size 25 --seed 4711 --trail trail/
      lockgate audit sample --seed 4711 --kind decision --outcome deny --since 2026-07-01
    """
    told = told_parts(options)
    if not told.keys() - {"as_of", "since", "until", "model", "environment"}:
        told.update(kind=("promotion",), event=("promoted", "rolled-back"))
    paging = {name: told.pop(name) for name in ("as_of",) if name in told}
    walk = "complete" if complete or told.get("kind") == ("promotion",) else "quick"
    with open_reading(home, log_keys, trust) as reading:
        engine = engine_of(reading)
        question = parse_question({**told, "order": ["oldest"], "walk": [walk]}, names_of(reading.trail))
        how = parse_asking(paging, 1)
        given = Given(count=count, seed=seed, size=how.as_of_size, at_ms=how.as_of_ms)
        write_output(render_answer(draw_sample(engine, question, given), chosen), output)
