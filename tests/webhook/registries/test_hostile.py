"""What a registry may answer: its own names alone, bounded, and nothing that becomes a path or another reference."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.webhook.references.servers import Reply, as_json
from tests.webhook.registries.desk import RegistryDesk
from tests.webhook.registries.peers import KUBEFLOW, MLFLOW

SEARCH = f"{MLFLOW}model-versions/search?filter=name%3D%27fraud%27&max_results=200"
LIST = f"{KUBEFLOW}registered_models/1/versions?pageSize=200"


def version(**more: Any) -> dict[str, Any]:
    return {"name": "fraud", "version": "7", "source": "s3://models/fraud/7", "status": "READY", **more}


def listed(**more: Any) -> dict[str, Any]:
    return {"id": "10", "name": "7", "registeredModelId": "1", "customProperties": {}, **more}


def mlflow(*versions: dict[str, Any], **more: Any) -> Reply:
    return as_json({"model_versions": [*versions], **more})


def kubeflow(*versions: dict[str, Any], **more: Any) -> Reply:
    return as_json({"items": [*versions], **more})


# What both answer, and why it is refused.
ANSWERS: dict[str, tuple[Reply, Reply, str]] = {
    "another model's": (
        mlflow(version(name="other")),
        kubeflow(listed(registeredModelId="2")),
        "is another model's",
    ),
    "no number": (mlflow(version(version="../8")), kubeflow(listed(name="../../8")), ""),
    "another reference": (mlflow(version(version="7@prod")), kubeflow(listed(name="7/8")), ""),
    "too many at once": (
        mlflow(*[version()] * 201),
        kubeflow(*[listed()] * 201),
        "at most 200 are read",
    ),
    "too large": (Reply(b" " * 9_000_000), Reply(b" " * 9_000_000), "more than 8 MiB"),
    "no JSON": (Reply(b"<html>"), Reply(b"<html>"), ""),
    "a name twice": (Reply(b'{"a": 1, "a": 2}'), Reply(b'{"a": 1, "a": 2}'), ""),
    "an error": (Reply(status=500), Reply(status=500), "answers with status 500"),
    "elsewhere": (
        Reply(status=302, headers={"Location": "https://elsewhere.example.com/"}),
        Reply(status=302, headers={"Location": "https://elsewhere.example.com/"}),
        "which is not followed",
    ),
    "an escape": (
        mlflow(version(status="READY\x1b[31m")),
        kubeflow(listed(state="LIVE\x1b[31m")),
        "is not to be used",
    ),
    "a credential": (
        mlflow(version(source="https://user:hunter2hunter2@store.example.com/m")),
        kubeflow(listed(name="AKIAIOSFODNN7EXAMPLE")),
        "",
    ),
}


@pytest.mark.parametrize(("of_mlflow", "of_kubeflow", "why"), ANSWERS.values(), ids=ANSWERS)
def test_what_a_registry_may_not_answer(
    desk: RegistryDesk, of_mlflow: Reply, of_kubeflow: Reply, why: str
) -> None:
    desk.server.replies.update({SEARCH: of_mlflow, LIST: of_kubeflow})
    before = desk.office.size()
    files = sorted(desk.office.folder.rglob("*.promotion.dsse.json"))
    ran = desk.ask("prod", desk.model, "--every")
    assert ran.code == 2, ran.out
    assert why in ran.err
    assert "\x1b" not in ran.err + ran.out
    assert "Traceback" not in ran.err
    assert "hunter2" not in ran.err + ran.out
    assert sorted(desk.office.folder.rglob("*.promotion.dsse.json")) == files
    assert desk.office.size() == before


def test_pages_have_an_end(desk: RegistryDesk) -> None:
    last: Callable[..., Reply] = mlflow if desk.kind == "mlflow" else kubeflow
    token = "next_page_token" if desk.kind == "mlflow" else "nextPageToken"
    one = version() if desk.kind == "mlflow" else listed()
    asked = SEARCH if desk.kind == "mlflow" else LIST
    word = "page_token" if desk.kind == "mlflow" else "nextPageToken"
    forever = last(one, **{token: "again"})
    desk.server.replies.update({asked: forever, f"{asked}&{word}=again": forever})
    ran = desk.ask("prod", desk.model, "--every")
    assert (ran.code, "tells of its versions in more than 50 pages" in ran.err) == (2, True)
    assert len(desk.server.asked) < 120


def test_pages_are_read_to_the_last(desk: RegistryDesk) -> None:
    if desk.kind == "kubeflow":
        first = kubeflow(*desk.peer.versions.values(), nextPageToken="2")
        desk.peer.register("9")
        *_, ninth = desk.peer.versions.values()
        desk.server.replies.update({LIST: first, f"{LIST}&nextPageToken=2": kubeflow(ninth)})
    else:
        first = mlflow(*desk.peer.versions.values(), next_page_token="2")
        second = mlflow(version(version="9"))
        desk.server.replies.update({SEARCH: first, f"{SEARCH}&page_token=2": second})
    ran = desk.ask("prod", desk.model, "--every")
    # It is there, and nobody scanned it.
    assert (ran.code, f"error: {desk.model}/9: which bytes" in ran.err) == (2, True)


def test_a_registry_that_does_not_do_what_it_says_is_told(desk: RegistryDesk) -> None:
    desk.promote("7")
    liar = as_json({}) if desk.kind == "mlflow" else as_json({"customProperties": {}})
    for target in (f"{MLFLOW}registered-models/alias", f"{KUBEFLOW}model_versions/10"):
        desk.server.replies[target] = liar
    ran = desk.gate("move")
    assert ran.code != 0
    assert desk.aliased == ""
