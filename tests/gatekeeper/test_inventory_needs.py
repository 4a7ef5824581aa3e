"""What templates need of the inventory, read from their Rego and their annotation."""

import json

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.decision import NotEvaluated
from lockgate.engine.errors import InputError
from lockgate.engine.gvk import GroupVersionKind, parse_gvk
from lockgate.engine.policy import EvaluationContext, Facts
from lockgate.gatekeeper.inventory import InventoryBuilder, inventory_place, scope_of
from lockgate.gatekeeper.inventory_needs import (
    SYNC_ANNOTATION,
    InventoryNeeds,
    InventoryRead,
    Requirement,
    parse_requirements,
)
from lockgate.gatekeeper.loader import Loaded, load_policies
from lockgate.gatekeeper.target import Cluster, review_document

from tests.gatekeeper.workbench import Json, constraint, document, manifest, template

ANY = InventoryRead(None, None, None)

# A body of a rule, and what its references may reach.
READS: list[tuple[str, list[InventoryRead]]] = [
    ("true", []),
    ("input.review.object.data.inventory", []),
    ("data.inventory", [ANY]),
    ("x := data.inventory; x.cluster", [ANY]),
    ("data.inventory[s].v1.Pod", [ANY]),
    ("data.inventory.other", [ANY]),
    ("data.inventory.cluster", [InventoryRead("cluster", None, None)]),
    ("data.inventory.cluster.v1", [InventoryRead("cluster", "v1", None)]),
    ("data.inventory.cluster.v1.Node", [InventoryRead("cluster", "v1", "Node")]),
    ('data["inventory"]["cluster"]["v1"]["Node"][_]', [InventoryRead("cluster", "v1", "Node")]),
    ("data.inventory.cluster[v].Node[n]", [InventoryRead("cluster", None, "Node")]),
    ("data.inventory.cluster.v1[k][n]", [InventoryRead("cluster", "v1", None)]),
    ("data.inventory.namespace", [InventoryRead("namespace", None, None)]),
    ("data.inventory.namespace[ns]", [InventoryRead("namespace", None, None)]),
    (
        'data.inventory.namespace.shop["apps/v1"].Deployment',
        [InventoryRead("namespace", "apps/v1", "Deployment")],
    ),
    ("data.inventory.namespace[ns][v].Ingress[n]", [InventoryRead("namespace", None, "Ingress")]),
    ("count(data.inventory.namespace[ns].v1.Pod) > 1", [InventoryRead("namespace", "v1", "Pod")]),
    ("not data.inventory.cluster.v1.Namespace.shop", [InventoryRead("cluster", "v1", "Namespace")]),
    ("all := [n | data.inventory.cluster.v1.Node[n]]; all", [InventoryRead("cluster", "v1", "Node")]),
    (
        "data.inventory.cluster.v1.Node[n]; data.inventory.namespace[n].v1.Pod[_]",
        [InventoryRead("cluster", "v1", "Node"), InventoryRead("namespace", "v1", "Pod")],
    ),
]


def load(body: str, annotation: str | None = None, libs: list[str] | None = None) -> Loaded:
    made = template(f'package probe\n\nviolation[{{"msg": "x"}}] {{ {body} }}', libs=libs or [])
    if annotation is not None:
        made["metadata"]["annotations"] = {SYNC_ANNOTATION: annotation}
    loaded = load_policies([document(made), document(constraint({}))])
    assert not loaded.errors, loaded.errors
    return loaded


@pytest.mark.parametrize(("body", "expected"), READS)
def test_what_references_may_reach(body: str, expected: list[InventoryRead]) -> None:
    assert sorted(map(str, load(body).needs.reads)) == sorted(map(str, expected))


def test_libraries_count_too() -> None:
    lib = "package lib.nodes\n\nall = n { n := data.inventory.cluster.v1.Node }"
    assert load("data.lib.nodes.all.x", libs=[lib]).needs.reads == (InventoryRead("cluster", "v1", "Node"),)


OBJECTS = [
    manifest("Node", "n"),
    manifest("Namespace", "shop"),
    manifest("Pod", "p", namespace="shop"),
    manifest("Pod", "q", namespace="other"),
    manifest("Ingress", "i", group="networking.k8s.io/v1", namespace="shop"),
    manifest("Ingress", "i", group="extensions/v1beta1", namespace="shop"),
    manifest("Deployment", "d", group="apps/v1", namespace="shop"),
]


@pytest.mark.parametrize("body", [body for body, _ in READS])
def test_what_cannot_be_reached_changes_no_answer(body: str) -> None:
    loaded = load(body)
    (policy,) = loaded.policies.policies
    whole, kept = InventoryBuilder(), InventoryBuilder()
    for value in OBJECTS:
        whole.add(value)
        kind, namespace, _ = inventory_place(value)
        if loaded.needs.reaches(scope_of(namespace), kind):
            kept.add(value)
    review = review_document(document(manifest()), Cluster())
    answers = [
        policy.violations(review, EvaluationContext(builder.facts(), 0, Limits()))
        for builder in (whole, kept)
    ]
    assert answers[0] == answers[1]


