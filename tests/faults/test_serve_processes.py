"""Processes of the server that are killed, and a socket that is taken away: nothing hangs, nothing is lost, and it is back."""

import os
import shutil
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.traffic import check_recorded, make_home, traffic_on
from tests.webhook.serving.server_processes import (
    ADDRESS,
    SECONDS,
    STEP_SECONDS,
    Server,
    config_map,
    review_of,
    running_server,
    write_policies,
)


def _until(is_done: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not is_done():
        assert time.monotonic() < end
        time.sleep(STEP_SECONDS)


def _workers(server: Server) -> list[int]:
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    return [*map(int, children.read_text().split())]


def _is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    # Nobody waits for a child whose parent was killed, in some containers.
    return state not in ("Z", "X")


def _is_open(port: int) -> bool:
    try:
        socket.create_connection((ADDRESS, port), timeout=SECONDS).close()
    except ConnectionError:
        return False
    return True


def test_when_main_is_killed_its_workers_end_and_its_ports_are_closed(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    policies = write_policies(tmp_path)
    with running_server(tmp_path, policies, ["--trail", str(home)]) as server, traffic_on(server) as traffic:
        traffic.wait_for(20, lambda: traffic.allowed)
        workers = _workers(server)
        assert len(workers) == 2
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(SECONDS)
        _until(lambda: not any(map(_is_running, workers)))
        assert not _is_open(server.port)
        assert not _is_open(server.probes)
        traffic.stop()
    assert not traffic.closed or {
        one.reason.startswith("the decision could not") for one in traffic.closed
    } == {True}
    check_recorded(home, traffic.allowed)
    # The next one takes the same trail.
    with running_server(tmp_path, policies, ["--trail", str(home)]) as server:
        assert "record-index" in server.admit(review_of(config_map(), "next"))["auditAnnotations"]


def test_a_worker_that_is_killed_under_load_takes_only_its_own_requests(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    with (
        running_server(tmp_path, write_policies(tmp_path), ["--trail", str(home)]) as server,
        traffic_on(server) as traffic,
    ):
        for ended in range(1, 4):
            traffic.wait_for(20, lambda: traffic.allowed)
            os.kill(_workers(server)[0], signal.SIGKILL)
            server.wait_for("worker ended", ended)
        traffic.wait_for(20, lambda: traffic.allowed)
        _until(lambda: "lockgate_workers 2.0" in server.probe("/metrics")[1])
        assert server.probe("/readyz")[0] == 200
    # Each kill ends the connections of one worker, of four; their callers ask again.
    assert len(traffic.errors) <= 3 * 4
    assert not traffic.closed
    check_recorded(home, traffic.allowed)


def test_the_socket_of_the_trail_is_made_again_when_it_is_gone(tmp_path: Path) -> None:
    """A cleaner of temporary folders takes it; connections that are open go on, and new ones have nowhere to go."""
    home = make_home(tmp_path)
    with (
        # The path of a socket is short.
        TemporaryDirectory() as temporary,
        running_server(
            tmp_path, write_policies(tmp_path), ["--trail", str(home)], environment={"TMPDIR": temporary}
        ) as server,
        traffic_on(server) as traffic,
    ):
        traffic.wait_for(10, lambda: traffic.allowed)
        (place,) = Path(temporary).glob("lockgate-trail-*/appender")
        shutil.rmtree(place.parent)
        # Its successor needs a connection of its own.
        os.kill(_workers(server)[0], signal.SIGKILL)
        _until(place.exists)
        _until(lambda: "lockgate_workers 2.0" in server.probe("/metrics")[1])
        traffic.wait_for(20, lambda: traffic.allowed)
    check_recorded(home, traffic.allowed)
