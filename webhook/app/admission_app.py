"""The application of a worker: paths, callers, deadlines, and one answer to each review."""

import asyncio
import hmac
import traceback
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final, final

from lockgate.engine.errors import LockgateError
from lockgate.engine.record import record
from lockgate.webhook.app.client_names import ClientNames
from lockgate.webhook.app.http_application import Head, Reading, Reply, Unread
from lockgate.webhook.app.log_lines import LogValue
from lockgate.webhook.app.logs import Log
from lockgate.webhook.app.request_log import AnsweredRequest, log_request
from lockgate.webhook.app.request_reader import MAX_BODY
from lockgate.webhook.serving.admitting import INDEX, LEAF_HASH, Admitted, Admitting
from lockgate.webhook.serving.answer import HttpAnswer, render_review, render_status
from lockgate.webhook.serving.deadline import Deadline, deadline_of, parse_timeout
from lockgate.webhook.serving.measures import Answer, Measures, Refusal
from lockgate.webhook.serving.wire import AdmissionCall, CallReader, WireError

if TYPE_CHECKING:
    # Imported where there is a trail.
    from lockgate.audit.recorder import Caller
    from lockgate.webhook.serving.remembering import Remembering

ADMIT: Final = "/v1/admit"
# Gatekeeper's path for the label that lets Namespaces past its webhooks.
LABELS: Final = "/v1/admitlabel"
# How long a review is tried on the event loop, before it is given to a thread.
TRY_S: Final = 0.010
# How long a Namespace is waited for that nobody has told of.
NAMESPACE_S: Final = 2.0
_LOOK_S: Final = 0.02
# Reviews that take longer, at a time; what they compute shares one interpreter.
THREADS: Final = 8
# Reviews that may wait for others than this process, apart: a provider that hangs holds up no review that asks nobody.
WAITING_THREADS: Final = 32

# What is not read to its end: how it is counted, and said.
_UNREAD: Final[dict[Unread, tuple[Refusal, HttpAnswer]]] = {
    "malformed": ("malformed", render_status(400, "BadRequest", "this is no HTTP/1.1")),
    "head_too_large": (
        "malformed",
        render_status(431, "RequestHeaderFieldsTooLarge", "the headers are too large"),
    ),
    "too_large": (
        "too_large",
        render_status(413, "RequestEntityTooLarge", f"the review is larger than {MAX_BODY} bytes"),
    ),
    "overload": (
        "overload",
        render_status(429, "TooManyRequests", "too many large reviews wait at a time"),
    ),
}


@record
class CallerRules:
    """Who is known. token: the last part of the path that callers know; clients: whose certificates count."""

    token: str = ""
    clients: ClientNames = ClientNames()

    @property
    def wants_some(self) -> bool:
        """Whether callers have to be known."""
        return bool(self.token) or bool(self.clients.names)