def kind(text: str) -> GroupVersionKind:
    made = parse_gvk(text)
    assert made is not None
    return made


SERVICES = '[[{"groups":[""],"versions":["v1"],"kinds":["Service"]}]]'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", []),
        (SERVICES, [{"v1/Service"}]),
        (f'"{SERVICES}"\n', [{"v1/Service"}]),
        (
            '[[{"groups":["a","b"],"versions":["v1","v2"],"kinds":["C"]}]]',
            [{"a/v1/C", "a/v2/C", "b/v1/C", "b/v2/C"}],
        ),
        (
            '[[{"groups":["a"],"versions":["v1"],"kinds":["C"]},{"groups":["b"],"versions":["v1"],"kinds":["D"]}],'
            + '[{"groups":["c"],"versions":["v1"],"kinds":["E"]}]]',
            [{"a/v1/C", "b/v1/D"}, {"c/v1/E"}],
        ),
        ('[[{"groups":["a"],"versions":null}]]', [set()]),
        ("[[]]", [set()]),
    ],
)
def test_requirements(text: str, expected: list[set[str]]) -> None:
    made = parse_requirements({SYNC_ANNOTATION: text})
    assert [{str(one) for one in requirement.kinds} for requirement in made] == expected


MALFORMED = [
    "",
    "Service",
    "{}",
    "[{}]",
    "[[1]]",
    '[[{"group":["a"]}]]',
    '[[{"groups":"a"}]]',
    '[[{"groups":[1],"versions":["v1"],"kinds":["C"]}]]',
    "[" * 100_000,
    json.dumps([[{"groups": ["a"] * 200, "versions": ["b"] * 200, "kinds": ["c"] * 200}]]),
]


@pytest.mark.parametrize("text", MALFORMED, ids=lambda text: text[:30])
def test_malformed_requirements_are_remarked_on(text: str) -> None:
    with pytest.raises(InputError, match="requires-sync-data"):
        parse_requirements({SYNC_ANNOTATION: text})
    loaded = load("data.inventory.cluster.v1.Node[_]", text)
    assert [lint.level for lint in loaded.lints] == ["warning"]
    assert loaded.needs.requires == ()


NODES = InventoryNeeds((InventoryRead("cluster", "v1", "Node"),))
INGRESSES = InventoryNeeds((InventoryRead("namespace", None, "Ingress"),))
EITHER = Requirement(frozenset({kind("a/v1/C"), kind("b/v1/C")}))
OTHER = Requirement(frozenset({kind("v1/Service")}))


@pytest.mark.parametrize(
    ("needs", "covered", "missing"),
    [
        (NODES, [], "v1/Node"),
        (NODES, ["v1/Node"], ""),
        (NODES, ["v2/Node", "v1/Pod"], "v1/Node"),
        (INGRESSES, [], "any version/Ingress"),
        (INGRESSES, ["networking.k8s.io/v1/Ingress"], ""),
        (InventoryNeeds((ANY,)), [], ""),
        (InventoryNeeds((ANY,), (EITHER,)), [], "a/v1/C or b/v1/C"),
        (InventoryNeeds((ANY,), (EITHER,)), ["b/v1/C"], ""),
        (InventoryNeeds((ANY,), (EITHER, OTHER)), ["b/v1/C"], "v1/Service"),
        (InventoryNeeds((ANY,), (EITHER, OTHER)), [], "a/v1/C or b/v1/C and v1/Service"),
        # What the annotation says counts, and not what the Rego names.
        (InventoryNeeds(NODES.reads, (OTHER,)), ["v1/Service"], ""),
        (InventoryNeeds((ANY,), (Requirement(frozenset()),)), ["v1/Service"], "empty requirement"),
    ],
)
def test_what_is_missing(needs: InventoryNeeds, covered: list[str], missing: str) -> None:
    found = needs.missing(frozenset(map(kind, covered)))
    assert found == missing if " requirement" not in missing else missing in found


@pytest.mark.parametrize(
    ("facts", "evaluated"),
    [
        (Facts(), False),
        (Facts({}, covered=frozenset()), False),
        (Facts({}, covered=frozenset({kind("v1/Pod")})), False),
        (Facts({}, covered=frozenset({kind("v1/Service")})), True),
        (Facts({}), True),
    ],
)
def test_a_policy_without_what_it_needs_is_not_evaluated(facts: Facts, evaluated: bool) -> None:
    made: Json = template(
        'package p\n\nviolation[{"msg": "x"}] { not data.inventory.namespace.shop.v1.Service.a }'
    )
    (policy,) = load_policies([document(made), document(constraint({}))]).policies.policies
    found = policy.violations(
        review_document(document(manifest()), Cluster()), EvaluationContext(facts, 0, Limits())
    )
    assert len(found) == 1
    if evaluated:
        assert not isinstance(found[0], NotEvaluated)
    else:
        assert isinstance(found[0], NotEvaluated) and "v1/Service" in found[0].needs
