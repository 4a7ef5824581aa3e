"""Evidence: documents of each kind, what is read of them, and what is refused."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.errors import InputError, LockgateError
from lockgate.engine.evidence.reading import read_evidence

from tests.shared_folder import shared_path

DIGEST = "ab" * 32


def read(value: Any, name: str = "report.json") -> dict[str, Any]:
    data = value.encode() if isinstance(value, str) else json.dumps(value).encode()
    return read_evidence(data, name).as_json("00" * 32, name)


def column(name: str, method: str, threshold: float | None, value: float) -> dict[str, Any]:
    config = {
        "type": "evidently:metric_v2:ValueDrift",
        "column": name,
        "method": method,
        "threshold": threshold,
    }
    return {"id": name, "metric_name": "of any text", "config": config, "value": value}


def counted(share: float, count: float) -> dict[str, Any]:
    config = {"type": "evidently:metric_v2:DriftedColumnsCount", "drift_share": 0.5}
    return {
        "id": "c",
        "metric_name": "of any text",
        "config": config,
        "value": {"count": count, "share": share},
    }


NEW = {
    "metrics": [
        counted(0.5, 1.0),
        column("x", "K-S p_value", 0.05, 1e-9),
        column("y", "Wasserstein distance (normed)", 0.1, 0.02),
        {"config": {"type": "evidently:metric_v2:RowCount"}, "value": 12},
    ],
    "tests": [{"status": "SUCCESS"}],
}
OLD_COLUMN = {
    "column_name": "x",
    "stattest_name": "K-S p_value",
    "stattest_threshold": 0.05,
    "drift_score": 0.5,
    "drift_detected": True,
}
OLD = {
    "metrics": [
        {
            "metric": "DatasetDriftMetric",
            "result": {
                "drift_share": 0.5,
                "number_of_columns": 4,
                "number_of_drifted_columns": 1,
                "share_of_drifted_columns": 0.25,
                "dataset_drift": False,
            },
        },
        {"metric": "ColumnDriftMetric", "result": OLD_COLUMN},
        {"metric": "ColumnSummaryMetric", "result": {"x": 1}},
    ]
}


def test_drift_since_0_7() -> None:
    found = read(NEW)
    assert (found["kind"], found["share"], found["count"], found["producer"]) == (
        "drift",
        0.5,
        1,
        "evidently",
    )
    assert [(one["column"], one["measure"], one["score"]) for one in found["columns"]] == [
        ("x", "p-value", 1e-9),
        ("y", "distance", 0.02),
    ]
    # Its own verdicts are nowhere in it.
    assert "SUCCESS" not in json.dumps(found)


def test_drift_before_0_7() -> None:
    found = read({**OLD, "timestamp": "2024-01-01T10:00:00+02:00"})
    assert (found["share"], found["count"], found["at"]) == (0.25, 1, "2024-01-01T08:00:00Z")
    assert found["columns"][0]["score"] == 0.5
    assert "drift_detected" not in json.dumps(found)


def test_a_real_report() -> None:
    found = read_evidence(shared_path("reference", "evidently_drift_sample.json").read_bytes(), "sample")
    assert found.fields["share"] == 0.5
    assert [one["column"] for one in found.fields["columns"]] == ["x", "y"]


def _metrics(*metrics: dict[str, Any]) -> dict[str, Any]:
    return {"metrics": list(metrics)}


def old_table(share: float, count: float) -> dict[str, Any]:
    """Of two columns, of which one drifted by its score."""
    columns = {
        name: {
            "column_name": name,
            "stattest_name": "K-S p_value",
            "stattest_threshold": 0.05,
            "drift_score": score,
        }
        for name, score in (("x", 0.01), ("y", 0.9))
    }
    told = {"share_of_drifted_columns": share, "number_of_drifted_columns": count, "number_of_columns": 2}
    return {"metric": "DataDriftTable", "result": {**told, "drift_by_columns": columns}}


@pytest.mark.parametrize(
    ("report", "told"),
    [
        (_metrics(counted(1.5, 1)), "between 0 and 1"),
        (_metrics(counted(-0.5, 1)), "between 0 and 1"),
        # One of two columns, it says; by their scores both have drifted.
        (
            _metrics(counted(0.5, 1), column("x", "K-S p_value", 0.05, 0.01), column("y", "PSI", 0.1, 0.3)),
            "tells 1 drifted columns, and its own scores make 2",
        ),
        # None, it says; one of many, which are not all here.
        (
            _metrics(counted(0, 0), column("x", "K-S p_value", 0.05, 0.01)),
            "tells 0 drifted columns, and its own scores make 1",
        ),
        (
            _metrics(counted(0.1, 1), column("x", "PSI", 0.1, 0.3), column("y", "PSI", 0.1, 0.3)),
            "tells 1 drifted columns, and its own scores make 2",
        ),
        (_metrics(counted(0, 2)), "tells 2 drifted columns"),
        (_metrics(old_table(0, 0)), "tells 0 drifted columns, and its own scores make 1"),
        (_metrics(old_table(0.1, 1)), "tells 1 drifted columns of 2, which is no share of 0.1"),
        (_metrics({"config": {"type": "evidently:metric_v2:ValueDrift"}, "value": 0.1}), "has no column"),
        (_metrics(column("x", "PSI", 0.1, "0.3")), "is no number"),  # type: ignore[arg-type]
        (_metrics(counted(True, 1)), "is no number"),
    ],
)
def test_reports_of_drift_that_are_refused(report: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        read(report)


def test_of_several_shares_the_worst_counts() -> None:
    assert read(_metrics(counted(0.1, 1), counted(0.4, 2)))["share"] == 0.4


def test_a_method_of_another_name_is_not_judged() -> None:
    found = read(_metrics(counted(0.5, 1), column("x", "mine", 0.1, 0.3), column("y", "mine", 0.1, 0.3)))
    assert {one["measure"] for one in found["columns"]} == {"unknown"}


def test_metrics() -> None:
    made = {
        "metrics": {"auc": 0.93, "recall": 1},
        "subject": {"sha256": DIGEST.upper()},
        "producer": "evaluate.py",
        "at": "2026-11-02T10:00:00Z",
        "passed": True,
    }
    found = read(made)
    assert found["metrics"] == {"auc": 0.93, "recall": 1}
    assert (found["subjects"], found["producer"], found["at"]) == (
        [DIGEST],
        "evaluate.py",
        "2026-11-02T10:00:00Z",
    )
    assert "passed" not in found
    # Without a zone no moment is told.
    assert "at" not in read({**made, "at": "2026-11-02T10:00:00"})


@pytest.mark.parametrize("value", ["0.9", None, True, {"mean": 1}])
def test_metrics_that_are_no_numbers_are_refused(value: Any) -> None:
    with pytest.raises(InputError):
        read({"metrics": {"auc": value}})


MLMODEL = """\
artifact_path: model
flavors:
  python_function:
    env: {conda: conda.yaml}
    loader_module: mlflow.sklearn
    model_path: model.pkl
  sklearn:
    code: null
    pickled_model: model.pkl
    serialization_format: cloudpickle
