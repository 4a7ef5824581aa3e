"""A worker's application without a socket: what it answers to a request, by policies in memory."""

import asyncio
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import yaml
from lockgate.engine.codegen.cache import open_cache
from lockgate.engine.gvk import GroupVersionKind
from lockgate.webhook.app.admission_app import AdmissionApp, CallerRules
from lockgate.webhook.app.client_names import ClientNames
from lockgate.webhook.app.http_application import Head
from lockgate.webhook.app.logs import Log
from lockgate.webhook.serving.admitting import Admitting, Terms
from lockgate.webhook.serving.answer import HttpAnswer
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_grants import LiveGrants
from lockgate.webhook.serving.live_state import LiveSettings
from lockgate.webhook.serving.measures import Measures

from tests.webhook.serving.builders import present

Json = dict[str, Any]
NOW_NS = 1_790_000_000_000_000_000


class Lines:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.written = BytesIO()

    def write(self, line: bytes) -> bool:
        self.written.write(line)
        return True


@dataclass(frozen=True, slots=True)
class Gate:
    """app: as a worker has it; lines: what it logs."""

    app: AdmissionApp
    lines: Lines

    def post(
        self, body: bytes, path: str = "/v1/admit", names: frozenset[str] | None = None
    ) -> tuple[int, Any]:
        """Status and JSON of the answer; names: of the certificate that was shown and verified."""

        async def ask() -> HttpAnswer:
            read = self.app.begin(Head("POST", path, b"timeout=10s", (), names))
            if isinstance(read, HttpAnswer):
                return read
            reply = read(body)
            return reply if isinstance(reply, HttpAnswer) else await reply

        answer = asyncio.run(ask())
        if answer.after is not None:
            # What a connection does once the answer is on its way.
            answer.after()
        return answer.status, json.loads(answer.body)

    def admit(self, review: Json, path: str = "/v1/admit") -> Json:
        """The AdmissionResponse."""
        status, body = self.post(json.dumps(review).encode(), path)
        assert status == 200, body
        response: Json = body["response"]
        return response

    def denies(self, review: Json) -> bool:
        """Is it denied?"""
        return self.admit(review)["allowed"] is False


def gate(
    *policies: str,
    terms: Terms | None = None,
    token: str = "",
    clients: Sequence[str] = (),
    covered: frozenset[GroupVersionKind] = frozenset(),
) -> Gate:
    """A worker with these policies in force, and other objects of a cluster. covered: kinds that are told in full."""
    # Compiling the shipped rules takes longer than all that they are asked.
    live = LiveGate(LiveSettings(cache=open_cache(True, os.environ)))
    live.apply(present(*[yaml.safe_load(one) for one in policies]), covered)
    admitting = Admitting(live, LiveGrants(), terms or Terms(), lambda: NOW_NS)
    lines = Lines()
    log = Log(lines, format="json", level="debug", process="test", now_ns=lambda: NOW_NS)
    callers = CallerRules(token, ClientNames(frozenset(clients)))
    return Gate(AdmissionApp(admitting, callers, Measures(), log), lines)
