"""Tricks with modes: to be observed where it is enforced, and to have it read otherwise afterwards."""

import json
from typing import Any

import pytest
from lockgate.webhook.cli import run
from lockgate.webhook.serving.admitting import Terms

from tests.bypasses.gate import Gate, gate
from tests.bypasses.test_left_out import CONSTRAINT, TEMPLATE, of
from tests.webhook.serving.server_processes import config_map, review_of

SHOP = Terms("observe", enforced_namespaces=frozenset({"shop"}))


@pytest.fixture(scope="module")
def known() -> Gate:
    return gate(TEMPLATE, CONSTRAINT, terms=SHOP)


@pytest.mark.parametrize(
    ("value", "denied"),
    [
        (of("v1", "ConfigMap", namespace="shop"), True),
        (of("v1", "Namespace", "shop", ""), True),
        (of("v1", "ConfigMap", namespace="other"), False),
        # Only what is in the namespace: neither a name, nor a label, nor an owner makes it so.
        (of("v1", "ConfigMap", "shop", "other"), False),
        (of("v1", "ConfigMap", namespace="shop-2"), False),
        (of("v1", "Namespace", "", "", generateName="shop"), False),
    ],
    ids=lambda one: json.dumps(one["metadata"]) if isinstance(one, dict) else "",
)
def test_one_namespace_is_enforced(value: Any, denied: bool, known: Gate) -> None:
    answer = known.admit(review_of(value))
    assert answer["allowed"] is not denied
    assert ("auditAnnotations" in answer) is not denied


def test_what_cannot_be_read_may_be_of_any_namespace(known: Gate) -> None:
    broken = review_of(config_map())
    broken["request"]["object"] = "a text"
    assert known.denies(broken)
    assert gate(TEMPLATE, CONSTRAINT, terms=Terms("observe")).admit(broken)["allowed"] is True


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--enforce-namespace", "shop"],
            "--enforce-namespace is for --mode observe: everything is enforced",
        ),
        (
            ["--mode", "observe", "--enforce-namespace", "a", "--exclude-namespace", "a"],
            "a is both enforced and left out",
        ),
    ],
)
def test_modes_that_do_not_fit(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "-p", ".", "--tls-cert", "a", "--tls-key", "b", *options]) == 2
    assert said in capsys.readouterr().err
