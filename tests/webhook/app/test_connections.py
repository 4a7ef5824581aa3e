"""Which connection goes when there is no room, and which took too long."""

from lockgate.webhook.app.connections import ConnectionLimits, Connections

LIMITS = ConnectionLimits(connections=3, request_s=10, idle_s=100)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _connections() -> tuple[Connections[str], Clock]:
    clock = Clock()
    return Connections(LIMITS, clock), clock


def test_who_never_asked_anything_goes_first_and_the_oldest_of_them() -> None:
    connections, clock = _connections()
    connections.open("client")
    connections.answer("client")
    connections.rest("client")
    for name in ("first", "second"):
        clock.now += 1
        connections.open(name)
    assert connections.is_full
    assert connections.expendable() == "first"
    connections.leave("first")
    connections.leave("second")
    assert connections.expendable() == "client"


def test_who_waits_for_an_answer_never_goes() -> None:
    connections, clock = _connections()
    for name in ("a", "b", "c"):
        connections.open(name)
        connections.answer(name)
    clock.now = 1000
    assert connections.is_full
    assert connections.answering == 3
    assert connections.expendable() is None
    assert connections.late() == []


def test_a_slow_later_request_goes_before_an_idle_client() -> None:
    connections, _ = _connections()
    for name in ("idle", "slow"):
        connections.open(name)
        connections.answer(name)
        connections.rest(name)
    connections.begin_request("slow")
    assert connections.expendable() == "slow"


def test_a_request_has_its_time_from_the_beginning_however_it_drips() -> None:
    connections, clock = _connections()
    connections.open("slow")
    clock.now = 9
    connections.begin_request("slow")
    assert connections.late() == []
    clock.now = 11
    assert connections.late() == ["slow"]


def test_idle_connections_are_kept_for_longer() -> None:
    connections, clock = _connections()
    connections.open("client")
    connections.answer("client")
    connections.rest("client")
    clock.now = 99
    assert connections.late() == []
    connections.begin_request("client")
    clock.now = 120
    assert connections.late() == ["client"]
    connections.leave("client")
    assert len(connections) == 0
