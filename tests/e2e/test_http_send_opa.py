"""`http.send` beside the opa binary: the same requests to the same server have the same answers."""

import json
from pathlib import Path
from typing import Any

import pytest
from lockgate.engine.codegen.values import parse_json
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.http_send import http_send
from lockgate.engine.rego.outside import Outside

from tests.e2e.programs import run_program
from tests.engine.http_server import certificate, running, tls_of
from tests.engine.test_http_send import Evaluation

pytestmark = pytest.mark.e2e

REQUESTS: list[dict[str, Any]] = [
    {"path": "/echo?a=b%20c"},
    {"path": "/echo", "method": "POST", "body": {"b": [1.5, "<é>"], "a": None}},
    {
        "path": "/echo",
        "method": "put",
        "raw_body": "as it is",
        "headers": {"x-a": "1", "content-type": "t/x"},
    },
    {"path": "/headers"},
    {"path": "/yaml"},
    {"path": "/text"},
    {"path": "/text", "force_json_decode": True},
    {"path": "/text", "force_yaml_decode": True},
    {"path": "/broken"},
    {"path": "/bytes"},
    {"path": "/chunked"},
    {"path": "/status/404"},
    {"path": "/status/500"},
    {"path": "/status/204"},
    {"path": "/redirect/302/echo"},
    *({"path": f"/redirect/{status}/echo", "enable_redirect": True} for status in (301, 302, 303, 307, 308)),
    *(
        {"path": f"/redirect/{status}/echo", "enable_redirect": True, "method": "POST", "raw_body": "x"}
        for status in (301, 302, 303, 307, 308)
    ),
    {"path": "/slow", "timeout": "200ms"},
    {"path": "/truncated"},
    {"path": "/garbage"},
    {"path": "/echo", "headers": {"a": 1}},
    {"path": "/echo", "headers": 1},
    {"path": "/echo", "method": 1},
    {"path": "/echo", "what": 1},
    {"path": "/echo", "timeout": "x"},
    {"path": "/echo", "force_json_decode": 1},
    {"path": "/echo", "force_cache": True},
    {"path": "/echo", "caching_mode": "x"},
    {"path": "/echo", "max_retry_attempts": -1},
    {"path": "/echo", "cache": True},
]


def theirs(requests: list[dict[str, Any]], folder: Path) -> list[Any]:
    """OPA's answers; with errors as answers."""
    (folder / "requests.json").write_text(json.dumps({"requests": requests}))
    query = "[answer | some request in data.requests; answer := http.send(request)]"
    done = run_program("opa", "eval", "-f", "raw", "-d", "requests.json", query, cwd=folder)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    assert len(found) == len(requests)
    return found


def ours(request: dict[str, Any]) -> Any:
    """Our answer to a request on its own."""
    value = parse_json(json.dumps(request))
    return http_send(Outside(None), Evaluation(left=10_000_000), value)


def comparable(answer: Any) -> Any:
    """The answer without what is another each time, and without the words of an error of the network."""
    if "error" in answer:
        code = answer["error"]["code"]
        message = answer["error"]["message"] if "internal" in code else ""
        # OPA writes the call's text before it.
        return code, message.rpartition("http.send: ")[2]
    headers = {name: value for name, value in answer["headers"].items() if name != "date"}
    return {**answer, "headers": headers}


def test_answers_are_opas(tmp_path: Path) -> None:
    with running() as server:
        requests = [
            {"method": "get", "raise_error": False, "url": f"http://{server.address}{request['path']}"}
            | {name: item for name, item in request.items() if name != "path"}
            for request in REQUESTS
        ]
        expected = theirs(requests, tmp_path)
        for request, answer in zip(requests, expected, strict=True):
            assert (request, comparable(ours(request))) == (request, comparable(answer))


def test_tls_answers_are_opas(tmp_path: Path) -> None:
    paths = certificate(tmp_path, "127.0.0.1", "server.example")
    authority, key = [path.read_text() for path in paths]
    pair = {"tls_client_cert": authority, "tls_client_key": key}
    options: list[dict[str, Any]] = [
        {},
        {"tls_ca_cert": authority},
        {"tls_ca_cert": authority, **pair},
        {"tls_ca_cert_file": str(paths[0]), **pair, "tls_server_name": "server.example"},
        {"tls_ca_cert_file": str(paths[0]), **pair, "tls_server_name": "other.example"},
        {"tls_insecure_skip_verify": True, **pair},
        {"tls_ca_cert": authority, **pair, "headers": {"Host": "server.example"}},
    ]
    with running(tls_of(paths, clients=paths[0])) as server:
        url = f"https://{server.address}/echo"
        requests = [{"method": "get", "url": url, "raise_error": False, **one} for one in options]
        for request, answer in zip(requests, theirs(requests, tmp_path), strict=True):
            mine = ours(request)
            assert mine["status_code"] == answer["status_code"], (request, mine, answer)
            assert mine.get("body") == answer.get("body")


def test_only_allowed_hosts_are_reached(tmp_path: Path) -> None:
    with running() as server:
        (tmp_path / "capabilities.json").write_text(_capabilities(tmp_path, ["example.com"]))
        query = f'http.send({{"method": "get", "url": "http://{server.address}/"}})'
        arguments = ["--capabilities", "capabilities.json", "--strict-builtin-errors", query]
        done = run_program("opa", "eval", "-f", "raw", *arguments, cwd=tmp_path)
        with pytest.raises(BuiltinError) as caught:
            http_send(
                Outside(frozenset(["example.com"])),
                Evaluation(),
                {"method": "get", "url": f"http://{server.address}/"},
            )
        assert caught.value.message in done.stdout + done.stderr
        assert server.requests == []


def _capabilities(folder: Path, hosts: list[str]) -> str:
    done = run_program("opa", "capabilities", "--current", cwd=folder)
    return json.dumps({**json.loads(done.stdout), "allow_net": hosts})
