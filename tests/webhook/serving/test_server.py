"""`lockgate serve` itself: real processes, real TLS."""

import http.client
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from lockgate.webhook.cli import run

from tests.webhook.serving.server_processes import (
    CONSTRAINT,
    SECONDS,
    STEP_SECONDS,
    Server,
    config_map,
    issue_identity,
    review_of,
    running_server,
    write_identity,
    write_policies,
)

DENIED = "[owners] settings has no owner"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("serve")
    with running_server(folder, write_policies(folder)) as made:
        yield made


def test_a_denial_is_said_as_gatekeeper_says_it(server: Server) -> None:
    assert server.admit(review_of(config_map(), "the-uid")) == {
        "uid": "the-uid",
        "allowed": False,
        "status": {"metadata": {}, "message": DENIED, "reason": "Forbidden", "code": 403},
    }


def test_what_breaks_nothing_is_allowed(server: Server) -> None:
    answer = server.admit(review_of(config_map(labels={"owner": "me"})))
    assert (answer["allowed"], answer["status"]["code"]) == (True, 200)


def test_a_connection_is_kept_for_many_reviews(server: Server) -> None:
    connection = server.connect()
    try:
        for number in range(20):
            body = json.dumps(review_of(config_map(), f"uid-{number}"))
            connection.request("POST", "/v1/admit?timeout=3s", body)
            answer = connection.getresponse()
            assert json.loads(answer.read())["response"]["uid"] == f"uid-{number}"
            assert answer.getheader("connection") is None
    finally:
        connection.close()


def test_connections_are_dealt_out_evenly(server: Server) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(closing(server.connect())) for _ in range(8)]
        for number, connection in enumerate(connections):
            connection.request("POST", "/v1/admit", json.dumps(review_of(config_map(), f"dealt-{number}")))
            connection.getresponse().read()
        _until(lambda: len(_dealt(server)) == 8)
    assert set(Counter(_dealt(server)).values()) <= {3, 4, 5}


def _dealt(server: Server) -> list[str]:
    return [one["process"] for one in server.events("request") if one["uid"].startswith("dealt-")]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "invalid JSON"),
        (b"{", "invalid JSON"),
        (b"[]", "it is no object"),
        (b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}', "it has no request"),
        (b'{"kind":"Pod","apiVersion":"v1"}', "not an AdmissionReview"),
        (b"[" * 100_000, "nested deeper"),
    ],
)
def test_a_body_that_is_no_review_is_refused_with_the_reason(server: Server, body: bytes, said: str) -> None:
    status, answer = server.post(body)
    assert (status, answer["kind"], answer["code"]) == (400, "Status", 400)
    assert said in answer["message"]


def test_a_review_of_which_only_the_uid_is_right_is_answered_closed(server: Server) -> None:
    status, answer = server.post(json.dumps(review_of(config_map(), dryRun="yes")).encode())
    assert (status, answer["response"]["allowed"]) == (200, False)
    assert "dryRun" in answer["response"]["status"]["message"]


def test_a_body_larger_than_reviews_are_is_refused(server: Server) -> None:
    status, answer = server.post(b" " * ((7 << 20) + 1))
    assert (status, answer["reason"]) == (413, "RequestEntityTooLarge")


def test_headers_that_do_not_end_are_refused(server: Server) -> None:
    connection = server.connect()
    try:
        connection.request("POST", "/v1/admit", b"{}", {"X-Long": "a" * 200_000})
        assert connection.getresponse().status in (400, 431)
    except (http.client.RemoteDisconnected, ConnectionError):
        # It was closed before all of them were sent.
        pass
    finally:
        connection.close()
    assert server.admit(review_of(config_map()))["allowed"] is False


@pytest.mark.parametrize(("path", "status"), [("/", 404), ("/v1/mutate", 404), ("/v1/admit/token", 401)])
def test_other_paths_are_refused(server: Server, path: str, status: int) -> None:
    assert server.post(b"{}", path)[0] == status


def test_probes_and_metrics_are_on_a_plain_port(server: Server) -> None:
    assert server.probe("/healthz")[0] == 200
    assert server.probe("/readyz") == (200, "ok\n")
    assert "lockgate_workers 2.0" in server.probe("/metrics")[1]


def test_a_worker_that_dies_is_started_anew(tmp_path: Path) -> None:
    with running_server(tmp_path, write_policies(tmp_path)) as server:
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
        assert len(children) == 2
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        server.wait_for("worker ended", 2)
        _until(lambda: server.probe("/readyz")[0] == 200)
        assert server.admit(review_of(config_map()))["status"]["message"] == DENIED
        assert "lockgate_worker_restarts_total 2.0" in server.probe("/metrics")[1]


