"""`http.send` against a server on this machine: requests, answers, TLS, limits, and what may be reached."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from weakref import ref

import pytest
from lockgate.engine.codegen.values import Number
from lockgate.engine.errors import EvaluationError
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.http_send import http_send
from lockgate.engine.rego.outside import Outside

from tests.engine.builtin_cases import Budget
from tests.engine.http_server import Server, certificate, listening, running, tls_of


class Own:
    """What stands for one evaluation."""


class Evaluation(Budget):
    """An evaluation that is told apart from others."""

    def __init__(self, left: int = 100_000) -> None:
        super().__init__(left)
        self.budget = Own()


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as found:
        yield found


def send(server: Server, path: str, outside: Outside | None = None, **options: Any) -> Any:
    request = {"method": "get", "url": f"http://{server.address}{path}", **options}
    return http_send(outside or Outside(allow_net=None), Evaluation(left=10_000_000), request)


def test_an_answer_has_status_body_and_headers(server: Server) -> None:
    answer = send(server, "/echo?a=b")
    assert answer.keys() == {"status", "status_code", "body", "raw_body", "headers"}
    assert (answer["status"], answer["status_code"]) == ("200 OK", 200)
    assert answer["body"]["method"] == "GET"
    assert answer["body"]["path"] == "/echo?a=b"
    assert answer["headers"]["content-type"] == ["application/json"]
    assert answer["raw_body"].startswith('{"method"')


@pytest.mark.parametrize("method", ["post", "PUT", "Patch", "DELETE"])
def test_bodies_are_json_or_raw(server: Server, method: str) -> None:
    sent = send(server, "/echo", method=method, body={"b": [1, "<"], "a": None})["body"]
    assert (sent["method"], sent["body"]) == (method.upper(), '{"a":null,"b":[1,"\\u003c"]}')
    assert send(server, "/echo", method=method, body={}, raw_body="as it is")["body"]["body"] == "as it is"


def test_headers_are_sent_in_their_usual_spelling(server: Server) -> None:
    headers = {"x-one": "1", "X-TWO-three": "é", "content-type": "text/x"}
    seen = send(server, "/echo", headers=headers)["body"]["headers"]
    assert seen["X-One"] == "1"
    assert seen["X-Two-Three"].encode("latin-1").decode() == "é"
    assert seen["Content-Type"] == "text/x"


def test_headers_of_one_name_are_a_list(server: Server) -> None:
    headers = send(server, "/headers")["headers"]
    assert headers["x-one"] == ["1", "2"]
    assert headers["x-two"] == ["é"]


@pytest.mark.parametrize(
    ("path", "options", "body"),
    [
        ("/yaml", {}, {"a": [1, 2]}),
        ("/text", {}, None),
        ("/text", {"force_json_decode": True}, {"a": 1}),
        ("/text", {"force_yaml_decode": True}, {"a": 1}),
        ("/broken", {}, None),
        ("/bytes", {"force_json_decode": True}, None),
        ("/chunked", {}, [1, 2]),
        ("/echo", {"method": "HEAD"}, None),
    ],
)
def test_bodies_are_decoded(server: Server, path: str, options: dict[str, Any], body: Any) -> None:
    assert send(server, path, **options)["body"] == body


def test_bytes_that_are_no_text_are_shown_as_such(server: Server) -> None:
    assert send(server, "/bytes")["raw_body"] == "\ufffd\ufffd"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_when_asked_for(server: Server, status: int) -> None:
    assert send(server, f"/redirect/{status}/echo")["status_code"] == status
    answer = send(server, f"/redirect/{status}/echo", method="POST", raw_body="x", enable_redirect=True)
    assert answer["body"]["method"] == ("POST" if status in (307, 308) else "GET")
    assert answer["body"]["body"] == ("x" if status in (307, 308) else "")


def test_redirects_end(server: Server) -> None:
    with pytest.raises(BuiltinError, match="stopped after 10 redirects"):
        send(server, "/loop", enable_redirect=True)


def test_a_redirect_leads_to_allowed_hosts_only(server: Server) -> None:
    outside = Outside(frozenset(["127.0.0.1"]))
    with pytest.raises(BuiltinError, match="disallowed host: localhost"):
        send(server, "/away", outside, enable_redirect=True)


def test_another_host_is_told_no_secret(server: Server) -> None:
    headers = {"Authorization": "secret", "X-Kept": "yes"}
    answer = send(server, "/away", enable_redirect=True, headers=headers)
    assert answer["body"]["headers"]["X-Kept"] == "yes"
    assert "secret" not in answer["raw_body"]


@pytest.mark.parametrize("allowed", [frozenset(), frozenset(["example.com"]), frozenset(["127.0.0.2"])])
def test_other_hosts_are_not_reached(server: Server, allowed: frozenset[str]) -> None:
    with pytest.raises(BuiltinError, match=r"disallowed host: 127\.0\.0\.1"):
        send(server, "/echo", Outside(allowed))
    assert server.requests == []
    assert send(server, "/echo", Outside(allowed | {"127.0.0.1"}))["status_code"] == 200


def test_the_same_request_is_sent_once_in_an_evaluation(server: Server) -> None:
    outside, evaluation = Outside(None), Evaluation(left=1_000_000)
    request: Any = {"method": "GET", "url": f"http://{server.address}/count"}
    first = http_send(outside, evaluation, request)
    assert http_send(outside, evaluation, dict(request)) == first
    # What is left out of the comparison of headers does not make another request.
    ignored = {**request, "headers": {"x-a": "1"}, "cache_ignored_headers": ["x-a"]}
    second = http_send(outside, evaluation, ignored)
    assert http_send(outside, evaluation, {**ignored, "headers": {"x-a": "2"}}) == second
    assert len(server.requests) == 2
    http_send(outside, Evaluation(left=1_000_000), request)
    assert len(server.requests) == 3


def test_answers_are_gone_with_the_evaluation() -> None:
    outside, evaluation = Outside(None), Own()
    outside.answers(evaluation)["asked"] = Own()
    answer = ref(outside.answers(evaluation)["asked"])
    assert answer() is not None
    del evaluation
    assert answer() is None


def test_requests_are_paid_for(server: Server) -> None:
    evaluation = Evaluation(left=20_000)
    request: Any = {"method": "get", "url": f"http://{server.address}/count"}
    with pytest.raises(EvaluationError, match="out of steps"):
        for number in range(10):
            http_send(Outside(None), evaluation, {**request, "headers": {"x-n": str(number)}})
    assert 0 < len(server.requests) < 10


def test_an_error_is_the_same_during_an_evaluation(server: Server) -> None:
    outside, evaluation = Outside(None), Evaluation()
    request: Any = {"method": "GET", "url": f"http://{server.address}/garbage"}
    for _ in range(2):
        with pytest.raises(BuiltinError):
            http_send(outside, evaluation, request)
    assert len(server.requests) == 1


def test_answers_are_kept_for_other_evaluations_when_asked_for(server: Server) -> None:
    outside = Outside(None)
    forced: dict[str, Any] = {"force_cache": True, "force_cache_duration_seconds": 60}
    for options in ({"cache": True}, forced):
        # An evaluation of long ago: its time is before the answer is too old.
        first = send(server, "/count", outside, **options)
        assert send(server, "/count", outside, **options) == first
    assert len(server.requests) == 2
    assert send(server, "/count", outside, cache=False) != first


def test_what_the_server_does_not_want_kept_is_not(server: Server) -> None:
    outside = Outside(None)
    send(server, "/echo", outside, cache=True)
    send(server, "/echo", outside, cache=True)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("path", "message"), [("/slow", "deadline exceeded"), ("/slow-headers", "request timed out")]
)
def test_a_slow_server_is_left(server: Server, path: str, message: str) -> None:
    for timeout in ("300ms", 300_000_000, "300000000"):
        with pytest.raises(BuiltinError, match=message):
            send(server, path, timeout=timeout)


@pytest.mark.parametrize(
    ("path", "message"), [("/large", "larger than"), ("/truncated", "unexpected EOF"), ("/garbage", "Get")]
)
def test_an_answer_that_is_wrong_is_an_error(server: Server, path: str, message: str) -> None:
    with pytest.raises(BuiltinError, match=message):
        send(server, path, timeout="100s")


def test_a_failure_is_tried_again(server: Server) -> None:
    with pytest.raises(BuiltinError):
        send(server, "/flaky")
    server.count = 0
    assert send(server, "/flaky", max_retry_attempts=1)["status_code"] == 200


def test_errors_can_be_answers(server: Server) -> None:
    address = server.address
    server.shutdown()
    server.server_close()
    request: Any = {"method": "get", "url": f"http://{address}/", "raise_error": False}
    answer: Any = http_send(Outside(None), Evaluation(), request)
    assert answer["status_code"] == 0
    assert answer["error"]["code"] == "eval_http_send_network_error"
    assert answer["error"]["message"].startswith(f'Get "http://{address}/":')
    wrong: Any = http_send(Outside(None), Evaluation(), {**request, "timeout": True})
    assert wrong["error"]["code"] == "eval_http_send_internal_error"
    unknown: Any = http_send(Outside(None), Evaluation(), {"raise_error": False, "what": 1})
    assert unknown["error"]["code"] == "eval_http_send_internal_error"


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ({"what": 1}, "eval_type_error", 'operand 1 invalid request parameters(s): {"what"}'),
        ({"url": 3}, "eval_builtin_error", '"url" must be a string'),
        ({"headers": 3}, "eval_builtin_error", "invalid type for headers key"),
        ({"headers": {"a": 1}}, "eval_builtin_error", "invalid type for headers value"),
        ({"headers": {"a b": "1"}}, "eval_builtin_error", "invalid header field name"),
        ({"headers": {"a": "1\r\nb: 2"}}, "eval_builtin_error", "invalid header field value"),
        ({"method": "GET /x HTTP/1.1\r\n"}, "eval_builtin_error", "invalid method"),
        ({"url": "http://127.0.0.1/\r\nX: y"}, "eval_builtin_error", "invalid control character"),
        ({"url": "http://127.0.0.1:x/"}, "eval_builtin_error", "invalid port"),
        ({"url": "ftp://127.0.0.1/"}, "eval_builtin_error", "unsupported protocol scheme"),
        ({"url": "file:///etc/hostname"}, "eval_builtin_error", "unsupported protocol scheme"),
        ({"url": "127.0.0.1"}, "eval_builtin_error", "unsupported protocol scheme"),
        ({"url": "http:///x"}, "eval_builtin_error", "no Host"),
        ({"raise_error": 3}, "eval_builtin_error", "invalid value for raise_error field"),
        ({"force_json_decode": "x"}, "eval_builtin_error", 'invalid value for "force_json_decode" field'),
        ({"enable_redirect": "x"}, "eval_builtin_error", "ParseBool"),
        ({"timeout": "x"}, "eval_builtin_error", "invalid timeout value"),
        ({"timeout": Number("1e9")}, "eval_builtin_error", "timeout"),
        ({"force_cache": True}, "eval_builtin_error", "'force_cache_duration_seconds' parameter is missing"),
        ({"max_retry_attempts": -1}, "eval_builtin_error", "invalid value -1"),
        ({"cache_ignored_headers": 1, "headers": {}}, "eval_builtin_error", "cache_ignored_headers must be"),
        ({"tls_ca_cert_file": "/nowhere", "url": "https://127.0.0.1:1/"}, "eval_builtin_error", ""),
    ],
)
def test_wrong_options_are_errors(options: dict[str, Any], code: str, message: str) -> None:
    request: Any = {"method": "get", "url": "http://127.0.0.1:1/", **options}
    with pytest.raises(BuiltinError) as caught:
        http_send(Outside(None), Evaluation(), request)
    assert caught.value.code == code
    assert message in caught.value.message


def test_what_is_missing_is_told() -> None:
    with pytest.raises(BuiltinError) as caught:
        http_send(Outside(None), Evaluation(), {"body": 1})
    assert caught.value.message == 'operand 1 missing required request parameters(s): {"method", "url"}'
    assert caught.value.code == "eval_type_error"


def test_tls_trusts_what_it_is_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = certificate(tmp_path, "127.0.0.1")
    authority = paths[0].read_text()
    monkeypatch.setenv("TEST_AUTHORITY", authority)
    with running(tls_of(paths)) as server:
        url = f"https://{server.address}/echo"
        with pytest.raises(BuiltinError, match=r"(?i)certificate.verify.failed"):
            send(server, "/", url=url)
        several: list[dict[str, Any]] = [
            {"tls_ca_cert": authority},
            {"tls_ca_cert": authority.replace("\n", "\\n")},
            {"tls_ca_cert_file": str(paths[0])},
            {"tls_ca_cert_env_variable": "TEST_AUTHORITY"},
            {"tls_ca_cert": authority, "tls_use_system_certs": True},
            {"tls_insecure_skip_verify": True},
        ]
        for options in several:
            assert send(server, "/", url=url, **options)["status_code"] == 200
        with pytest.raises(BuiltinError, match="could not append certificates"):
            send(server, "/", url=url, tls_ca_cert="nonsense")


def test_tls_checks_the_name_of_the_server(tmp_path: Path) -> None:
    paths = certificate(tmp_path, "server.example")
    options: dict[str, Any] = {"tls_ca_cert_file": str(paths[0])}
    with running(tls_of(paths)) as server:
        url = f"https://{server.address}/echo"
        with pytest.raises(BuiltinError, match=r"(?i)verify.failed"):
            send(server, "/", url=url, **options)
        assert send(server, "/", url=url, tls_server_name="server.example", **options)["status_code"] == 200
        headers = {"Host": "server.example"}
        assert send(server, "/", url=url, headers=headers, **options)["status_code"] == 200


def test_tls_shows_a_client_certificate(tmp_path: Path) -> None:
    paths = certificate(tmp_path, "127.0.0.1")
    texts = [path.read_text() for path in paths]
    options: dict[str, Any] = {"tls_ca_cert": texts[0]}
    with running(tls_of(paths, clients=paths[0])) as server:
        url = f"https://{server.address}/echo"
        with pytest.raises(BuiltinError):
            send(server, "/", url=url, **options)
        pairs: list[dict[str, Any]] = [
            {"tls_client_cert": texts[0], "tls_client_key": texts[1]},
            {"tls_client_cert_file": str(paths[0]), "tls_client_key_file": str(paths[1])},
        ]
        for pair in pairs:
            assert send(server, "/", url=url, **options, **pair)["status_code"] == 200
        with pytest.raises(BuiltinError, match="client's certificate"):
            send(server, "/", url=url, tls_client_cert="x", tls_client_key="y", **options)


def test_a_socket_file_can_be_asked(tmp_path: Path) -> None:
    path = tmp_path / "server.sock"
    with listening(path):
        url = f"unix://localhost/echo?a=b&socket={quote(str(path), safe='')}"
        answer: Any = http_send(Outside(None), Evaluation(left=1_000_000), {"method": "get", "url": url})
        assert answer["body"]["path"] == "/echo?a=b"
        with pytest.raises(BuiltinError, match="disallowed host: localhost"):
            http_send(Outside(frozenset()), Evaluation(), {"method": "get", "url": url})
    with pytest.raises(BuiltinError):
        http_send(Outside(None), Evaluation(), {"method": "get", "url": url})
