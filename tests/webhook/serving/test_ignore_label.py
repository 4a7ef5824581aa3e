"""The label that lets Namespaces past Gatekeeper: who may have it."""

import json
from typing import Any

import pytest
from lockgate.webhook.serving.ignore_label import IGNORE, judge_ignore_label
from lockgate.webhook.serving.wire import CallReader

from tests.webhook.serving.server_processes import config_map, review_of


def namespace(name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


@pytest.mark.parametrize(
    ("value", "is_allowed"),
    [
        (namespace("shop"), True),
        (namespace("shop", other="x"), True),
        (namespace("shop", **{IGNORE: ""}), False),
        (namespace("left-out", **{IGNORE: ""}), True),
        (config_map(labels={IGNORE: ""}), True),
    ],
)
def test_only_namespaces_that_are_left_out_have_it(value: dict[str, Any], is_allowed: bool) -> None:
    call = CallReader().read(json.dumps(review_of(value)).encode())
    said = judge_ignore_label(call, frozenset({"left-out"}))
    assert (said.allowed, said.code) == ((True, 200) if is_allowed else (False, 403))
