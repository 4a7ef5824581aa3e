"""The probes: what is broken is neither alive nor ready, what is not ready yet is alive."""

import asyncio
from typing import Any

import pytest
from lockgate.webhook.app.metrics import Metrics, Totals
from lockgate.webhook.app.probes import ProbesApp
from lockgate.webhook.serving.server_state import ServerState


@pytest.mark.parametrize(
    ("path", "broken", "unready", "expected"),
    [
        ("/healthz", "", "", (200, b"ok\n")),
        ("/readyz", "", "", (200, b"ok\n")),
        ("/healthz", "", "policies are not loaded yet", (200, b"ok\n")),
        ("/readyz", "", "policies are not loaded yet", (503, b"policies are not loaded yet\n")),
        ("/healthz", "nothing accepts connections", "", (503, b"nothing accepts connections\n")),
        ("/readyz", "nothing accepts connections", "", (503, b"nothing accepts connections\n")),
        ("/", "", "", (404, b"there are /healthz, /readyz and /metrics\n")),
    ],
)
def test_probes(path: str, broken: str, unready: str, expected: tuple[int, bytes]) -> None:
    app = ProbesApp(lambda: broken, lambda: unready, Metrics(Totals(), ServerState))
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    asyncio.run(app({"type": "http", "method": "GET", "path": path, "headers": []}, receive, send))
    assert (sent[0]["status"], sent[1]["body"]) == expected
