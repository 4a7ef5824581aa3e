"""The server under what would stop it: policies that do not end, and connections that say nothing."""

import json
import re
import resource
import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.webhook.serving.hostile_policies import LOOP_CEL, LOOPING, LOOPING_CEL, LOOPS
from tests.webhook.serving.server_processes import (
    ADDRESS,
    CONSTRAINT,
    SECONDS,
    TEMPLATE,
    Server,
    config_map,
    review_of,
    running_server,
    write_policies,
)

OWNED = {"owner": "me"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("serve")
    with running_server(
        folder, write_policies(folder, TEMPLATE, CONSTRAINT, LOOPING, *LOOPS, LOOPING_CEL, LOOP_CEL)
    ) as made:
        yield made


def test_a_policy_that_does_not_end_is_stopped_and_the_answer_is_closed(server: Server) -> None:
    value = {**config_map(labels=OWNED), "data": {"loop": "yes"}}
    began = time.monotonic()
    answer = server.admit(review_of(value), "/v1/admit?timeout=1s")
    assert answer["allowed"] is False
    assert answer["status"]["code"] == 500
    assert "[ending-0]" in answer["status"]["message"]
    assert "more time than there is for the request" in answer["status"]["message"]
    assert "[cel-ending]" in answer["status"]["message"]
    assert time.monotonic() - began < SECONDS
    _until_counted(server)


def _until_counted(server: Server) -> None:
    end = time.monotonic() + SECONDS
    while not re.search(r'requests_refused_total\{reason="deadline"\} [1-9]', server.probe("/metrics")[1]):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_others_are_answered_while_policies_do_not_end(server: Server) -> None:
    value = {**config_map(labels=OWNED), "data": {"loop": "yes"}}

    def ask(number: int) -> bool:
        path = "/v1/admit?timeout=8s"
        if number % 2:
            return bool(server.admit(review_of(value, f"loop-{number}"), path)["allowed"])
        return bool(server.admit(review_of(config_map(labels=OWNED), f"quick-{number}"), path)["allowed"])

    with ThreadPoolExecutor(12) as pool:
        assert [*pool.map(ask, range(24))] == [True, False] * 12


def test_connections_that_say_nothing_keep_nobody_out(server: Server) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    # 10,000 of them, where the system lets a process have as many.
    wanted = min(most, 10_500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    kept = server.connect()
    body = json.dumps(review_of(config_map()))
    kept.request("POST", "/v1/admit", body)
    assert kept.getresponse().read()
    context = ssl.create_default_context(cafile=str(server.identity.certificate))
    try:
        with ExitStack() as stack:
            for number in range(wanted - 500):
                peer = stack.enter_context(socket.create_connection((ADDRESS, server.port), timeout=SECONDS))
                if number % 20 == 0:
                    # Some speak TLS and begin a request that does not end.
                    try:
                        peer = stack.enter_context(context.wrap_socket(peer, server_hostname=ADDRESS))
                        peer.sendall(b"POST /v1/admit HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n")
                    except OSError:
                        continue
                if number % 1_000 == 0:
                    assert server.admit(review_of(config_map()))["allowed"] is False
            # Who was answered before has kept its connection, and new ones are answered.
            kept.request("POST", "/v1/admit", body)
            assert json.loads(kept.getresponse().read())["response"]["allowed"] is False
            assert server.admit(review_of(config_map()))["allowed"] is False
            assert server.probe("/readyz")[0] == 200
    finally:
        kept.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_client_that_goes_away_in_the_middle_leaves_nothing(server: Server) -> None:
    for _ in range(20):
        connection = server.connect()
        connection.connect()
        connection.sock.sendall(b"POST /v1/admit HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
        connection.close()
    assert server.admit(review_of(config_map()))["allowed"] is False
    assert "lockgate_requests_refused_total" in server.probe("/metrics")[1]


def test_large_reviews_at_a_time_are_answered_or_refused(tmp_path: Path, server: Server) -> None:
    value = config_map(labels=OWNED, annotations={"text": "x" * (3 << 20)})
    body = json.dumps(review_of(value, oldObject=value)).encode()
    with ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(server.post, [body] * 8)]
    assert {status for status, _ in answers} <= {200, 429}
    assert [answer["response"]["allowed"] for status, answer in answers if status == 200]
