"""Gatekeeper's library over the corpus of real manifests: the same violations as gator test, message by message.

gator puts every object without a namespace into `default`, and every object into the inventory; both are done here
too, so that the two judge the same. Documents are handed to gator as JSON, for it stops at files that it cannot read.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.documents.document import Document
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.evaluate import evaluate
from lockgate.engine.kinds import split_api_version
from lockgate.gatekeeper.inventory import facts_of
from lockgate.gatekeeper.loader import load_policies
from lockgate.gatekeeper.target import Cluster, review_document
from lockgate.gatekeeper.template import EngineChoice

from tests.e2e.programs import run_program
from tests.shared_folder import shared_path

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

Object = dict[str, Value]
Found = tuple[str, ...]

# Objects that gator test would treat as more than objects to judge.
_APART = frozenset({"AdmissionReview", "CustomResourceDefinition", "Namespace"})


def _document(value: dict[str, Value]) -> Document:
    return read_documents(render_json(value).encode(), "object.json", duplicates="last").documents[0]


def _read(files: Iterator[Path]) -> Iterator[Document]:
    for file in sorted(files):
        yield from read_documents(file.read_bytes(), str(file), duplicates="last").documents


def _policies(*, everywhere: bool) -> list[Document]:
    """Every template and constraint of the library; `everywhere` takes the match away."""
    library = shared_path("vectors", "gatekeeper-library")
    found: dict[tuple[str, str], Document] = {}
    for document in [*_read(library.rglob("template.yaml")), *_read(library.rglob("constraint*.yaml"))]:
        metadata, spec = document.value["metadata"], document.value.get("spec")
        assert isinstance(metadata, dict)
        if everywhere and isinstance(spec, dict):
            spec = {name: value for name, value in spec.items() if name != "match"}
            document = replace(document, value={**document.value, "spec": spec})
        found.setdefault((str(document.value["kind"]), str(metadata["name"])), document)
    return list(found.values())


def _objects() -> list[Object]:
    """The corpus' objects in a namespace each; of several with one name the last, as in gator's inventory."""
    found: dict[Found, Object] = {}
    for folder in ("dra", "systems"):
        for document in _read(shared_path("corpus", folder).rglob("*.y*ml")):
            value = document.value
            metadata, kind = value.get("metadata"), str(value["kind"])
            if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str) or kind in _APART:
                continue
            if split_api_version(value["apiVersion"])[0].endswith("gatekeeper.sh"):
                continue
            placed: Object = {**metadata, "namespace": metadata.get("namespace") or "default"}
            whole: Object = {**value, "metadata": placed}
            found[_name(whole)] = whole
    return list(found.values())


def _name(value: Object) -> Found:
    metadata = value["metadata"]
    assert isinstance(metadata, dict)
    return (str(value["apiVersion"]), str(value["kind"]), str(metadata["namespace"]), str(metadata["name"]))


def _theirs(
    policies: list[Document], objects: list[Object], engine: EngineChoice, folder: Path
) -> Counter[Found]:
    values = [*(document.value for document in policies), *objects]
    (folder / "all.yaml").write_text("\n---\n".join(render_json(value) for value in values))
    flag = "true" if engine == "default" else "false"
    arguments = ("test", "-f", folder, "-o", "json", f"--enable-k8s-native-validation={flag}")
    said = run_program("gator", *arguments, cwd=folder)
    found: Counter[Found] = Counter()
    for result in json.loads(said.stdout):
        value = result["violatingObject"]
        if split_api_version(value["apiVersion"])[0].endswith("gatekeeper.sh"):
            continue
        constraint, message = result["constraint"], result["msg"]
        if "eval_conflict_error" in message:
            message = "eval_conflict_error"
        details = json.dumps((result.get("metadata") or {}).get("details") or {}, sort_keys=True)
        found[(constraint["kind"], constraint["metadata"]["name"], *_name(value), message, details)] += 1
    return found


def _ours(policies: list[Document], objects: list[Object], engine: EngineChoice) -> Counter[Found]:
    loaded = load_policies(policies, point="gator.gatekeeper.sh", engine=engine)
    assert not loaded.errors, loaded.errors
    facts, cluster = facts_of(objects), Cluster(namespace="")
    found: Counter[Found] = Counter()
    for value in objects:
        decision = evaluate(
            review_document(_document(value), cluster), loaded.policies, facts, now_ns=0, limits=Limits()
        )
        assert not decision.not_evaluated
        for violation in decision.violations:
            details = json.dumps(json.loads(render_json(violation.details)), sort_keys=True)
            found[
                (violation.policy.kind, violation.policy.name, *_name(value), violation.message, details)
            ] += 1
        for failure in decision.failures:
            assert "eval_conflict_error" in failure.message
            found[(failure.policy.kind, failure.policy.name, *_name(value), "eval_conflict_error", "{}")] += 1
    return found


@pytest.mark.parametrize("engine", ["rego", "default"])
@pytest.mark.parametrize(
    "step", [pytest.param(1, id="as the library matches"), pytest.param(8, id="everywhere")]
)
def test_the_same_violations(step: int, engine: EngineChoice, tmp_path: Path) -> None:
    policies = _policies(everywhere=step > 1)
    # Without a match every constraint sees every object, which takes gator long; a part of the objects is enough.
    objects = _objects()[::step]
    ours, theirs = _ours(policies, objects, engine), _theirs(policies, objects, engine, tmp_path)
    assert ours - theirs == Counter() and theirs - ours == Counter()
    assert ours.total() > 100
