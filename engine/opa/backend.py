"""Asks OPA servers for the results of calls on a review: one query; what a server lacks is pushed to it first.

A server says with each answer that it holds all that the answer needs, so that one which has lost its policies is never
taken for one that finds nothing.
"""

import json
import re
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lockgate.engine.codegen.values import Value, parse_json, render_json
from lockgate.engine.errors import EvaluationError, InputError, Location
from lockgate.engine.opa.bundling import BASE, Push, PushedModule, inventory_path, make_input
from lockgate.engine.opa.connection import Answer, Connection, NoAnswerError
from lockgate.engine.opa.fleet import Fleet
from lockgate.engine.opa.servers import Address
from lockgate.engine.record import record

_ROOTS: Final = re.compile(rf"data\.{BASE}\.t_[0-9a-f]+\.(?:(template)_[0-9a-f]+)?", re.ASCII)

# By name: the results of a call in OPA's order, or why there are none.
Answers = Mapping[str, list[Value] | EvaluationError]

_V0_HINT: Final = (
    "start it with --v0-compatible: Gatekeeper's templates are Rego v0 unless they say otherwise"
)


@record
class Inventory:
    """What `data.inventory` is, with the digest that names it."""

    digest: str
    value: dict[str, Value]


class _EvaluationFailedError(Exception):
    """OPA ended a query with an error of the policies."""

    def __init__(self, message: str, location: tuple[str, int, int] | None) -> None:
        super().__init__(message)
        self.location = location