@final
class AdmissionApp:
    """Answers requests. Used on one event loop."""

    def __init__(
        self,
        admitting: Admitting,
        callers: CallerRules,
        measures: Measures,
        log: Log,
        remembering: "Remembering | None" = None,
    ) -> None:
        """remembering: records decisions; None where nothing is recorded."""
        self._admitting = admitting
        self._remembering = remembering
        self._callers = callers
        self._measures = measures
        self._log = log
        self._calls = CallReader()
        self._threads = ThreadPoolExecutor(THREADS, "judge")
        self._waiting = ThreadPoolExecutor(WAITING_THREADS, "ask")

    def begin(self, head: Head) -> Reading | HttpAnswer:
        """The answer to a head, or what takes the review."""
        path = head.path
        if path == "/healthz":
            return HttpAnswer(200, b'"ok"')
        place = ADMIT if path == ADMIT else _place_of(path)
        if place is None:
            return render_status(404, "NotFound", "there is nothing at this path")
        caller = self._caller(head, path[len(place) + 1 :])
        if caller is None:
            self._refuse("unauthenticated", 0.0)
            text = "the caller is not known: show a client certificate, or the token in the path"
            return render_status(401, "Unauthorized", text)
        if head.method != "POST":
            return render_status(405, "MethodNotAllowed", "reviews are sent with POST")
        deadline = deadline_of(monotonic(), parse_timeout(head.query))
        return partial(self._admit if place == ADMIT else self._admit_label, caller, deadline)

    def unread(self, reason: Unread, path: str) -> HttpAnswer:
        """The answer to what is no HTTP, too large, or too much at a time."""
        counted, answer = _UNREAD[reason]
        self._refuse(counted, 0.0)
        return answer

    def _caller(self, head: Head, given: str) -> "Caller | None":
        """Who calls; None for who has to be known and is not. given: what is behind the path."""
        rules = self._callers
        if rules.clients.admits(head.client_names):
            return "mtls"
        if rules.token and hmac.compare_digest(given.encode("utf-8", "replace"), rules.token.encode()):
            return "token"
        return None if rules.wants_some or given else "unauthenticated"

    def _refuse(self, reason: Refusal, seconds: float) -> None:
        self._measures.refused(reason)
        self._measures.answered("refused", seconds)

    def _admit(self, caller: "Caller", deadline: Deadline, body: bytes) -> Reply:
        """The answer to a review: at once, where it has nothing to wait for."""
        began = monotonic()
        try:
            call = self._calls.read(body)
        except WireError as error:
            return self._malformed(error, monotonic() - began)
        try:
            lacks = self._admitting.lacks_namespace(call)
            admitted = None if lacks else self._tried(call, deadline, caller)
        except Exception as error:  # noqa: BLE001 - a fault of ours is an answer too, and a closed one
            admitted = self._faulty(call, error)
        if admitted is None or (self._remembering is not None and not call.is_dry_run):
            return self._admit_in_time(call, admitted, caller, deadline, began)
        return self._answer(call, admitted, caller, monotonic() - began)

    async def _admit_in_time(
        self, call: AdmissionCall, tried: Admitted | None, caller: "Caller", deadline: Deadline, began: float
    ) -> HttpAnswer:
        """The answer to a review that waits: for its Namespace, for a thread, or for its record."""
        self._measures.in_flight += 1
        try:
            admitted = tried or await self._judge(call, deadline, caller)
            if self._remembering is not None and not call.is_dry_run:
                admitted = await self._remember(self._remembering, call, admitted, caller, deadline)
        except Exception as error:  # noqa: BLE001 - a fault of ours is an answer too, and a closed one
            admitted = self._faulty(call, error)
        finally:
            self._measures.in_flight -= 1
        return self._answer(call, admitted, caller, monotonic() - began)

    def _admit_label(self, caller: "Caller", deadline: Deadline, body: bytes) -> Reply:
        """The answer to a Namespace's labels."""
        began = monotonic()
        try:
            call = self._calls.read(body)
        except WireError as error:
            return self._malformed(error, monotonic() - began)
        if self._admitting.is_rise(call):
            return self._admit_rise(call, caller, deadline, began)
        try:
            admitted = self._admitting.admit_label(call)
        except Exception as error:  # noqa: BLE001 - as above
            admitted = self._faulty(call, error)
        if admitted.labels and self._remembering is not None and not call.is_dry_run:
            return self._remember_labels(self._remembering, call, admitted, caller, deadline, began)
        return self._answer(call, admitted, caller, monotonic() - began)

    async def _admit_rise(
        self, call: AdmissionCall, caller: "Caller", deadline: Deadline, began: float
    ) -> HttpAnswer:
        """The answer to a Namespace's labels that take what runs in it into a higher environment, which is judged in a thread."""
        try:
            admitted = await asyncio.to_thread(self._admitting.admit_label, call, deadline.evaluate_by)
        except Exception as error:  # noqa: BLE001 - as above
            admitted = self._faulty(call, error)
        if admitted.labels and self._remembering is not None and not call.is_dry_run:
            return await self._remember_labels(self._remembering, call, admitted, caller, deadline, began)
        return self._answer(call, admitted, caller, monotonic() - began)

    async def _remember_labels(
        self,
        remembering: "Remembering",
        call: AdmissionCall,
        admitted: Admitted,
        caller: "Caller",
        deadline: Deadline,
        began: float,
    ) -> HttpAnswer:
        """The answer, once the change is in the trail; closed where it cannot be recorded."""
        digest = self._admitting.policies_digest
        try:
            receipt = await remembering.remember_labels(call, admitted, digest, deadline.answer_by)
            admitted = admitted.noting({INDEX: str(receipt.index), LEAF_HASH: receipt.leaf_hash.hex()})
        except LockgateError as error:
            self._measures.not_recorded()
            self._measures.refused("not_recorded")
            reason = f"the change could not be recorded: {error.message}"
            admitted = self._admitting.closed_for_all(reason, call)
        except Exception as error:  # noqa: BLE001 - as above
            admitted = self._faulty(call, error)
        return self._answer(call, admitted, caller, monotonic() - began)

    def _faulty(self, call: AdmissionCall, error: Exception) -> Admitted:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{type(error).__name__} at {frame.name}:{frame.lineno}"
        self._log.write("error", "internal error", {"uid": call.uid, "place": place})
        return self._admitting.closed_for_all(f"an internal error of Lockgate: {place}", call)

    def _malformed(self, error: WireError, seconds: float) -> HttpAnswer:
        if not error.uid:
            self._refuse("malformed", seconds)
            return render_status(400, "BadRequest", error.message)
        # Closed also for webhooks whose failures are ignored.
        admitted = self._admitting.closed_for_all(error.message, None)
        self._measures.refused("malformed")
        self._measures.answered("allowed" if admitted.response.allowed else "failed", seconds)
        return render_review(admitted.response, error.api_version, error.uid, admitted.annotations)

    def _tried(self, call: AdmissionCall, deadline: Deadline, caller: "Caller") -> Admitted | None:
        """What is said to a call, if that takes no longer than to hand it to a thread; most need less."""
        if self._admitting.may_wait(call):
            return None
        admitted = self._admitting.admit(call, min(monotonic() + TRY_S, deadline.evaluate_by), caller)
        return None if admitted.is_late else admitted

    async def _judge(self, call: AdmissionCall, deadline: Deadline, caller: "Caller") -> Admitted:
        """What is said to a call that nothing was said to at once."""
        if self._admitting.lacks_namespace(call):
            await self._wait_for_namespace(call, deadline)
            admitted = self._tried(call, deadline, caller)
            if admitted is not None:
                return admitted
        loop = asyncio.get_running_loop()
        threads = self._waiting if self._admitting.may_wait(call) else self._threads
        asked = loop.run_in_executor(threads, self._admitting.admit, call, deadline.evaluate_by, caller)
        try:
            admitted = await asyncio.wait_for(asked, max(0.0, deadline.answer_by - monotonic()))
            if admitted.is_late:
                self._measures.refused("deadline")
            return admitted
        except TimeoutError:
            self._measures.refused("deadline")
            reason = "the review was not judged within the time that the API server gives it"
            return self._admitting.closed(reason, call)

    async def _wait_for_namespace(self, call: AdmissionCall, deadline: Deadline) -> None:
        """A Namespace that was made a moment ago is told soon: `kubectl apply` makes both in one go."""
        until = min(monotonic() + NAMESPACE_S, deadline.evaluate_by)
        while self._admitting.lacks_namespace(call) and monotonic() < until:
            await asyncio.sleep(_LOOK_S)

    async def _remember(
        self,
        remembering: "Remembering",
        call: AdmissionCall,
        admitted: Admitted,
        caller: "Caller",
        deadline: Deadline,
    ) -> Admitted:
        """The answer, once the decision is in the trail; closed where it cannot be recorded."""
        judged = admitted.judged
        began = monotonic()
        try:
            receipt = None
            if judged is not None:
                receipt = await remembering.remember(call, admitted, judged, caller, deadline.answer_by)
            elif admitted.reason and not admitted.grant:
                remembering.counts.refused += 1
            if admitted.grant:
                await remembering.remember_use(call, admitted, deadline.answer_by)
        except LockgateError as error:
            self._measures.not_recorded()
            return await self._unrecorded(remembering, call, admitted, error)
        if receipt is None:
            return admitted
        self._measures.recorded(monotonic() - began)
        return admitted.noting({INDEX: str(receipt.index), LEAF_HASH: receipt.leaf_hash.hex()})

    async def _unrecorded(
        self, remembering: "Remembering", call: AdmissionCall, admitted: Admitted, error: LockgateError
    ) -> Admitted:
        """The answer where the trail takes nothing: closed, but for what break-glass lets through and a spool keeps."""
        reason = f"the decision could not be recorded: {error.message}"
        granted = self._admitting.closed(reason, call, admitted.judged)
        if granted.grant:
            try:
                await remembering.keep_use(call, granted)
            except LockgateError as unkept:
                told: dict[str, LogValue] = {"uid": call.uid, "grant": granted.grant, "reason": str(unkept)}
                self._log.write("error", "break-glass not kept", told)
            else:
                return granted
        self._measures.refused("not_recorded")
        closed = self._admitting.closed_for_all(reason, call, admitted.judged)
        if admitted.judged is not None and admitted.judged.held is not None:
            await asyncio.to_thread(self._admitting.give_up, closed)
        return closed

    def _answer(
        self, call: AdmissionCall, admitted: Admitted, caller: "Caller", seconds: float
    ) -> HttpAnswer:
        """The answer; it is counted and told of once it is on its way."""
        tell = partial(self._tell, call, admitted, caller, seconds)
        return render_review(admitted.response, call.api_version, call.uid, admitted.annotations, tell)

    def _tell(self, call: AdmissionCall, admitted: Admitted, caller: "Caller", seconds: float) -> None:
        """Counts an answer, and writes its line."""
        judged = admitted.judged
        if judged is not None:
            self._measures.judged(judged.decision, call.operation, admitted.seconds)
        answer: Answer = "allowed"
        if not admitted.response.allowed:
            answer = "failed" if admitted.reason else "denied"
        if admitted.grant and not call.is_dry_run:
            self._measures.let_through()
        self._measures.answered(answer, seconds)
        index = admitted.annotations.get(INDEX)
        log_request(
            self._log,
            AnsweredRequest(
                call.uid,
                answer,
                seconds,
                operation=call.operation,
                resource="/".join([part for part in call.kind if part]),
                namespace=call.namespace,
                name=call.name,
                caller=caller,
                dry_run=call.is_dry_run,
                decision=None if judged is None else judged.decision,
                reason=admitted.reason,
                grant=admitted.grant,
                index=None if index is None else int(index),
            ),
        )


def _place_of(path: str) -> str | None:
    """The place whose callers may have a token behind it."""
    return next((one for one in (ADMIT, LABELS) if path == one or path.startswith(f"{one}/")), None)
