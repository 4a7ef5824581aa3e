"""The definitions of the kinds about promotions have the fields that are read, and no others."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import PolicyError
from lockgate.gatekeeper.promotions.environment_map import parse_environment_map
from lockgate.gatekeeper.promotions.promotion_policy import parse_promotion_policy
from lockgate.webhook.install.definitions import own_definitions

from tests.gatekeeper.exemptions.making import read
from tests.gatekeeper.promotions.making import environment_map, promotion_policy

Json = dict[str, Any]
POLICY = promotion_policy(
    {"to": "prod", "evidence": [{"kind": "facts"}], "approvals": [{"group": "a", "count": 1}]}
)
MAP = environment_map({"name": "dev", "namespaces": ["*"]}, {"name": "prod"})


def schema_of(kind: str, path: tuple[str | int, ...]) -> Json:
    (definition,) = [one for one in own_definitions() if one["spec"]["names"]["kind"] == kind]
    found: Json = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    for part in path:
        found = found["items"] if isinstance(part, int) else found["properties"][part]
    return found


@pytest.mark.parametrize(
    ("value", "parse", "path"),
    [
        (POLICY, parse_promotion_policy, ("spec",)),
        (POLICY, parse_promotion_policy, ("spec", "steps", 0)),
        (POLICY, parse_promotion_policy, ("spec", "steps", 0, "evidence", 0)),
        (POLICY, parse_promotion_policy, ("spec", "steps", 0, "approvals", 0)),
        (MAP, parse_environment_map, ("spec",)),
        (MAP, parse_environment_map, ("spec", "environments", 0)),
    ],
    ids=["policy", "step", "evidence", "approvals", "map", "environment"],
)
def test_the_fields_are_those_that_are_read(
    value: Json, parse: Callable[[Document], object], path: tuple[str | int, ...]
) -> None:
    parse(read(value))
    wrong = deepcopy(value)
    place: Any = wrong
    for part in path:
        place = place[part]
    place["zzz"] = 1
    with pytest.raises(PolicyError) as caught:
        parse(read(wrong))
    assert caught.value.hint.startswith("known are ")
    known = set(caught.value.hint.removeprefix("known are ").split(", "))
    schema = schema_of(value["kind"], path)
    assert {*schema["properties"]} == known
    # What is misspelt has to reach Lockgate, which refuses it.
    assert schema["x-kubernetes-preserve-unknown-fields"] is True
