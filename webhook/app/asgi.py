"""The ASGI application of a worker: paths, bodies, deadlines, and one answer to each request."""

import asyncio
import hmac
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, final

from lockgate.engine.errors import LockgateError
from lockgate.engine.record import record
from lockgate.webhook.app.guarded_protocol import VERIFIED
from lockgate.webhook.app.logs import Log, LogValue
from lockgate.webhook.app.request_log import AnsweredRequest, log_request
from lockgate.webhook.serving.admitting import INDEX, LEAF_HASH, Admitted, Admitting
from lockgate.webhook.serving.answer import HttpAnswer, render_review, render_status
from lockgate.webhook.serving.deadline import Deadline, deadline_of, parse_timeout
from lockgate.webhook.serving.measures import Answer, Measures, Refusal
from lockgate.webhook.serving.wire import AdmissionCall, WireError, parse_call

if TYPE_CHECKING:
    # Imported where there is a trail.
    from lockgate.audit.recorder import Caller
    from lockgate.webhook.serving.remembering import Remembering

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
_Judge = Callable[[AdmissionCall, Deadline], Awaitable[Admitted]]

ADMIT: Final = "/v1/admit"
# Gatekeeper's path for the label that lets Namespaces past its webhooks.
LABELS: Final = "/v1/admitlabel"
# As controller-runtime takes it: an object and its former state of 3 MB each, and what is around them.
MAX_BODY: Final = 7 << 20
# Bodies that are held at a time, by all requests of a process.
MAX_HELD: Final = 256 << 20
# How long a review is tried on the event loop, before it is given to a thread.
TRY_S: Final = 0.010
# How long a Namespace is waited for that nobody has told of.
NAMESPACE_S: Final = 2.0
_LOOK_S: Final = 0.02
# Reviews that take longer, or ask providers, at a time; what they compute shares one interpreter.
THREADS: Final = 8


