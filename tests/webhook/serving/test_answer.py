"""Answers within the API server's limits."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.webhook.render_admission import AdmissionResponse, failed
from lockgate.webhook.serving.answer import (
    MAX_MESSAGE,
    MAX_WARNING,
    MAX_WARNINGS,
    bounded_warnings,
    render_review,
    render_status,
)


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        (["a", "b", "a"], ["a", "b"]),
        (["[x] two\nlines\tand \x00 more"], ["[x] two lines and more"]),
        (["word " * 100], [f"{('word ' * 51).strip()}…"]),
        (["x" * 300], [f"{'x' * 255}…"]),
    ],
)
def test_warnings(given_: list[str], told: list[str]) -> None:
    assert list(bounded_warnings(given_)) == told


def test_too_many_warnings_are_counted() -> None:
    told = bounded_warnings([f"{number} {'x' * 250}" for number in range(30)])
    assert told[-1] == f"… and {30 - (len(told) - 1)} more warnings"
    assert sum(map(len, told)) <= MAX_WARNINGS


@given(st.lists(st.text(max_size=400), max_size=60))
def test_warnings_keep_every_limit(texts: list[str]) -> None:
    told = bounded_warnings(texts)
    assert sum(map(len, told)) <= MAX_WARNINGS
    assert len(set(told)) == len(told)
    for text in told:
        assert len(text) <= MAX_WARNING
        assert text.isprintable()


@pytest.mark.parametrize(
    ("response", "annotations", "expected"),
    [
        (
            AdmissionResponse(False, 403, "Forbidden", "[a] no", ("[b] soon",)),
            {"record-index": "7"},
            {
                "uid": "u",
                "allowed": False,
                "status": {"metadata": {}, "message": "[a] no", "reason": "Forbidden", "code": 403},
                "warnings": ["[b] soon"],
                "auditAnnotations": {"record-index": "7"},
            },
        ),
        (
            AdmissionResponse(True, 200),
            {},
            {"uid": "u", "allowed": True, "status": {"metadata": {}, "code": 200}},
        ),
        (
            failed("no"),
            {},
            {"uid": "u", "allowed": False, "status": {"metadata": {}, "message": "no", "code": 500}},
        ),
    ],
)
def test_a_review_is_answered(
    response: AdmissionResponse, annotations: dict[str, str], expected: dict[str, object]
) -> None:
    answer = render_review(response, "admission.k8s.io/v1", "u", annotations)
    assert answer.status == 200
    assert json.loads(answer.body) == {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": expected,
    }


@given(st.text(max_size=50), st.text(max_size=50), st.text(max_size=50), st.text(max_size=50))
def test_any_text_is_told_as_it_is(uid: str, message: str, reason: str, annotation: str) -> None:
    response = AdmissionResponse(False, 403, reason, message, (message,))
    answer = render_review(response, "v1", uid, {"a": annotation})
    answer.body.decode("ascii")
    told = json.loads(answer.body)["response"]
    assert (told["uid"], told["auditAnnotations"]) == (uid, {"a": annotation})
    assert (told["status"].get("message", ""), told["status"].get("reason", "")) == (message, reason)
    assert told["warnings"] == list(bounded_warnings([message]))


def test_a_message_ends_somewhere() -> None:
    response = AdmissionResponse(False, 403, "Forbidden", "é" * (MAX_MESSAGE + 5))
    answer = render_review(response, "admission.k8s.io/v1", "u", {})
    message = json.loads(answer.body)["response"]["status"]["message"]
    assert message.endswith("é… (5 more characters)")


def test_a_lone_surrogate_is_json() -> None:
    answer = render_review(AdmissionResponse(False, 403, "Forbidden", "\ud800"), "v", "u", {})
    answer.body.decode("ascii")


def test_a_status_is_what_the_api_server_reads_from_failures() -> None:
    answer = render_status(400, "BadRequest", "no JSON")
    assert (answer.status, json.loads(answer.body)["message"]) == (400, "no JSON")