mlflow_version: 2.9.2
model_uuid: 1f0e
run_id: 9a7c
signature: {inputs: '[]'}
utc_time_created: '2026-11-02 05:17:31.634689'
"""


def test_an_mlmodel() -> None:
    found = read(MLMODEL, "MLmodel")
    assert found["kind"] == "mlflow"
    assert (found["loaderModules"], found["serialization"]) == (["mlflow.sklearn"], ["cloudpickle"])
    assert (found["code"], found["signature"], found["runId"]) == ([], True, "9a7c")
    assert (found["producer"], found["at"]) == ("mlflow 2.9.2", "2026-11-02T05:17:31Z")


def test_a_python_model_is_code_whatever_it_says() -> None:
    text = "flavors: {python_function: {loader_module: mlflow.pyfunc.model, python_model: m.pkl, code: [src, lib]}}"
    found = read(text, "MLmodel")
    assert (found["serialization"], found["code"]) == (["cloudpickle"], ["lib", "src"])


def test_a_version_in_mlflow() -> None:
    version = {
        "name": "fraud",
        "version": "12",
        "source": "s3://models/fraud",
        "run_id": "9a7c",
        "current_stage": "Production",
        "aliases": ["champion"],
        "creation_timestamp": 1764000000000,
        "tags": [{"key": "sha256", "value": DIGEST}],
    }
    for made in (version, {"model_version": version}):
        found = read(made)
        assert (found["kind"], found["registry"], found["version"]) == ("registry", "mlflow", "12")
        assert (found["aliases"], found["subjects"], found["stage"]) == (["champion"], [DIGEST], "Production")
        assert found["at"] == "2025-11-24T16:00:00Z"


def test_a_run_in_mlflow() -> None:
    run = {
        "run": {
            "info": {"run_id": "9a7c", "status": "FINISHED", "end_time": 1764000000000},
            "data": {"metrics": [{"key": "auc", "value": 0.9, "step": 0}, {"key": "lost", "value": "NaN"}]},
        }
    }
    found = read(run)
    assert (found["kind"], found["metrics"], found["runId"]) == ("evaluation", {"auc": 0.9}, "9a7c")


def test_kubeflows_registry() -> None:
    artefact = {
        "artifactType": "model-artifact",
        "name": "fraud-12",
        "uri": "s3://models/fraud",
        "modelFormatName": "onnx",
        "state": "LIVE",
        "lastUpdateTimeSinceEpoch": "1764000000000",
        "customProperties": {"sha256": {"metadataType": "MetadataStringValue", "string_value": DIGEST}},
    }
    found = read(artefact)
    assert (found["registry"], found["format"], found["status"]) == ("kubeflow", "onnx", "LIVE")
    assert (found["subjects"], found["at"]) == ([DIGEST], "2025-11-24T16:00:00Z")
    version = read({"name": "12", "author": "a", "registeredModelId": "7", "state": "LIVE"})
    assert (version["author"], version["registeredModelId"]) == ("a", "7")


PROVENANCE: dict[str, Any] = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "model", "digest": {"sha256": DIGEST}}],
    "predicateType": "https://slsa.dev/provenance/v1",
    "predicate": {
        "buildDefinition": {
            "buildType": "https://ci.example/train",
            "externalParameters": {},
            "resolvedDependencies": [{"uri": "git+https://git.example/fraud", "digest": {"gitCommit": "1"}}],
        },
        "runDetails": {
            "builder": {"id": "https://ci.example/runner"},
            "metadata": {"invocationId": "7", "finishedOn": "2026-11-02T10:00:00Z"},
        },
    },
}


def test_provenance() -> None:
    found = read(PROVENANCE)
    assert (found["kind"], found["builder"], found["subjects"]) == (
        "provenance",
        "https://ci.example/runner",
        [DIGEST],
    )
    assert found["dependencies"] == [{"uri": "git+https://git.example/fraud", "sha256": ""}]


def test_a_bill_of_materials() -> None:
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {"timestamp": "2026-11-02T10:00:00Z"},
        "components": [
            {"type": "library", "name": "numpy", "licenses": [{"license": {"id": "BSD-3-Clause"}}]},
            {
                "type": "machine-learning-model",
                "name": "fraud",
                "hashes": [{"alg": "SHA-256", "content": DIGEST}, {"alg": "MD5", "content": "00"}],
                "licenses": [{"license": {"id": "Apache-2.0"}}],
                "pedigree": {"ancestors": [{"type": "machine-learning-model", "name": "bert"}]},
                "modelCard": {
                    "modelParameters": {"datasets": [{"type": "dataset", "name": "cards"}, {"ref": "d2"}]}
                },
            },
        ],
    }
    found = read(bom)
    assert (found["kind"], found["licenses"], found["datasets"]) == ("bom", ["Apache-2.0"], ["cards", "d2"])
    assert (found["baseModels"], found["subjects"]) == (["bert"], [DIGEST])
    with pytest.raises(InputError, match="no component that is a machine-learning-model"):
        read({**bom, "components": []})
    with pytest.raises(InputError, match=r"CycloneDX 1\.4"):
        read({**bom, "specVersion": "1.4"})


CARD = """\
---
license: apache-2.0
datasets:
- squad
- glue
base_model: bert-base-uncased
library_name: transformers
---

