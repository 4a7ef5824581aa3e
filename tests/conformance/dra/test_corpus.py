"""Every claim, template and device request of the corpus is seen, compared with an index that another program made.

`INDEX.tsv` lists the objects and the features of each file; a feature is what this library must say of the file, no more and no less.
"""

import csv
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.dra.library import said_of_json
from tests.policies.corpus import values_in
from tests.shared_folder import shared_path

CLAIM_KINDS = {"ResourceClaim", "ResourceClaimTemplate"}
POD_CLAIMS = {"template": "podclaim:template", "claim": "podclaim:name", "source": "podclaim:source(<=1.30)"}
# What the library sees and the index does not: the resources of a TrainJob's nodes.
BEYOND_THE_INDEX = {"trainer/examples/flux/lammps-train-gpus.yaml": {"ext:nvidia.com/gpu"}}


@dataclass(frozen=True)
class Row:
    """One line of the index."""

    file: str
    objects: tuple[str, ...]
    features: frozenset[str]


def _rows() -> list[Row]:
    with shared_path("corpus", "dra", "INDEX.tsv").open(encoding="utf-8", newline="") as lines:
        return [
            Row(line["file"], _split(line["objects"], ";"), frozenset(_split(line["features"], ",")))
            for line in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            if line["parses"] == "yes"
        ]


def _split(text: str | None, mark: str) -> tuple[str, ...]:
    return tuple(part for part in (text or "").split(mark) if part)


def _said(root: Path, file: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{value.get('apiVersion')}/{value.get('kind')}", said_of_json(json.dumps(value)))
        for _, value in values_in(root / file)
    ]


def features_of(said: list[dict[str, Any]]) -> set[str]:
    """What the index would say of a file, from what the library says of its objects."""
    found: set[str] = set()
    for one in said:
        found |= {feature for request in one["requests"] for feature in _of_request(request)}
        for config in one["configs"]:
            found |= {"opaque", f"opaque:{config['driver']}:{config['kind'] or None}"}
        for constraint in one["constraints"]:
            found |= {"matchAttribute"} if constraint["match"] else set()
            found |= {"distinctAttribute"} if constraint["distinct"] else set()
        found |= {POD_CLAIMS[claim["how"]] for claim in one["pod_claims"]}
        found |= {f"ext:{extended['resource']}" for extended in one["extended"]}
        found |= {"privileged" for access in one["accesses"] if access["how"] == "privileged"}
        found |= {
            "DeviceClass.extendedResourceName" for of in one["device_classes"] if of["extended_resource"]
        }
        found |= {
            "ODD:selector-misindented" for problem in one["unreadable"] if "selector" in problem["what"]
        }
    return found


def _of_request(request: dict[str, Any]) -> set[str]:
    written = request["written"]
    found = set()
    if request["how"] == "alternative":
        found.add("firstAvailable")
    elif request["how"] == "request":
        found.add("exactly" if request["path"][-1] == "exactly" else "flat-v1beta1")
    if "allocationMode" in written:
        found.add(f"allocationMode:{request['mode']}")
    if "count" in written:
        found.add("count>1" if request["count"] > 1 else "count=1")
    found |= {"request-selectors"} if request["selectors"] else set()
    found |= {"device-tolerations"} if request["tolerations"] else set()
    found |= {"consumable-capacity"} if request["capacity"] else set()
    found |= {"adminAccess"} if request["admin"] else set()
    return found


@pytest.fixture(scope="module")
def said() -> list[tuple[Row, list[tuple[str, dict[str, Any]]]]]:
    """What the library says of every object of every file in the index."""
    root = shared_path("corpus", "dra")
    return [(row, _said(root, row.file)) for row in _rows()]


Said = list[tuple[Row, list[tuple[str, dict[str, Any]]]]]


def test_features_are_those_of_the_index(said: Said) -> None:
    differing = {}
    for row, answers in said:
        found = features_of([answer for _, answer in answers]) - BEYOND_THE_INDEX.get(row.file, set())
        if found != row.features:
            differing[row.file] = (sorted(found - row.features), sorted(row.features - found))
    assert differing == {}
    assert len(said) > 300


def test_every_claim_and_template_of_the_index_is_seen(said: Said) -> None:
    seen = Counter[str]()
    for row, answers in said:
        assert tuple(name for name, _ in answers) == row.objects, row.file
        for name, answer in answers:
            of_claims = name.split("/")[-1] in CLAIM_KINDS
            assert len(answer["specs"]) == of_claims, row.file
            if of_claims:
                [spec] = answer["specs"]
                assert f"resource.k8s.io/{spec['version']}/{spec['kind']}" == name
                seen[spec["version"]] += 1
    assert seen.keys() >= {"v1", "v1beta1", "v1alpha2", "v1alpha3"}


def test_no_object_is_refused_for_an_old_version(said: Said) -> None:
    """The one thing that cannot be read is a mistake in an example: a selector beside its `cel`."""
    refused = [
        (row.file, problem["what"])
        for row, answers in said
        for _, answer in answers
        for problem in answer["unreadable"]
    ]
    assert refused == [
        (
            "website/content/en/examples/dra/resourceclaim.yaml",
            "the selector has no CEL expression where one must be",
        )
    ]


def test_every_request_of_a_class_is_charged(said: Said) -> None:
    for row, answers in said:
        for _, answer in answers:
            asked = {request["class"] for request in answer["requests"]}
            charged = {charge["class"] for charge in answer["charges"] if charge["how"] != "resource"}
            assert asked == charged, row.file
            resources = {extended["resource"] for extended in answer["extended"]}
            assert resources == {charge["resource"] for charge in answer["charges"]} - {""}, row.file
