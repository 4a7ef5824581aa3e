"""The objects of a live cluster, from an API server in memory: what is asked for, in which pages, and what fails."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from kubernetes import client
from lockgate.engine.errors import UsageError
from lockgate.engine.gvk import GroupVersionKind, parse_gvk
from lockgate.gatekeeper.inventory_needs import InventoryNeeds, InventoryRead, Requirement
from lockgate.webhook.cluster.inventory import Server, list_from
from lockgate.webhook.inventory import Listed

from tests.webhook.cluster.listing_server import Json, Served, serving


def resource(name: str, kind: str, namespaced: bool, verbs: list[str] | None = None) -> Json:
    return {"name": name, "kind": kind, "namespaced": namespaced, "verbs": verbs or ["get", "list"]}


def items(count: int, namespace: str | None = None) -> list[Json]:
    """Without apiVersion and kind, as lists have them."""
    place = {} if namespace is None else {"namespace": namespace}
    return [{"metadata": {"name": f"o{number}", **place}} for number in range(count)]


@pytest.fixture
def served() -> Served:
    return Served(
        discovery={
            "/api/v1": {
                "resources": [
                    resource("nodes", "Node", False),
                    resource("services", "Service", True),
                    resource("services/status", "Service", True),
                    resource("bindings", "Binding", True, ["create"]),
                ]
            },
            "/apis": {
                "groups": [
                    {"name": "networking.k8s.io", "versions": [{"version": "v1"}, {"version": "v1beta1"}]},
                    {"name": "apps", "versions": [{"version": "v1"}]},
                ]
            },
            "/apis/networking.k8s.io/v1": {"resources": [resource("ingresses", "Ingress", True)]},
            "/apis/networking.k8s.io/v1beta1": {"resources": [resource("ingresses", "Ingress", True)]},
            "/apis/apps/v1": {"resources": [resource("deployments", "Deployment", True)]},
        },
        lists={
            "/api/v1/nodes": items(2),
            "/api/v1/services": items(25, "a"),
            "/apis/networking.k8s.io/v1/ingresses": items(1, "a"),
            "/apis/networking.k8s.io/v1beta1/ingresses": items(1, "a"),
            "/apis/apps/v1/deployments": [],
        },
    )


@pytest.fixture
def server(served: Served) -> Iterator[Server]:
    with serving(served) as address:
        configuration = client.Configuration(host=address)
        configuration.retries = False
        with closing(Server(client.ApiClient(configuration), page=10)) as made:
            yield made


def kinds(*texts: str) -> frozenset[GroupVersionKind]:
    made = [parse_gvk(text) for text in texts]
    return frozenset([one for one in made if one is not None])


def names(listed: Listed) -> set[str]:
    return {str(kind) for kind in listed.kinds}


ANYTHING = InventoryNeeds((InventoryRead(None, None, None),))
SERVICES = InventoryNeeds((InventoryRead("namespace", "v1", "Service"),))


def test_pages(served: Served, server: Server) -> None:
    found = list_from(server, SERVICES, None)
    assert [value["metadata"]["name"] for value in found.objects] == [f"o{n}" for n in range(25)]  # type: ignore[index,call-overload]
    assert {(value["apiVersion"], value["kind"]) for value in found.objects} == {("v1", "Service")}
    assert found.versions == (("v1/Service", "7"),)
    lists = [asked for asked in served.asked if "limit" in asked]
    assert lists == [
        "/api/v1/services?limit=10",
        "/api/v1/services?limit=10&continue=10",
        "/api/v1/services?limit=10&continue=20",
    ]


@pytest.mark.parametrize(
    ("needs", "wanted", "expected"),
    [
        (SERVICES, None, {"v1/Service"}),
        (
            InventoryNeeds((InventoryRead("namespace", None, "Ingress"),)),
            None,
            {"networking.k8s.io/v1/Ingress", "networking.k8s.io/v1beta1/Ingress"},
        ),
        (InventoryNeeds((InventoryRead("cluster", None, "Service"),)), None, set()),
        (ANYTHING, kinds("v1/Node", "apps/v1/Deployment", "x/v1/None"), {"v1/Node", "apps/v1/Deployment"}),
        (InventoryNeeds(ANYTHING.reads, (Requirement(kinds("v1/Node", "x/v1/None")),)), None, {"v1/Node"}),
        (SERVICES, kinds("v1/Node"), set()),
    ],
)
def test_what_is_listed(
    server: Server, needs: InventoryNeeds, wanted: frozenset[GroupVersionKind] | None, expected: set[str]
) -> None:
    assert names(list_from(server, needs, wanted)) == expected


def test_the_whole_cluster_is_never_listed(server: Server) -> None:
    with pytest.raises(UsageError, match="nothing says which kinds"):
        list_from(server, ANYTHING, None)


def test_a_list_that_expires_begins_anew(served: Served, server: Server) -> None:
    served.expiring = 2
    assert len(list_from(server, SERVICES, None).objects) == 25
    served.expiring = 3
    with pytest.raises(UsageError, match="v1/Service in the cluster expires"):
        list_from(server, SERVICES, None)


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/api/v1", 401, "answered 401 for /api/v1 "),
        ("/apis/apps/v1", 503, "answered 503"),
        ("/api/v1/services", 403, "answered 403 for /api/v1/services"),
        ("/api/v1/services", 410, "answered 410"),
    ],
)
def test_refusals(served: Served, server: Server, path: str, status: int, message: str) -> None:
    served.statuses[path] = [status]
    with pytest.raises(UsageError, match=message) as caught:
        list_from(server, SERVICES, None)
    assert ("needs `list`" in caught.value.hint) is (status in (401, 403))


@pytest.mark.parametrize("answer", [b"{", b"[]", b"\xff", b"null", b"{}{"])
def test_answers_that_are_none(served: Served, server: Server, answer: bytes) -> None:
    made: Any = answer
    served.discovery["/apis"] = made
    if answer == b"{}{":
        # What follows an answer is not read.
        assert names(list_from(server, SERVICES, None)) == {"v1/Service"}
        return
    with pytest.raises(UsageError, match="answer for /apis"):
        list_from(server, SERVICES, None)


@pytest.mark.parametrize(
    "resources",
    [
        None,
        {},
        [1],
        [{"name": 1, "kind": "A", "verbs": ["list"]}],
        [{"name": "a", "kind": "A", "verbs": "list"}],
    ],
)
def test_discovery_that_is_malformed_serves_nothing(served: Served, server: Server, resources: Any) -> None:
    served.discovery["/api/v1"] = {"resources": resources}
    assert names(list_from(server, SERVICES, None)) == set()


def test_no_server_at_all() -> None:
    configuration = client.Configuration(host="http://127.0.0.1:9")
    configuration.retries = False
    refused = pytest.raises(UsageError, match="cannot be asked for /api/v1")
    with closing(Server(client.ApiClient(configuration))) as server, refused:
        list_from(server, SERVICES, None)
