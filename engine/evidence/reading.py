"""Reads a document into evidence by what is in it, whatever it is called."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from lockgate.engine.errors import InputError
from lockgate.engine.evidence.cards import front_matter, is_bom, read_bom, read_card
from lockgate.engine.evidence.evidence import MAX_BYTES, MAX_NAMES, Evidence, digests, moment, text_of
from lockgate.engine.evidence.evidently import is_evidently, read_evidently
from lockgate.engine.evidence.provenance import is_provenance, read_provenance
from lockgate.engine.evidence.registries import (
    is_kubeflow,
    is_mlflow_run,
    is_mlflow_version,
    is_mlmodel,
    read_kubeflow,
    read_mlflow_run,
    read_mlflow_version,
    read_mlmodel,
)
from lockgate.engine.foreign_documents import Part, parse_foreign_json, parse_foreign_yaml


def _is_evaluation(whole: Part) -> bool:
    return isinstance(whole.value.get("metrics"), dict)


def _read_evaluation(whole: Part) -> Evidence:
    """Metrics by name: `{"metrics": {"auc": 0.93}, "subject": {"sha256": …}, "producer": …, "at": …}`."""
    told = whole.get("metrics")
    if len(told.mapping()) > MAX_NAMES:
        told.refuse(f"has more than {MAX_NAMES} names")
    metrics: dict[str, Any] = {}
    for name in sorted(told.mapping()):
        value = told.get(name).number() if told.maybe(name) is not None else math.nan
        if not math.isfinite(value):
            told.refuse(f"has no finite number for {name[:80]}")
        metrics[name] = value
    return Evidence(
        "evaluation",
        text_of(whole.maybe("producer")),
        moment(whole.maybe("at")),
        digests(whole.at("subject", "sha256")),
        {"metrics": metrics},
    )


# The most specific first.
_READERS: Final[Sequence[tuple[Callable[[Part], bool], Callable[[Part], Evidence]]]] = (
    (is_provenance, read_provenance),
    (is_bom, read_bom),
    (is_evidently, read_evidently),
    (is_mlmodel, read_mlmodel),
    (is_mlflow_run, read_mlflow_run),
    (is_mlflow_version, read_mlflow_version),
    (is_kubeflow, read_kubeflow),
    (_is_evaluation, _read_evaluation),
)


def read_evidence(data: bytes, name: str) -> Evidence:
    """The evidence in a document's bytes. Raises InputError for what cannot be read, or is none that is known."""
    if len(data) > MAX_BYTES:
        raise InputError(f"{name} is larger than {MAX_BYTES >> 20} MiB")
    if data.lstrip()[:1] == b"{":
        whole = parse_foreign_json(data, name, MAX_BYTES)
    else:
        matter = front_matter(data, name)
        if matter is not None:
            return read_card(matter)
        whole = parse_foreign_yaml(data, name, MAX_BYTES)
    for fits, read in _READERS:
        if fits(whole):
            return read(whole)
    raise InputError(
        f"{name} is no evidence that is known",
        hint="known are reports of Evidently, metrics, MLflow's MLmodel, versions and runs, Kubeflow's Model Registry, "
        "SLSA provenance, CycloneDX bills of materials and model cards (docs/models.md)",
    )
