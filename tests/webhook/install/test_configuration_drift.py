"""What somebody else has changed of the webhooks is told, and what the server itself writes is not."""

from copy import deepcopy
from typing import Any

import pytest
from lockgate.webhook.install.configuration_drift import configuration_problems
from lockgate.webhook.install.settings import InstallSettings
from lockgate.webhook.install.webhooks import webhook_configuration

SETTINGS = InstallSettings("image", mode="enforce", excluded_namespaces=("backup",))
POLICIES, OWN, LABELS = range(3)


def found(place: int, **changes: Any) -> Any:
    """The configuration as an API server shows it, with something changed in one webhook; None: removed."""
    made = deepcopy(webhook_configuration(SETTINGS))
    for one in made["webhooks"]:
        one.setdefault("namespaceSelector", {})
        one["objectSelector"] = {}
        one["clientConfig"] = {"url": "https://10.0.0.1/v1/admit", "caBundle": "Y2E="}
        one["rules"] = [{"resources": ["pods"]}]
    for field, value in changes.items():
        if value is None:
            del made["webhooks"][place][field]
        else:
            made["webhooks"][place][field] = value
    return made


def test_what_the_server_and_the_api_server_write_is_no_problem() -> None:
    assert list(configuration_problems(SETTINGS, found(POLICIES))) == []


@pytest.mark.parametrize(
    ("place", "field", "value", "said"),
    [
        (POLICIES, "failurePolicy", "Ignore", "its failurePolicy is Ignore, and not Fail"),
        (POLICIES, "matchPolicy", "Exact", "its matchPolicy is Exact, and not Equivalent"),
        (POLICIES, "sideEffects", "None", "its sideEffects is None, and not NoneOnDryRun"),
        (
            OWN,
            "objectSelector",
            {"matchLabels": {"a": "b"}},
            "its objectSelector is {'matchLabels': {'a': 'b'}}, and not empty",
        ),
        (OWN, "namespaceSelector", {"matchLabels": {"a": "b"}}, "its namespaceSelector is {'matchLabels'"),
        (POLICIES, "namespaceSelector", {}, "its namespaceSelector is empty, and not {'matchExpressions'"),
        (LABELS, "matchConditions", [{"name": "a", "expression": "false"}], "its matchConditions is [{"),
        (POLICIES, "matchConditions", None, "its matchConditions is empty, and not [{"),
    ],
)
def test_what_decides_about_who_is_asked(place: int, field: str, value: Any, said: str) -> None:
    ((what, why),) = configuration_problems(SETTINGS, found(place, **{field: value}))
    assert what == f"webhook {webhook_configuration(SETTINGS)['webhooks'][place]['name']}"
    assert why.startswith(said)
    assert len(why) < 600


def test_what_is_gone() -> None:
    made = found(POLICIES)
    del made["webhooks"][OWN]
    assert list(configuration_problems(SETTINGS, made)) == [
        ("webhook policies.lockgate.dev", "it is not there")
    ]
    assert list(configuration_problems(SETTINGS, None)) == [
        ("ValidatingWebhookConfiguration lockgate", "it is not there: nothing is judged")
    ]
