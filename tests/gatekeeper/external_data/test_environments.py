"""The provider of environments: what it answers, and what is no question."""

import json
from typing import Any

import pytest
from lockgate.engine.decision import Item
from lockgate.engine.external_data import UnansweredError
from lockgate.engine.promotions.mapping import Placed
from lockgate.gatekeeper.external_data.environments import EnvironmentProviders, KnownEnvironments
from lockgate.gatekeeper.external_data.fixtures import Fixture, FixtureProviders

from tests.gatekeeper.external_data.test_devices import only

NAME = "lockgate-environments"


def place(namespace: str, label: str) -> Placed:
    if label:
        return Placed(label)
    return Placed("prod") if namespace == "shop" else Placed("", "nobody says so")


KNOWN = KnownEnvironments("eu", place, frozenset({"prod"}))


def ask(key: Any, known: KnownEnvironments = KNOWN) -> Item:
    text = key if isinstance(key, str) else json.dumps(key, sort_keys=True)
    return only(EnvironmentProviders(known).ask(NAME, (text,), None))


def question(namespace: str, label: str = "") -> str:
    return json.dumps({"label": label, "namespace": namespace}, sort_keys=True)


@pytest.mark.parametrize(
    ("key", "environment", "required"),
    [(question("shop"), "prod", True), (question("shop", "dev"), "dev", False)],
    ids=["asked for a promotion", "not asked for one"],
)
def test_an_environment(key: str, environment: str, required: bool) -> None:
    assert ask(key) == Item(key, {"cluster": "eu", "environment": environment, "required": required})


def test_why_it_is_not_known() -> None:
    assert ask(question("")) == Item(question(""), None, "nobody says so")
    wrong = KnownEnvironments("eu", place, frozenset({"prod"}), "a PromotionPolicy is wrong")
    assert ask(question("shop"), wrong).error == "a PromotionPolicy is wrong"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "{",
        "[]",
        {"namespace": "shop"},
        {"namespace": "shop", "label": None},
        {"namespace": ["shop"], "label": ""},
        {"namespace": "shop", "label": "", "cluster": "other"},
    ],
    ids=str,
)
def test_what_is_no_question(key: Any) -> None:
    item = ask(key)
    assert item.value is None
    assert item.error == "no question about environments: no object with the texts label and namespace alone"


def test_other_providers_are_asked_by_their_names() -> None:
    others = FixtureProviders([Fixture("p", {}, "down")])
    assert EnvironmentProviders(KNOWN, others).ask("p", ("a",), None).system_error == "down"
    with pytest.raises(UnansweredError, match="'q'"):
        EnvironmentProviders(KNOWN).ask("q", ("a",), None)
