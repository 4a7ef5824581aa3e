"""Answers as values of JSON, as lines of JSON, and as cells of a table: the same for the command, the API and pages."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Final

from lockgate.audit.note import encode_base64
from lockgate.audit.query.answers.answer import Answer
from lockgate.audit.query.engine import Engine
from lockgate.audit.query.page import AsOf, Completeness, Page, Row
from lockgate.audit.query.spreadsheet import render_csv
from lockgate.audit.times import render_time
from lockgate.audit.tlog_proof import render_tlog_proof
from lockgate.audit.trust import TrustState

SCHEMA_VERSION: Final = 1
NOT_PROVEN: Final = "listed, not proven"
ROW_COLUMNS: Final = (
    "index", "time", "kind", "what", "model", "environment", "resource", "policies", "subject", "requester",
    "approver", "leafHash", "state",
)  # fmt: skip


def camel(name: str) -> str:
    """`last_use` as `lastUse`."""
    first, *others = name.split("_")
    return first + "".join([one.capitalize() for one in others])


def plain(value: Any) -> Any:
    """A line of an answer as a value of JSON."""
    if is_dataclass(value) and not isinstance(value, type):
        return {camel(one.name): plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return value


def state_of(engine: Engine, row: Row) -> str:
    """What a row rests on, never more than the log can say of itself where the trust lies beside it."""
    if row.rests_on is None:
        return NOT_PROVEN
    return str(TrustState.SELF_ATTESTED if engine.trusted == "itself" else row.rests_on.state)


def as_of_value(as_of: AsOf) -> dict[str, Any]:
    """Origin, size and root."""
    return {"origin": as_of.origin, "size": as_of.size, "root": encode_base64(as_of.root)}


def completeness_value(told: Completeness) -> dict[str, Any]:
    """A part of a stream without a gap."""
    return {
        "stream": told.stream,
        "first": told.first,
        "last": told.last,
        "end": told.end,
        "statement": told.statement,
    }


def row_value(engine: Engine, row: Row) -> dict[str, Any]:
    """A row, with its entry as the log has it."""
    made: dict[str, Any] = {
        "index": row.index,
        "leafHash": encode_base64(row.leaf),
        "time": render_time(row.entry.time_ms),
        "kind": row.entry.kind,
        "entry": row.entry.value,
        "proven": row.proven,
        "state": state_of(engine, row),
    }
    if row.n is not None:
        made["n"] = row.n
    if row.proof is not None:
        made["proof"] = render_tlog_proof(row.proof).decode()
    return made


def page_value(engine: Engine, page: Page) -> dict[str, Any]:
    """A page."""
    return {
        "schemaVersion": SCHEMA_VERSION,
        "asOf": as_of_value(page.as_of),
        "foundBy": page.plan,
        "complete": None if page.completeness is None else completeness_value(page.completeness),
        "lookedAt": page.looked_at,
        "rows": [row_value(engine, row) for row in page.rows],
        "next": page.cursor,
    }


def answer_value(answer: Answer[Any]) -> dict[str, Any]:
    """An answer."""
    told = answer.proven
    return {
        "schemaVersion": SCHEMA_VERSION,
        "question": answer.number,
        "title": answer.title,
        "asOf": as_of_value(answer.as_of),
        "lines": [plain(line) for line in answer.lines],
        "proven": {
            "state": str(told.state),
            "by": list(told.by),
            "complete": [completeness_value(one) for one in told.complete],
            "shown": list(told.shown),
            "notShown": list(told.not_shown),
        },
    }


def render_json(value: Mapping[str, Any]) -> str:
    """One document, with a final newline."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def render_json_lines(values: Iterable[Any]) -> str:
    """A line of JSON each."""
    return "".join([json.dumps(one, ensure_ascii=False, separators=(",", ":")) + "\n" for one in values])


def cell(value: Any) -> str:
    """A part of a line, on one line of text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, list | tuple):
        return "; ".join([cell(one) for one in value])
    if isinstance(value, dict):
        return " ".join([cell(one) for one in value.values() if one not in ("", None)])
    return str(value)


def row_cells(engine: Engine, row: Row) -> list[str]:
    """The cells of a row, one for each of ROW_COLUMNS."""
    value = row.entry.value
    told = {
        "index": str(row.index),
        "time": render_time(row.entry.time_ms),
        "kind": row.entry.kind,
        "what": str(value.get("event", value.get("outcome", value.get("action", "")))),
        "leafHash": encode_base64(row.leaf),
        "state": state_of(engine, row),
    }
    return [told.get(name, str(value.get(name, ""))) for name in ROW_COLUMNS]


def page_csv(engine: Engine, page: Page) -> str:
    """A page for a spreadsheet."""
    return render_csv(ROW_COLUMNS, [row_cells(engine, row) for row in page.rows])


def answer_cells(answer: Answer[Any]) -> tuple[list[str], list[list[str]]]:
    """Names and cells of an answer's lines."""
    rows = [[cell(one) for one in plain(line).values()] for line in answer.lines]
    return [camel(one) for one in answer.columns], rows


def answer_csv(answer: Answer[Any]) -> str:
    """An answer for a spreadsheet."""
    return render_csv(*answer_cells(answer))


def render_table(columns: Sequence[str], rows: Sequence[Sequence[str]], most: int = 60) -> str:
    """Text in columns; a cell is cut at so many characters, and a column without anything in it is left out."""
    used = [place for place in range(len(columns)) if any(row[place] for row in rows)]
    if not rows:
        return ""

    def cut(text: str) -> str:
        return text if len(text) <= most else text[: most - 1] + "…"

    table = [[cut(row[place]) for place in used] for row in (columns, *rows)]
    widths = [max(len(row[place]) for row in table) for place in range(len(used))]
    lines = [
        "  ".join([one.ljust(width) for one, width in zip(row, widths, strict=True)]).rstrip()
        for row in table
    ]
    return "\n".join(lines) + "\n"