@record
class CallerRules:
    """Who is known. token: the last part of the path that callers know; client_ca: whether certificates are verified."""

    token: str = ""
    verifies_clients: bool = False

    @property
    def wants_some(self) -> bool:
        """Whether callers have to be known."""
        return bool(self.token) or self.verifies_clients


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
        self._held = 0
        self._threads = ThreadPoolExecutor(THREADS, "judge")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        path, method = scope["path"], scope["method"]
        place = next((one for one in (ADMIT, LABELS) if path == one or path.startswith(f"{one}/")), None)
        caller = None if place is None else self._caller(scope, path[len(place) + 1 :])
        if path == "/healthz":
            await _send(send, HttpAnswer(200, b'"ok"'))
        elif place is None:
            await _send(send, render_status(404, "NotFound", "there is nothing at this path"))
        elif caller is None:
            self._refuse("unauthenticated", 0.0)
            text = "the caller is not known: show a client certificate, or the token in the path"
            await _send(send, render_status(401, "Unauthorized", text))
        elif method != "POST":
            await _send(send, render_status(405, "MethodNotAllowed", "reviews are sent with POST"))
        else:
            answered = self._judge if place == ADMIT else self._judge_label
            await _send(send, await self._admit(scope, receive, caller, answered))

    def _caller(self, scope: Scope, given: str) -> "Caller | None":
        """Who calls; None for who has to be known and is not. given: what is behind the path."""
        rules = self._callers
        if rules.verifies_clients and scope["state"].get(VERIFIED):
            return "mtls"
        if rules.token and hmac.compare_digest(given.encode("utf-8", "replace"), rules.token.encode()):
            return "token"
        return None if rules.wants_some or given else "unauthenticated"

    def _refuse(self, reason: Refusal, seconds: float) -> None:
        self._measures.refused(reason)
        self._measures.answered("refused", seconds)

    async def _admit(self, scope: Scope, receive: Receive, caller: "Caller", judge: _Judge) -> HttpAnswer:
        began = monotonic()
        deadline = deadline_of(began, parse_timeout(scope["query_string"]))
        self._measures.in_flight += 1
        held = _Held()
        try:
            read = await self._read(receive, held)
            if isinstance(read, HttpAnswer):
                return read
            try:
                call = parse_call(read)
            except WireError as error:
                return self._malformed(error, monotonic() - began)
            finally:
                del read
            try:
                admitted = await judge(call, deadline)
                if self._remembering is not None and not call.is_dry_run:
                    admitted = await self._remember(self._remembering, call, admitted, caller, deadline)
            except Exception as error:  # noqa: BLE001 - a fault of ours is an answer too, and a closed one
                frame = traceback.extract_tb(error.__traceback__)[-1]
                place = f"{type(error).__name__} at {frame.name}:{frame.lineno}"
                self._log.write("error", "internal error", {"uid": call.uid, "place": place})
                admitted = self._admitting.closed(f"an internal error of Lockgate: {place}")
            return self._answer(call, admitted, caller, monotonic() - began)
        finally:
            self._held -= held.size
            self._measures.in_flight -= 1

    async def _read(self, receive: Receive, held: "_Held") -> bytes | HttpAnswer:
        """The body, or the answer to one that is too large, or for which there is no room."""
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return HttpAnswer(400, b"")
            part = message["body"]
            size += len(part)
            if size <= MAX_BODY:
                parts.append(part)
                held.size += len(part)
                self._held += len(part)
            elif parts:
                # The rest is read and thrown away, so that the client reads the answer.
                parts.clear()
                self._held -= held.size
                held.size = 0
            if self._held > MAX_HELD:
                self._refuse("overload", 0.0)
                return render_status(429, "TooManyRequests", "too many large reviews wait at a time")
            if size > 2 * MAX_BODY or not message.get("more_body", False):
                break
        if size > MAX_BODY:
            self._refuse("too_large", 0.0)
            text = f"the review is larger than {MAX_BODY} bytes"
            return render_status(413, "RequestEntityTooLarge", text)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _malformed(self, error: WireError, seconds: float) -> HttpAnswer:
        if not error.uid:
            self._refuse("malformed", seconds)
            return render_status(400, "BadRequest", error.message)
        # Closed also for webhooks whose failures are ignored.
        admitted = self._admitting.closed(error.message)
        self._measures.refused("malformed")
        self._measures.answered("allowed" if admitted.response.allowed else "failed", seconds)
        return render_review(admitted.response, error.api_version, error.uid, admitted.annotations)

    async def _judge(self, call: AdmissionCall, deadline: Deadline) -> Admitted:
        """What is said to a call: tried here first, since most need less than handing them to a thread costs."""
        await self._wait_for_namespace(call, deadline)
        if not self._admitting.may_wait(call):
            until = min(monotonic() + TRY_S, deadline.evaluate_by)
            admitted = self._admitting.admit(call, until)
            if not admitted.is_late:
                return admitted
        loop = asyncio.get_running_loop()
        asked = loop.run_in_executor(self._threads, self._admitting.admit, call, deadline.evaluate_by)
        try:
            admitted = await asyncio.wait_for(asked, max(0.0, deadline.answer_by - monotonic()))
            if admitted.is_late:
                self._measures.refused("deadline")
            return admitted
        except TimeoutError:
            self._measures.refused("deadline")
            reason = "the review was not judged within the time that the API server gives it"
            return self._admitting.closed(reason, call)

    async def _judge_label(self, call: AdmissionCall, deadline: Deadline) -> Admitted:
        return self._admitting.admit_label(call)

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
                receipt = await remembering.remember(call, judged, caller, deadline.answer_by)
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
        return self._admitting.closed(reason, None, admitted.judged)

    def _answer(
        self, call: AdmissionCall, admitted: Admitted, caller: "Caller", seconds: float
    ) -> HttpAnswer:
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
        return render_review(admitted.response, call.api_version, call.uid, admitted.annotations)


class _Held:
    """Bytes of one request's body."""

    __slots__ = ("size",)

    def __init__(self) -> None:
        self.size = 0


async def _send(send: Send, answer: HttpAnswer) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(answer.body)).encode()),
    ]
    if answer.status in (413, 429):
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
