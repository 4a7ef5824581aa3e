"""What the status of an object says, and that it is written only where it differs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from kubernetes import client
from lockgate.webhook.cluster.inventory import Resource
from lockgate.webhook.cluster.statuses import MOST_AT_ONCE, Standing, StatusWriter, is_told, wanted_status
from lockgate.webhook.serving.live_problems import LiveProblem
from lockgate.webhook.serving.objects import ObjectKey

from tests.gatekeeper.workbench import constraint, template
from tests.webhook.serving.builders import as_value, key_of
from tests.webhook.serving.test_live_gate import CONFIG, EXEMPTION

PODS = {"match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}}
PROBLEM = LiveProblem("rego_type_error: no", "mend it", ("spec", "a"), 4, 3)
ERRORS = [{"code": "rego_type_error", "message": "rego_type_error: no (mend it)", "location": "spec.a:4:3"}]


def placed(value: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    made: dict[str, Any] = as_value(value)
    made["metadata"].update({"uid": "u", "generation": 7, **metadata})
    return made


@pytest.mark.parametrize(
    ("value", "more", "created"),
    [
        (template(), {"templateUID": "u"}, {"created": False}),
        (constraint(PODS), {"constraintUID": "u", "enforced": False}, {}),
        (EXEMPTION, {}, {"created": False}),
    ],
    ids=["template", "constraint", "exemption"],
)
def test_it_is_shaped_as_gatekeepers(value: Any, more: Any, created: Any) -> None:
    standing = Standing(json.dumps(value).encode(), False, (PROBLEM,))
    entry = {"id": "lockgate", "operations": ["webhook"], "observedGeneration": 7, **more, "errors": ERRORS}
    assert wanted_status(key_of(value), placed(value), standing) == {"byPod": [entry], **created}


def test_without_problems_it_has_no_errors() -> None:
    wanted = wanted_status(key_of(template()), placed(template()), Standing(b"", True, ()))
    assert wanted["created"] is True
    assert "errors" not in json.dumps(wanted)


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ([{"apiGroups": [""], "kinds": ["Pod"]}], None),
        (
            [{"apiGroups": [""], "kinds": ["Node"]}],
            ["gated for users, but not what kubelets, kube-system's accounts and --node-agent write: Node"],
        ),
        (
            [{"apiGroups": ["coordination.k8s.io"], "kinds": ["Lease"]}],
            ["never sent to the webhook, so that nothing gates them: Lease"],
        ),
    ],
)
def test_a_constraint_is_told_what_it_is_not_asked_about(kinds: Any, said: Any) -> None:
    value = constraint({"match": {"kinds": kinds}})
    status = wanted_status(key_of(value), value, Standing(b"", True, ()))
    (entry,) = json.loads(json.dumps(status))["byPod"]
    assert entry.get("notices") == said


def test_it_is_told_when_it_is_there_beside_what_others_say() -> None:
    wanted = wanted_status(key_of(constraint()), placed(constraint()), Standing(b"", True, ()))
    value = placed(constraint())
    assert not is_told(value, wanted)
    assert not is_told({**value, "status": {"byPod": []}}, wanted)
    assert is_told({**value, "status": {**wanted, "totalViolations": 3}}, wanted)


@contextmanager
def answering(statuses: list[int]) -> Iterator[tuple[Any, list[str]]]:
    """A client of a server that answers so, then 200; and the paths that were patched."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PATCH(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(self.path)
            self.send_response(statuses.pop(0) if statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    configuration: Any = client.Configuration(host=f"http://127.0.0.1:{server.server_address[1]}")
    configuration.retries = False
    api: Any = client.ApiClient(configuration)
    try:
        yield api, asked
    finally:
        api.close()
        server.shutdown()
        server.server_close()
        thread.join()


def standings(*values: dict[str, Any]) -> dict[ObjectKey, Standing]:
    return {key_of(value): Standing(json.dumps(value).encode(), True, ()) for value in values}


CONSTRAINTS = key_of(constraint()).kind
AT = {CONSTRAINTS: Resource(CONSTRAINTS, "/apis/constraints.gatekeeper.sh/v1beta1/probe", False)}


def test_so_many_are_written_at_once_and_each_of_them_once() -> None:
    wanted = standings(*[constraint(name=f"c{number}") for number in range(MOST_AT_ONCE + 3)])
    with answering([]) as (api, asked):
        writer = StatusWriter(api)
        assert [writer.write(wanted, AT) for _ in range(3)] == [(3, {}), (0, {}), (0, {})]
        assert len(asked) == len(set(asked)) == MOST_AT_ONCE + 3
        query = "fieldManager=lockgate-status&force=true"
        assert asked[0] == f"/apis/constraints.gatekeeper.sh/v1beta1/probe/c0/status?{query}"


def test_what_fails_is_tried_again_and_what_is_gone_is_not() -> None:
    wanted = standings(constraint())
    with answering([403, 500, 404]) as (api, asked):
        writer = StatusWriter(api)
        key = key_of(constraint())
        assert writer.write(wanted, AT) == (0, {key: "the API server answered 403"})
        assert writer.write(wanted, AT) == (0, {key: "the API server answered 500"})
        assert [writer.write(wanted, AT) for _ in range(2)] == [(0, {}), (0, {})]
        assert len(asked) == 3


def test_objects_of_kinds_that_are_anothers_are_left_alone() -> None:
    with answering([]) as (api, asked):
        assert StatusWriter(api).write(standings(constraint()), {}) == (0, {})
        assert not asked


def test_an_object_in_a_namespace_is_written_there() -> None:
    kind = key_of(CONFIG).kind
    with answering([]) as (api, asked):
        place = {kind: Resource(kind, "/apis/config.gatekeeper.sh/v1alpha1/configs", True)}
        assert StatusWriter(api).write(standings(CONFIG), place) == (0, {})
        whole = "/apis/config.gatekeeper.sh/v1alpha1/namespaces/gatekeeper-system/configs/config/status"
        assert [one.partition("?")[0] for one in asked] == [whole]
