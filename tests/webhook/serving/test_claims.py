"""What a record claims of the cluster, and what makes two objects the same for it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.decision import Decision
from lockgate.engine.gvk import GroupVersionKind
from lockgate.webhook.serving.claims import (
    MAX_UID,
    MOST_UNTOLD,
    Claim,
    Untold,
    claim_of,
    object_content,
    parse_claims,
    render_claims,
)
from lockgate.webhook.serving.feed import FrameReader
from lockgate.webhook.serving.wire import AdmissionCall, CallReader

UID = "705ab4f5-6393-11e8-b7cc-42010a800002"
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "app", "namespace": "a", "uid": UID, "managedFields": [{"manager": "x"}]},
    "spec": {"containers": [{"name": "main", "image": "registry.example/app:1"}]},
}


def call(operation: str = "CREATE", **more: Any) -> AdmissionCall:
    request: dict[str, Any] = {
        "uid": "review",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "operation": operation,
        "name": "app",
        "namespace": "a",
        "userInfo": {"username": "alice"},
        "object": None if operation == "DELETE" else POD,
        "oldObject": None if operation == "CREATE" else POD,
        **more,
    }
    value = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    return CallReader().read(json.dumps(value).encode())


def decided(verdict: Any) -> Decision:
    return Decision(verdict, (), (), (), "0" * 64, "", matched=1)


@pytest.mark.parametrize("verdict", ["allow", "warn"])
@pytest.mark.parametrize("operation", ["CREATE", "UPDATE", "DELETE"])
def test_what_is_let_through_claims_its_object(operation: str, verdict: str) -> None:
    content = "" if operation == "DELETE" else object_content(POD, "without status")
    kind = GroupVersionKind("", "v1", "Pod")
    assert claim_of(call(operation), decided(verdict), 7) == Claim(7, kind, UID, content)


@pytest.mark.parametrize("below", ["status", "ephemeralcontainers", "resize"])
def test_subresources_whose_object_is_whole(below: str) -> None:
    found = claim_of(call("UPDATE", subResource=below), decided("allow"), 7)
    assert found is not None
    assert found.content == object_content(POD, "all" if below == "status" else "without status")


@pytest.mark.parametrize(
    ("made", "verdict"),
    [
        (call(), "deny"),
        (call(), "error"),
        (call("UPDATE", subResource="scale"), "allow"),
        (call("CREATE", subResource="binding"), "allow"),
        (call("CONNECT", object={"kind": "PodExecOptions"}, subResource="exec"), "allow"),
        (call(object={**POD, "metadata": {"name": "app"}}), "allow"),
        (call(object={**POD, "metadata": {"name": "app", "uid": "x" * (MAX_UID + 1)}}), "allow"),
        (call(kind={"group": "g" * 1000, "version": "v1", "kind": "Pod"}), "allow"),
    ],
)
def test_what_claims_nothing(made: AdmissionCall, verdict: str) -> None:
    assert claim_of(made, decided(verdict), 7) is None


def test_in_observe_mode_what_is_denied_comes_too() -> None:
    assert claim_of(call(), decided("deny"), 7, "observe") == claim_of(call(), decided("allow"), 7)


def test_the_api_servers_bookkeeping_does_not_count() -> None:
    stored = {**POD, "metadata": {**POD["metadata"], "resourceVersion": "12", "managedFields": []}}
    assert object_content(stored, "all") == object_content(POD, "all")


@pytest.mark.parametrize(
    "changed",
    [
        {**POD, "spec": {"containers": [{"name": "main", "image": "evil"}]}},
        {**POD, "status": {}},
        {**POD, "metadata": {**POD["metadata"], "labels": {}}},
        {**POD, "apiVersion": "v2"},
    ],
)
def test_everything_else_does(changed: dict[str, Any]) -> None:
    assert object_content(changed, "all") != object_content(POD, "all")
    is_status = "status" in changed
    assert (object_content(changed, "without status") == object_content(POD, "without status")) is is_status


@given(st.lists(st.tuples(st.integers(0, 2**52), st.text(max_size=8), st.text(max_size=8))))
def test_main_is_told_them_as_they_are(told: list[tuple[int, str, str]]) -> None:
    claims = [
        Claim(index, GroupVersionKind(uid, "v1", content), uid, content) for index, uid, content in told
    ]
    (frame,) = FrameReader().feed(render_claims(claims))
    assert parse_claims(frame) == claims


def test_claims_that_nobody_takes_are_bounded() -> None:
    untold = Untold()
    made = call()
    for index in range(MOST_UNTOLD + 5):
        untold.add(made, decided("allow"), index)
    assert len(untold.take()) == MOST_UNTOLD
    assert untold.take() == []