def test_policies_that_change_are_in_force_without_a_restart(tmp_path: Path) -> None:
    policies = write_policies(tmp_path)
    with running_server(tmp_path, policies) as server:
        assert server.admit(review_of(config_map()))["allowed"] is False
        (policies / "1.yaml").write_text(CONSTRAINT.replace("deny", "warn"))
        server.wait_for("policies changed")
        _until(lambda: all(server.admit(review_of(config_map()))["allowed"] for _ in range(8)))
        assert server.admit(review_of(config_map()))["warnings"] == [DENIED]
        (policies / "1.yaml").write_text(CONSTRAINT + "broken: [")
        server.wait_for("policies not read")
        assert server.admit(review_of(config_map()))["warnings"] == [DENIED]
        # Without any mark of a policy too.
        (policies / "1.yaml").write_text("kind: [")
        assert "1.yaml" in server.wait_for("policies not read", 2)["reason"]
        assert server.admit(review_of(config_map()))["warnings"] == [DENIED]
        assert "lockgate_policy_problems 1.0" in server.probe("/metrics")[1]
        assert server.probe("/readyz")[0] == 200


def test_a_new_certificate_is_shown_to_new_connections_and_ends_no_old_one(tmp_path: Path) -> None:
    with running_server(tmp_path, write_policies(tmp_path)) as server:
        old = server.connect()
        body = json.dumps(review_of(config_map()))
        old.request("POST", "/v1/admit", body)
        assert old.getresponse().read()
        write_identity(tmp_path)
        server.wait_for("certificate changed")
        _until(lambda: _answers(server))
        old.request("POST", "/v1/admit", body)
        assert json.loads(old.getresponse().read())["response"]["allowed"] is False
        old.close()


def test_a_server_that_is_asked_to_stop_ends_connections_with_their_answers(tmp_path: Path) -> None:
    with running_server(tmp_path, write_policies(tmp_path), ["--drain", "5"]) as server:
        connection = server.connect()
        body = json.dumps(review_of(config_map()))
        connection.request("POST", "/v1/admit", body)
        connection.getresponse().read()
        server.process.terminate()
        server.wait_for("stopping")
        assert server.probe("/readyz")[0] == 503

        def is_ended() -> bool:
            connection.request("POST", "/v1/admit", body)
            answer = connection.getresponse()
            assert json.loads(answer.read())["response"]["allowed"] is False
            return answer.getheader("connection") == "close"

        _until(is_ended)
        connection.close()
        assert server.process.wait(SECONDS) == 0


def test_in_observe_mode_nothing_is_denied(tmp_path: Path) -> None:
    with running_server(tmp_path, write_policies(tmp_path), ["--mode", "observe"]) as server:
        answer = server.admit(review_of(config_map()))
        assert answer["allowed"] is True
        assert answer["auditAnnotations"] == {"observed": "denied"}


def test_only_callers_that_know_the_token_are_answered(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a1" * 16 + "\n")
    with running_server(tmp_path, write_policies(tmp_path), ["--token-file", str(token)]) as server:
        review = review_of(config_map())
        assert server.admit(review, f"/v1/admit/{'a1' * 16}?timeout=5s")["allowed"] is False
        for path in ("/v1/admit", "/v1/admit/", "/v1/admit/a1", f"/v1/admit/{'a1' * 16}/"):
            assert server.post(json.dumps(review).encode(), path)[0] == 401


def test_only_callers_with_a_certificate_for_a_name_of_the_ca_are_answered(tmp_path: Path) -> None:
    known, other = write_identity(tmp_path, "known"), write_identity(tmp_path, "kube-apiserver")
    options = ["--client-ca", str(known.certificate)]
    options += ["--client-name", "kube-apiserver", "--client-name", "second.example"]
    with running_server(tmp_path, write_policies(tmp_path), options) as server:
        body = json.dumps(review_of(config_map())).encode()
        for name, *others in (("kube-apiserver",), ("somebody", "second.example"), ("", "second.example")):
            caller = issue_identity(tmp_path, known, name, *others)
            assert server.post(body, client=caller)[1]["response"]["allowed"] is False
        for name, *others in (("kubelet",), ("*",), ("kube-apiserver.example", "example"), ("", "*.example")):
            assert server.post(body, client=issue_identity(tmp_path, known, name, *others))[0] == 401
        assert server.post(body)[0] == 401
        with pytest.raises(OSError, match=r".*"):
            server.post(body, client=other)


def test_every_certificate_of_the_ca_where_that_is_said(tmp_path: Path) -> None:
    known = write_identity(tmp_path, "known")
    options = ["--client-ca", str(known.certificate), "--client-name", "*"]
    with running_server(tmp_path, write_policies(tmp_path), options) as server:
        body = json.dumps(review_of(config_map())).encode()
        assert server.post(body, client=issue_identity(tmp_path, known, "kubelet"))[0] == 200
        assert server.post(body)[0] == 401


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--client-ca", "ca.crt"],
            "--client-ca without --client-name: whose certificates count is not said",
        ),
        (["--client-name", "a"], "--client-name without --client-ca"),
        (["--client-ca", "ca.crt", "--client-name", " "], "--client-name is empty"),
    ],
)
def test_whose_certificates_count_has_to_be_said(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["serve", "-p", str(tmp_path), "--tls-cert", "a", "--tls-key", "b", *options]
    assert run(given) == 2
    assert said in capsys.readouterr().err


def _answers(server: Server) -> bool:
    try:
        return bool(server.admit(review_of(config_map()))["uid"])
    except OSError:
        return False


def _until(is_done: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not is_done():
        assert time.monotonic() < end
        time.sleep(STEP_SECONDS)
