"""`lockgate audit query`: which entries, by filters that read like questions, and the fifteen questions themselves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import click
from lockgate.audit.entry import SCHEMAS
from lockgate.audit.query.answers.answer import Answer
from lockgate.audit.query.answers.catalogue import QUESTIONS, answer
from lockgate.audit.query.engine import MAX_ROWS, Engine
from lockgate.audit.query.page import Page
from lockgate.audit.query.parameters import GIVEN, parse_asking, parse_given, parse_question
from lockgate.audit.query.question import OUTCOMES
from lockgate.audit.query.render import (
    ROW_COLUMNS,
    answer_cells,
    answer_csv,
    answer_value,
    page_csv,
    page_value,
    plain,
    render_json,
    render_json_lines,
    render_table,
    row_cells,
    row_value,
)
from lockgate.engine.errors import UsageError
from lockgate.webhook.audit_live import live_objects
from lockgate.webhook.audit_options import ACTOR, EPILOG, LOG_KEYS, OUTPUT, TRAIL, TRUST
from lockgate.webhook.auditing import Opening, engine_of, names_of
from lockgate.webhook.output import write_output
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail import current_user
from lockgate.webhook.trail_reading import Reading, open_reading

QUERY_FORMAT: Final = click.option(
    "--format",
    "chosen",
    type=click.Choice(["table", "json", "jsonl", "csv"]),
    default="table",
    show_default=True,
    help="For people, for programs, or for a spreadsheet.",
)
# Options that are parts of a question, by the name that a question has for them.
_PARTS: Final = (
    ("--kind", "kind", f"Entries of this kind: {', '.join(sorted(SCHEMAS))}; may be repeated."),
    ("--event", "event", "Of kinds that have events: requested, promoted, granted, used …; may be repeated."),
    ("--outcome", "outcome", f"Decisions with it: {', '.join(OUTCOMES)}; may be repeated."),
    ("--model", "model", "About this model."),
    ("--to", "environment", "About this environment."),
    ("--resource", "resource", "Decisions on this kind of object: apps/v1/Deployment, v1/Pod."),
    ("--policy", "policy", "Decisions that this policy (Kind/name) denied, warned of or failed on."),
    ("--policies", "policies", "Under this set of policies (sha256:…)."),
    ("--subject", "subject", "About these bytes (sha256:…)."),
    ("--requester", "requester", "Asked for by this person of the identity map, or pseudonym:…"),
    ("--approver", "approver", "Approved by this person of the identity map, or pseudonym:…"),
    ("--namespace", "namespace", "In this namespace; needs the master key."),
    ("--stream", "stream", "In this stream of the log."),
    ("--since", "since", "Recorded then or later: 2026-07-01, or RFC 3339."),
    ("--until", "until", "Recorded before then."),
    ("--as-of", "as_of", "As the log was then: a time, or a size."),
    ("--entry", "entry", "With --question: about this entry."),
    ("--days", "days", "With --question: how old is old, or how soon is soon (30)."),
    ("--hours", "hours", "With --question: within how many hours (24)."),
    ("--seed", "seed", "With --question a13: the seed."),
    ("--size", "count", "With --question a13: how many (25)."),
)  # fmt: skip
_REPEATED: Final = frozenset(("kind", "event", "outcome"))
_SHOWN: Final = {
    "requester": "NAME", "approver": "NAME", "namespace": "NAME", "stream": "NAME", "policy": "KIND/NAME", "policies": "DIGEST",
    "subject": "DIGEST", "since": "TIME", "until": "TIME", "as_of": "TIME|SIZE", "entry": "INDEX", "days": "N", "hours": "N", "seed": "N",
    "count": "N",
}  # fmt: skip


def question_options(names: Sequence[str]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds the options that are parts of a question, by their names in it."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for flag, name, text in reversed(_PARTS):
            if name in names:
                command = click.option(
                    flag, name, multiple=True, metavar=_SHOWN.get(name, name.upper()), help=text
                )(command)
        return command

    return add


def told_parts(options: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """What was said, by name. Raises UsageError for what is said twice and can be once."""
    for flag, name, _ in _PARTS:
        if name not in _REPEATED and len(options.get(name, ())) > 1:
            raise UsageError(f"{flag} is given twice", hint="ask twice")
    return {name: values for name, values in options.items() if values}


@click.command(epilog=EPILOG)
@question_options([name for _, name, _ in _PARTS])
@click.option(
    "--question",
    "number",
    type=click.Choice([*QUESTIONS]),
    help="One of the fifteen questions of auditors (docs/auditor.md).",
)
@click.option("--oldest-first", is_flag=True, help="The first entries first, and not the last.")
@click.option(
    "--complete",
    is_flag=True,
    help="Look at all of a stream, so that nothing can be missing from the answer unseen.",
)
@click.option("--prove", "is_proven", is_flag=True, help="Prove each entry against the checkpoint.")
@click.option(
    "--limit", default="100", metavar="N", show_default=True, help=f"Rows of a page, at most {MAX_ROWS}."
)
@click.option("--cursor", default="", metavar="TEXT", help="Go on where a page of the same question ended.")
@click.option(
    "--reveal",
    is_flag=True,
    help="With --question: open the bodies that it needs; the log keeps that you did.",
)
@click.option(
    "--live",
    multiple=True,
    metavar="PATH",
    help="With --question a2: snapshots of what runs now, files or folders.",
)
@QUERY_FORMAT
@OUTPUT
@ACTOR
@LOG_KEYS
@TRUST
@TRAIL
def query(
    number: str | None,
    oldest_first: bool,
    complete: bool,
    is_proven: bool,
    limit: str,
    cursor: str,
    reveal: bool,
    live: tuple[str, ...],
    chosen: str,
    output: str | None,
    actor: str | None,
    log_keys: tuple[str, ...],
    trust: str | None,
    home: str,
    **options: tuple[str, ...],
) -> None:
    """Finds entries, and answers questions, as of the latest checkpoint; says what of the answer is proven, and by whom.

    \b
    Examples:
      lockgate audit query --model fraud --to prod --since 2026-07-01 --approver risk-1
      lockgate audit query --outcome deny --since 2026-07-01 --format csv
      lockgate audit query --kind exemption --complete --prove --log-key kept.vkey
      lockgate audit query --question a1 --model fraud --to prod --since 2026-07-01 --reveal
    """
    told = told_parts(options)
    with open_reading(home, log_keys, trust) as reading:
        engine, names = engine_of(reading), names_of(reading.trail)
        if number is not None:
            if complete or is_proven or cursor or oldest_first:
                raise UsageError(
                    "--complete, --prove, --cursor and --oldest-first go with filters, not with --question"
                )
            foreign = sorted(told.keys() - GIVEN)
            if foreign:
                raise UsageError(f"--question does not go with a filter by {foreign[0]}")
            given = parse_given(told, names)
            if live:
                given = replace(given, live=live_objects(live).objects)
            opener = _opener(reading) if reveal else None
            found = answer(number, engine, given, opener)
            if opener is not None:
                opener.record(actor or current_user(), {"question": number})
            write_output(render_answer(found, chosen), output)
            return
        if reveal or live:
            raise UsageError(
                "--reveal and --live go with --question", hint="`lockgate audit show --reveal` opens entries"
            )
        paging = {name: told.pop(name) for name in ("as_of",) if name in told}
        order, walk = ("oldest" if oldest_first else "newest"), ("complete" if complete else "quick")
        question = parse_question({**told, "order": [order], "walk": [walk]}, names)
        how = parse_asking(
            {**paging, "limit": [limit], "cursor": [cursor], "proofs": ["each" if is_proven else "none"]},
            MAX_ROWS,
        )
        page = engine.ask(question, how)
        write_output(_render_page(engine, page, chosen), output)
        if page.cursor and chosen in ("jsonl", "csv"):
            click.echo(f"note: there is more: --cursor {page.cursor}", err=True)


def _opener(reading: Reading) -> Opening:
    if reading.trail is None:
        raise UsageError("an export is revealed by its own bodies", hint="name a trail's home")
    return Opening(reading.trail)


def _render_page(engine: Engine, page: Page, chosen: str) -> str:
    match chosen:
        case "json":
            return render_json(page_value(engine, page))
        case "jsonl":
            return render_json_lines([row_value(engine, row) for row in page.rows])
        case "csv":
            return page_csv(engine, page)
    rows = [[printable(one) for one in row_cells(engine, row)] for row in page.rows]
    lines = [render_table(ROW_COLUMNS, rows) if rows else "no entry fits\n"]
    lines.append(
        f"\n{printable(page.as_of.origin)}, as of {page.as_of.size} entries; found by {printable(page.plan)}\n"
    )
    if page.completeness is not None:
        lines.append(f"complete: {printable(page.completeness.statement)}\n")
    else:
        lines.append(
            "not shown to be complete: an index was asked (--complete asks a stream, where one has it all)\n"
        )
    if page.cursor:
        lines.append(f"more: --cursor {page.cursor}\n")
    return "".join(lines)


def render_answer(found: Answer[Any], chosen: str) -> str:
    """An answer as it is asked for."""
    match chosen:
        case "json":
            return render_json(answer_value(found))
        case "jsonl":
            return render_json_lines([plain(line) for line in found.lines])
        case "csv":
            return answer_csv(found)
    columns, cells = answer_cells(found)
    rows = [[printable(one) for one in row] for row in cells]
    told = found.proven
    lines = [f"{printable(found.title)}\n\n", render_table(columns, rows) if rows else "nothing\n"]
    lines.append(f"\n{printable(found.as_of.origin)}, as of {found.as_of.size} entries: {told.state}")
    lines.append(f" ({printable(', '.join(told.by))})\n" if told.by else "\n")
    lines += [f"  shown: {printable(one)}\n" for one in told.shown]
    lines += [f"  not shown: {printable(one)}\n" for one in told.not_shown]
    return "".join(lines)
