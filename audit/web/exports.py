"""Exports of the API: every entry that fits a question, streamed, few at once, and counted by the log before the first is sent."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from lockgate.audit.query.engine import MAX_ROWS, Asking, Engine
from lockgate.audit.query.page import Page
from lockgate.audit.query.parameters import parse_asking, parse_question
from lockgate.audit.query.question import Question
from lockgate.audit.query.render import ROW_COLUMNS, as_of_value, render_json_lines, row_cells, row_value
from lockgate.audit.query.spreadsheet import render_csv
from lockgate.audit.web.call import MEDIA, Call, Reply
from lockgate.audit.web.problems import ProblemError

if TYPE_CHECKING:
    from lockgate.audit.web.api import Api

# Rows of an export; whoever wants more takes the log.
MAX_EXPORTED: Final = 200_000
MAX_EXPORTS: Final = 2
# After so long an export that nobody reads on makes place for another.
_EXPORT_MS: Final = 120_000
EXPORT_PAGING: Final = ("as_of", "proofs")


class Slots:
    """So many at once, and of each caller one. Whoever does not give theirs back loses it after some time."""

    def __init__(self, most: int, clock: Callable[[], int]) -> None:
        self._most: Final = most
        self._clock: Final = clock
        self._lock: Final = threading.Lock()
        self._taken: Final[dict[str, int]] = {}

    def take(self, caller: str) -> None:
        """Raises ProblemError (429)."""
        now_ms = self._clock()
        with self._lock:
            for name in [name for name, at in self._taken.items() if at < now_ms - _EXPORT_MS]:
                del self._taken[name]
            if caller in self._taken or len(self._taken) >= self._most:
                raise ProblemError(
                    429, "too-many", "there is too much to do", "exports are under way", retry="5"
                )
            self._taken[caller] = now_ms

    def give(self, caller: str) -> None:
        """Gives it back."""
        with self._lock:
            self._taken.pop(caller, None)


def export(api: "Api", call: Call) -> Reply:
    """Every entry that fits a question, as lines or for a spreadsheet. The log keeps it, with how many, before the first is sent."""
    api.scope(call)
    api.scope(call, "exports")
    api.named(call, call.told)
    paging = {name: call.told[name] for name in EXPORT_PAGING if name in call.told}
    filters = {name: values for name, values in call.told.items() if name not in EXPORT_PAGING}
    question = parse_question(filters, api.names)
    how = parse_asking(paging, MAX_ROWS)
    engine = api.engine(call)
    api.exports.take(call.caller.name)
    try:
        # Twice: nothing is sent before the log has how much, and what is sent is not kept.
        pages = _pages(engine, question, how)
        first = next(pages)
        as_of, count = first.as_of, 0
        for page in chain([first], pages):
            count += len(page.rows)
            if count > MAX_EXPORTED:
                raise ProblemError(
                    422,
                    "too-large",
                    "that is too large",
                    f"more than {MAX_EXPORTED} entries fit: ask about a shorter time, or take the log by its tiles",
                )
        api.keep_export(call, count, filters)
    except BaseException:
        api.exports.give(call.caller.name)
        raise

    def parts() -> Iterator[bytes]:
        try:
            if call.form == "csv":
                yield render_csv(ROW_COLUMNS, []).encode()
            for page in _pages(engine, question, replace(how, as_of_size=as_of.size)):
                if call.form == "csv":
                    cells = [row_cells(engine, row) for row in page.rows]
                    yield render_csv(ROW_COLUMNS, cells).partition("\n")[2].encode()
                else:
                    yield render_json_lines([row_value(engine, row) for row in page.rows]).encode()
        finally:
            api.exports.give(call.caller.name)

    told = as_of_value(as_of)
    headers = {
        "Content-Disposition": f'attachment; filename="export.{call.form}"',
        "Lockgate-Records": str(count),
        "Lockgate-As-Of": json.dumps(told, separators=(",", ":")),
    }
    return Reply(b"", MEDIA[call.form], headers=headers, parts=parts())


def _pages(engine: Engine, question: Question, how: Asking) -> Iterator[Page]:
    asking = replace(how, limit=MAX_ROWS)
    while True:
        page = engine.ask(question, asking)
        yield page
        if not page.cursor:
            return
        asking = replace(asking, cursor=page.cursor, as_of_size=page.as_of.size)
