"""What the status of an object says, and that it is written only where it differs."""

import json
from typing import Any

import pytest
from lockgate.webhook.cluster.statuses import Standing, is_told, wanted_status
from lockgate.webhook.serving.live_problems import LiveProblem

from tests.gatekeeper.workbench import constraint, template
from tests.webhook.serving.builders import as_value, key_of
from tests.webhook.serving.test_live_gate import EXEMPTION

PROBLEM = LiveProblem("rego_type_error: no", "mend it", ("spec", "a"), 4, 3)
ERRORS = [{"code": "rego_type_error", "message": "rego_type_error: no (mend it)", "location": "spec.a:4:3"}]


def placed(value: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    made: dict[str, Any] = as_value(value)
    made["metadata"].update({"uid": "u", "generation": 7, **metadata})
    return made


@pytest.mark.parametrize(
    ("value", "more", "created"),
    [
        (template(), {"templateUID": "u"}, {"created": False}),
        (constraint(), {"constraintUID": "u", "enforced": False}, {}),
        (EXEMPTION, {}, {"created": False}),
    ],
    ids=["template", "constraint", "exemption"],
)
def test_it_is_shaped_as_gatekeepers(value: Any, more: Any, created: Any) -> None:
    standing = Standing(json.dumps(value).encode(), False, (PROBLEM,))
    entry = {"id": "lockgate", "operations": ["webhook"], "observedGeneration": 7, **more, "errors": ERRORS}
    assert wanted_status(key_of(value), placed(value), standing) == {"byPod": [entry], **created}


def test_without_problems_it_has_no_errors() -> None:
    wanted = wanted_status(key_of(template()), placed(template()), Standing(b"", True, ()))
    assert wanted["created"] is True
    assert "errors" not in json.dumps(wanted)


def test_it_is_told_when_it_is_there_beside_what_others_say() -> None:
    wanted = wanted_status(key_of(constraint()), placed(constraint()), Standing(b"", True, ()))
    value = placed(constraint())
    assert not is_told(value, wanted)
    assert not is_told({**value, "status": {"byPod": []}}, wanted)
    assert is_told({**value, "status": {**wanted, "totalViolations": 3}}, wanted)
