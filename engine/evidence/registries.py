"""Evidence of registries: an MLflow `MLmodel`, MLflow's model versions and runs, Kubeflow's Model Registry."""

from collections.abc import Iterator
from typing import Any, Final

from lockgate.engine.evidence.evidence import (
    MAX_NAMES,
    Evidence,
    digests,
    moment,
    text_of,
    texts,
    utc_moment,
)
from lockgate.engine.foreign_documents import Part

_KUBEFLOW_STATES: Final = frozenset({"LIVE", "ARCHIVED"})


def is_mlmodel(whole: Part) -> bool:
    """Is it an `MLmodel` (https://mlflow.org/docs/latest/ml/model/)?"""
    return isinstance(whole.value.get("flavors"), dict)


def _every(part: Part, key: str) -> Iterator[Part]:
    """Every value under a key in the flavours: an artefact of one may lie in another."""
    todo: list[Part] = [part]
    while todo:
        one = todo.pop()
        if isinstance(one.value, dict):
            if one.maybe(key) is not None:
                yield one.get(key)
            todo += [one.get(name) for name in one.value if one.value[name] is not None]
        elif isinstance(one.value, list):
            todo += one.items(MAX_NAMES)


def read_mlmodel(whole: Part) -> Evidence:
    """How MLflow would load a model, and what the run that made it is."""
    flavors = whole.get("flavors")
    fields: dict[str, Any] = {
        "flavors": sorted(flavors.mapping()),
        "loaderModules": sorted({one.text() for one in _every(flavors, "loader_module")}),
        "serialization": sorted({one.text() for one in _every(flavors, "serialization_format")}),
        "code": sorted({text for one in _every(flavors, "code") for text in texts(one)}),
        "signature": whole.maybe("signature") is not None,
    }
    # A model that a function of its author's makes is code, whatever the format is called.
    if next(_every(flavors, "python_model"), None) is not None and not fields["serialization"]:
        fields["serialization"] = ["cloudpickle"]
    for name, key in (("runId", "run_id"), ("modelUuid", "model_uuid"), ("modelId", "model_id")):
        if whole.maybe(key) is not None:
            fields[name] = whole.get(key).text()
    version = text_of(whole.maybe("mlflow_version"))
    return Evidence(
        "mlflow", f"mlflow {version}".strip(), utc_moment(whole.maybe("utc_time_created")), (), fields
    )


def is_mlflow_version(whole: Part) -> bool:
    """Is it a model version of MLflow's REST API?"""
    found = whole.value.get("model_version", whole.value)
    return isinstance(found, dict) and {"name", "version", "source"} <= found.keys()


def read_mlflow_version(whole: Part) -> Evidence:
    """A version of a registered model. Its stage and its aliases are what the registry says now."""
    told = whole.maybe("model_version") or whole
    tags = told.maybe("tags")
    pairs = {} if tags is None else dict(_pairs(tags))
    fields: dict[str, Any] = {
        "registry": "mlflow",
        "name": told.get("name").text(),
        "version": str(told.get("version").value)[:80],
        "source": told.get("source").text(),
        "runId": text_of(told.maybe("run_id")),
        "status": text_of(told.maybe("status")),
        "stage": text_of(told.maybe("current_stage")),
        "aliases": texts(told.maybe("aliases")),
        "author": text_of(told.maybe("user_id")),
        "tags": pairs,
    }
    subjects = digests(Part(pairs.get("sha256", pairs.get("digest")), told.what, "tags"))
    return Evidence(
        "registry",
        "mlflow",
        moment(told.maybe("last_updated_timestamp") or told.maybe("creation_timestamp")),
        subjects,
        fields,
    )


def _pairs(part: Part) -> Iterator[tuple[str, str]]:
    """Tags, which the REST API has as a list of keys and values, and clients as an object."""
    if isinstance(part.value, dict):
        for name in sorted(part.value):
            if isinstance(part.value[name], str):
                yield name, part.value[name]
        return
    for one in part.items(MAX_NAMES):
        yield one.get("key").text(), text_of(one.maybe("value"))


def is_mlflow_run(whole: Part) -> bool:
    """Is it a run of MLflow's REST API?"""
    run = whole.value.get("run", whole.value)
    return isinstance(run, dict) and isinstance(run.get("info"), dict) and isinstance(run.get("data"), dict)


def read_mlflow_run(whole: Part) -> Evidence:
    """The metrics of a run: of each the last value, as the API gives it."""
    run = whole.maybe("run") or whole
    listed = run.at("data", "metrics")
    metrics = (
        {}
        if listed is None
        else {
            one.get("key").text(): one.get("value").number()
            for one in listed.items(MAX_NAMES)
            if isinstance(one.value, dict) and isinstance(one.value.get("value"), (int, float))
        }
    )
    info = run.get("info")
    return Evidence(
        "evaluation",
        "mlflow",
        moment(info.maybe("end_time")),
        (),
        {"metrics": dict(sorted(metrics.items())), "runId": text_of(info.maybe("run_id"))},
    )


def is_kubeflow(whole: Part) -> bool:
    """Is it an object of Kubeflow's Model Registry?"""
    value = whole.value
    return (
        value.get("artifactType") == "model-artifact"
        or ("registeredModelId" in value and "name" in value)
        or ("state" in value and value.get("state") in _KUBEFLOW_STATES and "customProperties" in value)
    )


def read_kubeflow(whole: Part) -> Evidence:
    """A registered model, a version of one, or its artefact."""
    named = (
        ("name", "name"),
        ("author", "author"),
        ("owner", "owner"),
        ("status", "state"),
        ("source", "uri"),
        ("format", "modelFormatName"),
        ("formatVersion", "modelFormatVersion"),
        ("registeredModelId", "registeredModelId"),
        ("serviceAccount", "serviceAccountName"),
    )
    fields: dict[str, Any] = {"registry": "kubeflow"}
    for name, key in named:
        if whole.maybe(key) is not None:
            fields[name] = whole.get(key).text()
    properties = whole.maybe("customProperties")
    pairs: dict[str, str] = {}
    if properties is not None:
        for name in sorted(properties.mapping()):
            value = properties.at(name, "string_value")
            if value is not None:
                pairs[name] = value.text()
    fields["tags"] = pairs
    subjects = digests(Part(pairs.get("sha256", pairs.get("digest")), whole.what, "customProperties"))
    return Evidence("registry", "kubeflow", moment(whole.maybe("lastUpdateTimeSinceEpoch")), subjects, fields)