# A model

license: mit
"""


def test_a_card() -> None:
    found = read(CARD, "README.md")
    assert (found["kind"], found["licenses"]) == ("card", ["apache-2.0"])
    assert (found["datasets"], found["baseModels"]) == (["glue", "squad"], ["bert-base-uncased"])
    assert read(CARD.replace("apache-2.0", "other\nlicense_name: own"), "README.md")["licenses"] == ["own"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("---\nlicense: mit\n", "has no end"),
        ("---\nlicense: mit\nlicense: gpl\n---\n", "is in it twice"),
        ("---\n- a\n---\n", "is no object"),
        ("---\nlicense: {a: 1}\n---\n", "is no list"),
        ("---\na: *b\n---\n", "cannot be read"),
        ("a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nflavors: {c: *b}\n", "."),
        ("", "is no object"),
        ("just words", "is no object"),
        ("\x00\x01", "cannot be read"),
        ('{"metrics": {"auc": NaN}}', "NaN is no number"),
        ('{"metrics": {"auc": 1e999}}', "no finite number"),
        ('{"metrics": {"auc": 1' + "0" * 400 + "}}", "a number that nothing is measured in"),
        ('{"something": "else"}', "no evidence that is known"),
        ("[]", "is no object"),
        ('{"metrics": {"a": 1}, "metrics": {"a": 2}}', "a key is in it twice"),
        (json.dumps({"metrics": {str(number): 1 for number in range(1_001)}}), "more than 1000 names"),
    ],
)
def test_hostile_documents(text: str, told: str) -> None:
    try:
        read(text, "README.md")
    except InputError as error:
        assert told in error.message
    else:
        assert told == "."


def test_a_document_that_is_too_large() -> None:
    with pytest.raises(InputError, match="is larger than 8 MiB"):
        read_evidence(b" " * (8 * 1024 * 1024 + 1), "x")


SEEDS = [NEW, OLD, PROVENANCE, {"metrics": {"auc": 1}}]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(SEEDS), st.integers(0, 40), JSON)
def test_any_value_in_any_place_is_read_or_refused(seed: dict[str, Any], place: int, value: Any) -> None:
    made = copy.deepcopy(seed)
    places: list[tuple[Any, Any]] = []

    def collect(one: Any) -> None:
        for key in one if isinstance(one, dict) else range(len(one)):
            places.append((one, key))
            if isinstance(one[key], (dict, list)):
                collect(one[key])

    collect(made)
    holder, key = places[place % len(places)]
    holder[key] = value
    try:
        read(made)
    except LockgateError:
        pass


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read_evidence(data, "x")
    except LockgateError:
        pass
