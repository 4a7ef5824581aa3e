"""The plain port of a process that answers nothing else."""

import http.client
import socket
from collections.abc import Iterator

import pytest
from lockgate.engine.errors import UsageError
from lockgate.webhook.metrics_port import MetricsPort


class Served:
    """A port, and why it is not ready."""

    def __init__(self) -> None:
        self.why = ""
        self.port = MetricsPort(
            ("127.0.0.1", 0), lambda: "a 1\n", "text/plain; version=0.0.4", lambda: self.why
        )

    def get(self, path: str, method: str = "GET") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port.port, timeout=30)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.port.close()


def test_what_it_answers(served: Served) -> None:
    assert served.get("/healthz") == (200, "ok\n")
    assert served.get("/readyz") == (200, "ok\n")
    served.why = "not yet"
    assert served.get("/readyz") == (503, "not yet\n")
    assert served.get("/metrics?x=y") == (200, "a 1\n")
    assert served.get("/else")[0] == 404
    assert served.get("/metrics", "POST")[0] == 501


def test_who_says_nothing_holds_up_nobody_for_long(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port.port), timeout=30):
        assert served.get("/healthz") == (200, "ok\n")


def test_a_port_that_is_taken(served: Served) -> None:
    with pytest.raises(UsageError, match=r"cannot listen on 127\.0\.0\.1"):
        MetricsPort(("127.0.0.1", served.port.port), lambda: "", "text/plain", lambda: "")
