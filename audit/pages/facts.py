"""What pages tell of entries and answers: plain values, the same in HTML and JSON."""

import base64
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from lockgate.audit.canonical import Json
from lockgate.audit.entry import Entry, own_fields
from lockgate.audit.pages.site import Site
from lockgate.audit.query.answers.answer import Answer
from lockgate.audit.query.page import AsOf, Completeness, Row

_OWN_WORD: Final = "self-attested"


def as_of_value(as_of: AsOf) -> dict[str, Any]:
    """The state that a page is of."""
    return {"origin": as_of.origin, "size": as_of.size, "root": base64.b64encode(as_of.root).decode()}


def complete_value(one: Completeness) -> dict[str, Any]:
    """What was looked at without a gap."""
    return {**asdict(one), "statement": one.statement}


def row_value(row: Row) -> dict[str, Any]:
    """A row of a list."""
    return {
        "entry": row.index,
        "kind": row.entry.kind,
        "time": str(row.entry.value["time"]),
        "fields": own_fields(row.entry),
        "streams": [link.name for link in row.entry.links],
        "proof": row.proven,
    }


def answer_value(answer: Answer[Any]) -> dict[str, Any]:
    """An answer; its state is never more than the log's own word, since a page is served by who keeps it."""
    proven = answer.proven
    return {
        "number": answer.number,
        "title": answer.title,
        "columns": list(answer.columns),
        "lines": [asdict(one) for one in answer.lines],
        "asOf": as_of_value(answer.as_of),
        "proven": {
            "state": _OWN_WORD,
            "complete": [complete_value(one) for one in proven.complete],
            "shown": list(proven.shown),
            "notShown": list(proven.not_shown),
        },
    }


def entry_fields(entry: Entry) -> dict[str, Json]:
    """The fields of an entry's kind, in clear."""
    return own_fields(entry)


def body_of(site: Site, index: int, raw: bytes) -> Mapping[str, Any] | None:
    """An entry's body, for whom may see it; the log keeps that it was looked at."""
    return None if site.opener is None else site.opener(index, raw)


def summary(kind: str, fields: Mapping[str, Any]) -> str:
    """An entry in a few words."""
    match kind:
        case "decision":
            what = f"{fields.get('outcome')}: {fields.get('operation')} {fields.get('resource')}"
        case "promotion":
            what = f"{fields.get('event')}: {fields.get('model')} {fields.get('version', '')} to {fields.get('environment')}"
        case "exemption":
            what = f"{fields.get('event')}: {fields.get('exemption')}"
        case "break-glass":
            what = f"{fields.get('event')}: {fields.get('grant')}"
        case "policy":
            what = f"{fields.get('event')}: {fields.get('policy', 'the policies in force')}"
        case "access":
            what = f"{fields.get('action')} of {fields.get('entries')} entries"
        case "verification":
            what = f"{fields.get('verdict')}: {fields.get('size')} entries"
        case "key":
            what = f"{fields.get('event')}: a key for {fields.get('use')}"
        case "hold":
            what = f"{fields.get('event')}: {fields.get('hold')}"
        case "coverage":
            what = f"{fields.get('instance')}: {fields.get('judged')} judged"
        case "statement":
            what = str(fields.get("predicate"))
        case "log":
            what = str(fields.get("event"))
        case "erasure":
            what = f"{fields.get('scope')}: {fields.get('reason')}"
        case _:
            what = ""
    return what