class Backend:
    """Holds calls on the servers of a fleet, and asks them."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet: Final = fleet
        # Inventories are of one run: what was pushed for them is removed at the end.
        self._temporary: dict[Address, dict[str, Push]] = {}
        # What a server lacks is pushed by one thread, for all.
        self._pushing: Final = {address: threading.Lock() for address in fleet.addresses}

    def ask(
        self,
        push: Push,
        inventory: Inventory | None,
        review: Mapping[str, Value],
        wanted: Sequence[str],
        now_ns: int,
        until: float | None = None,
    ) -> Answers:
        """The answers of the wanted calls (some of `push.names`). Raises EvaluationError where no server answers.

        until: the moment (`time.monotonic`) at which there must be answers. What a server lacks is pushed to its end all
        the same, so that the next review finds it there.
        """

        def work(connection: Connection) -> Answers | _EvaluationFailedError:
            try:
                body = make_input(review, wanted, now_ns)
                return self._asked(connection, push, inventory, body, wanted, until)
            except _EvaluationFailedError as failed:
                return failed

        made = self.fleet.run(work, until)
        if not isinstance(made, _EvaluationFailedError):
            return made
        if len(wanted) == 1:
            return {wanted[0]: EvaluationError(str(made), location=_place(push, made.location))}
        # An error of one ends the query of all: each is asked by itself.
        alone: dict[str, list[Value] | EvaluationError] = {}
        for name in wanted:
            alone.update(self.ask(push, inventory, review, [name], now_ns, until))
        return alone

    def prepare(self, push: Push) -> dict[Address, str]:
        """Sees that every server holds what is pushed; which ones do not, and why."""

        def work(connection: Connection) -> None:
            with self._pushing[connection.address]:
                self._push(connection, push, None)

        return self.fleet.each(work)

    def retire(self, push: Push, kept: Sequence[Push]) -> None:
        """Removes what was pushed and is no longer needed. Others who need it push it again when they see it gone."""
        needed = {module.id for one in kept for module in one.modules}
        seconds = self.fleet.access.answer_seconds

        def work(connection: Connection) -> None:
            for module in reversed(push.modules):
                if module.id not in needed:
                    connection.ask("DELETE", f"/v1/policies/{module.id}", seconds=seconds)

        # A server that does not answer keeps it: it is only room in its memory.
        self.fleet.each(work)

    def close(self) -> None:
        """Removes inventories from the servers, with what reads them, and ends the connections."""
        for address, pushes in self._temporary.items():
            connection = Connection(address, self.fleet.access)
            try:
                for digest, push in pushes.items():
                    self._remove(connection, push, digest)
            except NoAnswerError:
                pass  # It is gone, and what it had in memory with it.
            finally:
                connection.close()
        self._temporary.clear()
        self.fleet.close()

    def _remove(self, connection: Connection, push: Push, digest: str) -> None:
        seconds = self.fleet.access.answer_seconds
        mark = inventory_path(digest)
        for module in reversed(push.modules):
            if module is push.modules[-1] or mark in module.text:
                connection.ask("DELETE", f"/v1/policies/{module.id}", seconds=seconds)
        connection.ask("DELETE", f"/v1/data/{mark.replace('.', '/')}", seconds=seconds)

    def _asked(
        self,
        connection: Connection,
        push: Push,
        inventory: Inventory | None,
        body: str,
        wanted: Sequence[str],
        until: float | None,
    ) -> Answers:
        data = body.encode("utf-8", "surrogatepass")
        answers = self._query(connection, push, data, wanted, until)
        if answers is not None:
            return answers
        pushing = self._pushing[connection.address]
        if not pushing.acquire(timeout=-1 if until is None else max(0.0, until - time.monotonic())):
            raise NoAnswerError("the policies that it lacks are being pushed to it")
        try:
            answers = self._query(connection, push, data, wanted, until)
            if answers is None:
                self._push(connection, push, inventory)
        finally:
            pushing.release()
        if answers is None:
            answers = self._query(connection, push, data, wanted, until)
        if answers is None:
            raise NoAnswerError("it does not hold the policies that were pushed to it a moment ago")
        return answers

    def _query(
        self, connection: Connection, push: Push, data: bytes, wanted: Sequence[str], until: float | None
    ) -> Answers | None:
        """The answers; None where the server lacks something that they need."""
        path = f"/v1/data/{push.query}"
        seconds = self.fleet.access.answer_seconds
        if until is not None:
            seconds = min(seconds, until - time.monotonic())
            if seconds <= 0:
                raise NoAnswerError("there is no time left for its answer")
        answer = connection.ask("POST", path, data, seconds=seconds)
        if answer.status != 200:
            _refuse(answer)
        try:
            value = parse_json(answer.body)
        except InputError as error:
            raise _EvaluationFailedError(f"the answer of OPA cannot be read: {error}", None) from None
        found = value.get("result") if type(value) is dict else None
        if type(found) is not dict:
            return None
        made: dict[str, list[Value] | EvaluationError] = {}
        for name in wanted:
            rows = found.get(name)
            if type(rows) is not list:
                return None
            made[name] = rows
        return made

    def _push(self, connection: Connection, push: Push, inventory: Inventory | None) -> None:
        if inventory is not None:
            # Noted first: what was pushed in part is removed too.
            self._temporary.setdefault(connection.address, {})[inventory.digest] = push
            self._push_inventory(connection, inventory)
        waiting: Sequence[PushedModule] = push.modules
        while waiting:
            refused: list[PushedModule] = []
            why = ""
            for module in waiting:
                answer = self._put(connection, f"/v1/policies/{module.id}", module.text, "text/plain")
                if answer.status == 400:
                    # It may need a library that comes later.
                    refused.append(module)
                    why = why or _compile_error(answer, module)
                elif answer.status != 200:
                    raise NoAnswerError(_status(answer, "a policy"))
            if len(refused) == len(waiting):
                raise NoAnswerError(f"it refuses a policy: {why}")
            waiting = refused

    def _push_inventory(self, connection: Connection, inventory: Inventory) -> None:
        path = f"/v1/data/{inventory_path(inventory.digest).replace('.', '/')}"
        there = connection.ask("GET", f"{path}/present", seconds=self.fleet.access.answer_seconds)
        if there.status == 200 and _json(there).get("result") is True:
            return
        text = render_json({"objects": inventory.value, "present": True})
        answer = self._put(connection, path, text, "application/json")
        if answer.status not in (200, 204):
            raise NoAnswerError(_status(answer, "the inventory"))

    def _put(self, connection: Connection, path: str, text: str, content: str) -> Answer:
        data = text.encode("utf-8", "surrogatepass")
        return connection.ask("PUT", path, data, seconds=self.fleet.access.push_seconds, content=content)


def _json(answer: Answer) -> dict[str, Any]:
    """What a server says beside results, read leniently: it is only told."""
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _errors(answer: Answer) -> list[dict[str, Any]]:
    found = _json(answer).get("errors")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _refuse(answer: Answer) -> None:
    """Raises what a status other than 200 says of a query."""
    for error in _errors(answer):
        code = str(error.get("code", ""))
        if answer.status == 500 and code.startswith("eval_"):
            # Further lines name what was pushed, and so does the root of what is in the first.
            first = str(error.get("message", "")).partition("\n")[0].rstrip(":")
            raise _EvaluationFailedError(f"{code}: {_ROOTS.sub(_shown_root, first)}", _location(error))
    raise NoAnswerError(_status(answer, "the query"))


def _shown_root(found: re.Match[str]) -> str:
    return f"data.{found[1] or ''}"


def _location(error: Mapping[str, Any]) -> tuple[str, int, int] | None:
    place = error.get("location")
    if not isinstance(place, dict):
        return None
    file, row, column = place.get("file"), place.get("row"), place.get("col")
    if not isinstance(file, str) or not isinstance(row, int) or not isinstance(column, int):
        return None
    return file, row, column


def _place(push: Push, location: tuple[str, int, int] | None) -> Location | None:
    """Where it is in the file that a person edits: lines are those of what was pushed."""
    if location is None:
        return None
    file, row, column = location
    for module in push.modules:
        if module.id == file.strip("/") and module.source is not None:
            return module.source.location(row, column)
    return None


def _compile_error(answer: Answer, module: PushedModule) -> str:
    errors = _errors(answer) or [_json(answer)]
    text = " ".join(str(errors[0].get("message", "no reason is given")).split())[:300]
    place = _location(errors[0])
    where = "" if module.source is None or place is None else f"{module.source.location(*place[1:])}: "
    is_v0 = module.source is not None and module.source.version == "v0"
    return f"{where}{text}" + (f"; {_V0_HINT}" if is_v0 and "keyword is required" in text else "")


def _status(answer: Answer, what: str) -> str:
    if answer.status == 401 or answer.status == 403:
        return f"it does not allow {what} (status {answer.status}); give its token with --opa-token-file"
    message = " ".join(str(_json(answer).get("message", "")).split())[:200]
    return f"it refuses {what} with status {answer.status}" + (f" ({message})" if message else "")
