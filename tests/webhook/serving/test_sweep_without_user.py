"""Policies that read who asks, on what lives: nobody asks there."""

from typing import Any

import pytest
from lockgate.gatekeeper.enforcement import EnforcementPoint
from lockgate.gatekeeper.target import Cluster, review_document
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_state import LiveSettings

from tests.gatekeeper.workbench import constraint, document, manifest, template
from tests.webhook.serving.builders import present
from tests.webhook.serving.test_live_gate import ALL
from tests.webhook.serving.test_sweep import NOW

Json = dict[str, Any]
READS = """package p
violation[{"msg": "hit"}] { not is_person }
is_person { not startswith(input.review.userInfo.username, "system:") }
"""
AUDIT: EnforcementPoint = "audit.gatekeeper.sh"
ADMISSION: EnforcementPoint = "validation.gatekeeper.sh"


def annotated(said: str | None) -> Json:
    value = template(READS)
    if said is not None:
        value["metadata"]["annotations"] = {"lockgate.dev/sweep": said}
    return value


def told(said: str | None, point: EnforcementPoint, user: Json | None = None) -> tuple[list[str], list[str]]:
    """What violates, and what was needed."""
    live = LiveGate(LiveSettings(point=point))
    live.apply(present(annotated(said), constraint({})), ALL)
    gate = live.gate_at(NOW)
    assert gate is not None
    assert not live.problems
    review = gate.judge(document(manifest()), lambda one: review_document(one, Cluster(), user=user))
    decision = review.decision
    return [one.message for one in decision.violations], [one.needs for one in decision.not_evaluated]


NEEDS = ["who makes the request (input.review.userInfo)"]
PERSON: Json = {"username": "ada", "groups": []}


@pytest.mark.parametrize(
    ("said", "point", "user", "expected"),
    [
        (None, AUDIT, None, ([], NEEDS)),
        ("without-user", AUDIT, None, (["hit"], [])),
        # At admission, and in CI, somebody asks.
        ("without-user", ADMISSION, None, ([], NEEDS)),
        ("without-user", ADMISSION, PERSON, ([], [])),
    ],
)
def test_it_is_evaluated_where_the_template_says_so(
    said: str | None, point: EnforcementPoint, user: Json | None, expected: tuple[list[str], list[str]]
) -> None:
    assert told(said, point, user) == expected


def test_another_word_is_refused() -> None:
    live = LiveGate(LiveSettings(point=AUDIT))
    live.apply(present(annotated("always"), constraint({})), ALL)
    (problem, *_) = [one for found in live.problems.values() for one in found]
    assert "lockgate.dev/sweep: 'always' is not without-user" in str(problem)
