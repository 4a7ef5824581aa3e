"""`input.review` against a table of facts; what a checker adds to a manifest."""

import pytest
from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.errors import InputError
from lockgate.engine.kinds import Kinds
from lockgate.engine.review import Review
from lockgate.gatekeeper.admission import is_admission_review, parse_admission_review
from lockgate.gatekeeper.suite_run import gator_review
from lockgate.gatekeeper.target import (
    Cluster,
    find_namespaces,
    placed_request,
    review_document,
    review_request,
)

from tests.gatekeeper.review_cases import REFUSED_REVIEWS, REVIEW_CASES, ReviewCase
from tests.gatekeeper.workbench import Json, document, manifest


@pytest.mark.parametrize("case", REVIEW_CASES, ids=lambda case: case.name)
def test_review_facts(case: ReviewCase) -> None:
    review = gator_review(document(case.value), find_namespaces(list(case.namespaces)))
    assert render_json(review.request) == case.shown


@pytest.mark.parametrize(
    ("name", "value", "message"), REFUSED_REVIEWS, ids=lambda row: row if isinstance(row, str) else ""
)
def test_refused_admission_reviews(name: str, value: Json, message: str) -> None:
    assert is_admission_review(value)
    with pytest.raises(InputError, match=message):
        gator_review(document(value), {})


PROD = manifest("Namespace", "prod", labels={"env": "prod"})


def check(value: Json, **cluster: object) -> Review:
    return review_document(document(value), Cluster(**cluster))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value", "namespace", "scope"),
    [
        ("namespaced kind goes to the default", manifest(), "default", "Namespaced"),
        ("namespaced kind keeps its own", manifest(namespace="shop"), "shop", "Namespaced"),
        (
            "cluster-scoped kind has none",
            manifest("ClusterRole", group="rbac.authorization.k8s.io/v1"),
            None,
            "Cluster",
        ),
        ("unknown kind is left alone", manifest("Gizmo", group="x.io/v1"), None, "Unknown"),
        (
            "constraints are cluster-scoped",
            manifest("Any", group="constraints.gatekeeper.sh/v1beta1"),
            None,
            "Cluster",
        ),
        (
            "ML kinds are known",
            manifest("InferenceService", group="serving.kserve.io/v1beta1"),
            "default",
            "Namespaced",
        ),
        ("same kind of another group", manifest("Pod", group="x.io/v1"), None, "Unknown"),
    ],
)
def test_scope_and_namespace(name: str, value: Json, namespace: str | None, scope: str) -> None:
    review = check(value)
    assert review.scope == scope
    assert review.request.get("namespace") == namespace
    assert review.object is not None
    metadata = review.object["metadata"]
    assert isinstance(metadata, dict) and metadata.get("namespace") == namespace
    assert review.document is not None and review.document.value == value


def test_the_namespace_can_be_chosen_and_a_crd_tells_the_scope() -> None:
    kinds = Kinds({("x.io", "Gizmo"): "Namespaced"})
    review = check(manifest("Gizmo", group="x.io/v1"), kinds=kinds, namespace="shop")
    assert review.request["namespace"] == "shop" and review.scope == "Namespaced"


def test_a_known_namespace_is_shown_to_policies() -> None:
    known = find_namespaces([PROD, manifest(), manifest("Namespace", "x", group="y.io/v1")])
    assert list(known) == ["prod"]
    review = check(manifest(namespace="prod"), namespaces=known)
    assert review.request["namespaceObject"] == PROD and review.namespace == PROD
    assert check(manifest(namespace="dev"), namespaces=known).request["namespaceObject"] == {}


def test_a_request_shows_its_namespace() -> None:
    request = parse_admission_review(
        {"request": {"object": manifest(namespace="prod"), "namespace": "prod", "operation": "CREATE"}}
    )
    namespace: dict[str, Value] = dict(PROD)
    review = review_request(request, namespace, "Namespaced")
    assert review.request["namespaceObject"] == PROD
    assert review.object == manifest(namespace="prod") and review.old_object is None


def test_kinds_and_namespaces_that_are_remembered_are_shown_as_the_first_time() -> None:
    cluster = Cluster(Kinds({("x.io", "Gizmo"): "Namespaced"}), {"prod": PROD}, "shop")
    values = [
        manifest(),
        manifest("Gizmo", group="x.io/v1"),
        manifest("Gizmo", group="x.io/v2", namespace="prod"),
        {"apiVersion": "v1/", "kind": "Pod", "metadata": {"name": "a"}},
        {"apiVersion": "x.io/v1/z", "kind": "Gizmo", "metadata": {"name": "a"}},
    ]
    for value in values * 2:
        fresh = Cluster(cluster.kinds, cluster.namespaces, cluster.namespace)
        known, anew = (review_document(document(value), one) for one in (cluster, fresh))
        assert (known.request, known.scope, known.namespace) == (anew.request, anew.scope, anew.namespace)


def test_kinds_beyond_number_or_of_great_length_are_not_remembered() -> None:
    cluster = Cluster()
    for number in range(1_500):
        for kind in (f"K{number}", "K" * 1_000 + str(number)):
            assert review_document(document(manifest(kind)), cluster).request["kind"] == {
                "group": "",
                "version": "v1",
                "kind": kind,
            }
    assert len(cluster._of_kind) <= 1_024 and all(len(str(kind)) < 20 for _, kind in cluster._of_kind)


@pytest.mark.parametrize(
    ("group", "kind", "placed"),
    [("", "Namespace", False), ("", "Pod", True), ("x.io", "Namespace", True)],
)
def test_a_request_for_a_namespace_is_in_none(group: str, kind: str, placed: bool) -> None:
    version = f"{group}/v1" if group else "v1"
    request = parse_admission_review(
        {
            "request": {
                "kind": {"group": group, "version": "v1", "kind": kind},
                "object": manifest(kind, group=version),
                "namespace": "a",
                "operation": "CREATE",
            }
        }
    )
    assert ("namespace" in placed_request(request)) is placed
    assert {**placed_request(request), "namespace": "a"} == request
