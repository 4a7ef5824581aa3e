"""The probes: what is broken is neither alive nor ready, what is not ready yet is alive."""

import pytest
from lockgate.webhook.app.http_application import Head
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
    answer = app.begin(Head("GET", path, b"", ()))
    assert (answer.status, answer.body) == expected
