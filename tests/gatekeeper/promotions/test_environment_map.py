"""EnvironmentMap: what is read, what is refused with its place, and how it is read together with PromotionPolicies."""

from typing import Any

import pytest
from lockgate.engine.errors import PolicyError
from lockgate.engine.promotions.mapping import EnvironmentRule
from lockgate.gatekeeper.problems import PolicyErrors, flatten
from lockgate.gatekeeper.promotions.environment_map import parse_environment_map
from lockgate.gatekeeper.promotions.loading import load_promotions

from tests.gatekeeper.exemptions.making import read
from tests.gatekeeper.promotions.making import environment_map, promotion_policy
from tests.gatekeeper.workbench import template

Json = dict[str, Any]
DEV: Json = {"name": "dev", "namespaces": ["*"]}
STAGING: Json = {"name": "staging", "clusters": ["staging-*"], "namespaces": ["*-staging"]}
PROD: Json = {"name": "prod", "clusters": ["https://prod.example.com:6443"], "namespaces": ["prod"]}
STEP: Json = {"to": "prod", "soakTime": "24h"}


def test_everything_that_may_stand_in_one() -> None:
    found = parse_environment_map(read(environment_map(DEV, STAGING, PROD), "map.yaml"))
    assert found.name == "cluster"
    assert found.mapping.rules == (
        EnvironmentRule("dev", (), ("*",)),
        EnvironmentRule("staging", ("staging-*",), ("*-staging",)),
        EnvironmentRule("prod", ("https://prod.example.com:6443",), ("prod",)),
    )
    other = parse_environment_map(read(environment_map(DEV, PROD), "map.yaml"))
    assert other.digest != found.digest


def test_its_status_and_labels_change_nothing() -> None:
    value = environment_map(DEV, PROD)
    with_more = {**value, "metadata": {"name": "cluster", "labels": {"a": "b"}}, "status": {"created": True}}
    assert parse_environment_map(read(value)).digest == parse_environment_map(read(with_more)).digest


WRONG: list[tuple[Json, str]] = [
    (environment_map(DEV, PROD, name="prod"), "the EnvironmentMap is named 'prod', and there is one"),
    (environment_map(DEV, PROD, name="A b"), "'A b' is no name for an EnvironmentMap"),
    ({**environment_map(DEV, PROD), "apiVersion": "promotion.lockgate.dev/v1"}, "unsupported version"),
    ({**environment_map(DEV, PROD), "spce": {}}, "unknown field spce"),
    ({**environment_map(DEV, PROD), "spec": None}, "spec.environments has 0 entries"),
    ({**environment_map(DEV, PROD), "spec": []}, "spec must be an object, not an array"),
    (environment_map(DEV), "spec.environments has 1 entries"),
    (environment_map(*[{**DEV, "name": f"e{n}"} for n in range(51)]), "spec.environments has 51 entries"),
    (environment_map(DEV, DEV), "spec.environments[1] names dev again"),
    (environment_map(DEV, {"namespaces": ["a"]}), "spec.environments[1].name is '', no name"),
    (environment_map(DEV, {**PROD, "name": "Prod"}), "spec.environments[1].name is 'Prod', no name"),
    (environment_map({"name": "dev"}, {"name": "prod"}), "names no cluster and no namespace"),
    (environment_map(DEV, {**PROD, "namespace": ["a"]}), "unknown field spec.environments[1].namespace"),
    (environment_map(DEV, {**PROD, "namespaces": "prod"}), "spec.environments[1].namespaces must be a list"),
    (environment_map(DEV, {**PROD, "namespaces": [1]}), "namespaces[0] must be a string"),
    (environment_map(DEV, {**PROD, "namespaces": [""]}), "'' is no name of a namespace"),
    (environment_map(DEV, {**PROD, "namespaces": ["Prod"]}), "'Prod' is no name of a namespace"),
    (environment_map(DEV, {**PROD, "namespaces": ["a.b"]}), "'a.b' is no name of a namespace"),
    (environment_map(DEV, {**PROD, "namespaces": ["a" * 64]}), "is no name of a namespace"),
    (environment_map(DEV, {**PROD, "namespaces": ["a"] * 501}), "has 501 entries, and may have 500"),
    (environment_map(DEV, {**PROD, "clusters": [""]}), "clusters[0] is no name of a cluster"),
    (environment_map(DEV, {**PROD, "clusters": ["a\nb"]}), "clusters[0] is no name of a cluster"),
    (environment_map(DEV, {**PROD, "clusters": ["a" * 501]}), "clusters[0] is no name of a cluster"),
]


@pytest.mark.parametrize(("value", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_is_wrong_is_refused_with_its_place(value: Json, said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_environment_map(read(value, "map.yaml"))
    assert said in caught.value.message
    assert caught.value.location is not None
    assert (caught.value.location.file, caught.value.location.line > 0) == ("map.yaml", True)


def test_they_are_read_together() -> None:
    values = [
        (promotion_policy(STEP), "b.yaml"),
        ({**promotion_policy(STEP), "metadata": {"name": "a"}}, "c.yaml"),
        (environment_map(DEV, PROD), "d.yaml"),
        (template(), "e.yaml"),
    ]
    found = load_promotions([read(*one) for one in values])
    assert [one.name for one in found.policies] == ["a", "models"]
    assert found.map is not None
    assert [name for name, _ in found.digests] == [
        "EnvironmentMap/cluster",
        "PromotionPolicy/a",
        "PromotionPolicy/models",
    ]
    assert load_promotions([]).digests == ()


def test_there_is_one_map_and_all_that_is_wrong_is_told() -> None:
    values = [
        (environment_map(DEV, PROD), "a.yaml"),
        (environment_map(DEV, PROD), "b.yaml"),
        (promotion_policy(), "c.yaml"),
    ]
    with pytest.raises(PolicyErrors) as caught:
        load_promotions([read(*one) for one in values])
    said = [(one.message, str(one.location)[:6]) for one in flatten(caught.value)]
    assert said == [
        ("the EnvironmentMap is defined twice; the other is in a.yaml", "b.yaml"),
        ("spec.steps is empty, and would ask for nothing", "c.yaml"),
    ]


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (("dev", "staging", "prod"), ""),
        (("dev", "prod"), ""),
        # What the map does not have is nowhere in this cluster.
        (("prod", "beyond"), ""),
        (("other", "dev", "between", "prod"), ""),
        (("dev", "prod", "staging"), "spec.environments has prod below staging"),
        (("prod", "between", "dev"), "spec.environments has prod below dev"),
    ],
)
def test_a_policy_in_another_order_than_the_map_is_refused(order: tuple[str, ...], said: str) -> None:
    policy = promotion_policy({**STEP, "to": order[-1]}, environments=[*order])
    documents = [read(policy, "a.yaml"), read(environment_map(DEV, STAGING, PROD), "b.yaml")]
    if not said:
        assert load_promotions(documents).policies[0].environments.names == order
        return
    with pytest.raises(PolicyErrors) as caught:
        load_promotions(documents)
    assert said in caught.value.message
    assert caught.value.location is not None
    assert caught.value.location.file == "a.yaml"
