"""`lockgate check` and `gator test` over the corpus, run as a user runs them: every difference has one of the causes
in gator_causes.py, and each cause its number."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.kinds import Kinds, split_api_version

from tests.e2e.gator_causes import CAUSES, MASKED, OBJECTS, REFUSED, SAME, UNCOVERED
from tests.e2e.gator_differences import (
    Chain,
    Json,
    copied,
    files_below,
    has_policies,
    listed,
    ours,
    placed,
    refused_by_gator,
    rewritten,
    theirs,
)
from tests.e2e.gator_probes import ANSWERS, ASKING, CONFIG, EXPANSION, PROBES, WEBHOOK, exemption, written
from tests.shared_folder import shared_path

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

_FAILED = "eval_conflict_error"
# Of a folder of policies.
_ASKING, _EXPANSION = "asking.yaml", "expansion.yaml"


def _write_policies(folder: Path) -> Path:
    """The shared library's templates and constraints, each name once, and the probes."""
    library = shared_path("vectors", "gatekeeper-library")
    seen: set[tuple[object, object]] = set()
    folder.mkdir()
    for file in [*sorted(library.rglob("template.yaml")), *sorted(library.rglob("constraint*.yaml"))]:
        (document,) = read_documents(file.read_bytes(), file.name, duplicates="last").documents
        metadata = document.value["metadata"]
        assert isinstance(metadata, dict)
        name = (document.value["kind"], metadata["name"])
        if name not in seen:
            seen.add(name)
            (folder / f"library-{len(seen)}.yaml").write_bytes(file.read_bytes())
    for file_name, values in (
        ("probes.yaml", PROBES),
        (_ASKING, ASKING),
        (_EXPANSION, [EXPANSION]),
        ("config.yaml", [CONFIG]),
        ("webhook.yaml", [WEBHOOK]),
        ("exemption.yaml", [exemption(datetime.now(UTC))]),
    ):
        (folder / file_name).write_text(written(*values))
    return folder


def _write_objects(folder: Path) -> Path:
    for name in ("dra", "systems"):
        copied(
            shared_path("corpus", name), folder / name, lambda file: file.endswith((".yaml", ".yml", ".json"))
        )
    return folder


def _without(kind: str) -> Callable[[Json], Json | None]:
    return lambda value: None if value["kind"] == kind else value


def _without_operations(value: Json) -> Json:
    if value["kind"] != "ConstraintTemplate":
        return value
    targets = [{**target, "operations": ["*"]} for target in value["spec"]["targets"]]
    return {**value, "spec": {**value["spec"], "targets": targets}}


def _everywhere(value: Json) -> Json:
    spec = value.get("spec")
    if not isinstance(spec, dict) or "scopedEnforcementActions" not in spec:
        return value
    actions = [{**one, "enforcementPoints": [{"name": "*"}]} for one in spec["scopedEnforcementActions"]]
    return {**value, "spec": {**spec, "scopedEnforcementActions": actions}}


def _templates_that_read(policies: Path, field: str) -> set[str]:
    """The kinds of the templates in whose code the review's field stands."""
    found: set[str] = set()
    for name in files_below(policies):
        for document in read_documents((policies / name).read_bytes(), name, duplicates="last").documents:
            value: Json = document.value
            if value["kind"] == "ConstraintTemplate" and f"input.review.{field}" in str(
                value["spec"]["targets"]
            ):
                found.add(value["spec"]["crd"]["spec"]["names"]["kind"])
    return found


def _with_scope(policies: Path) -> set[tuple[str, str]]:
    """The constraints that match by scope."""
    found: set[tuple[str, str]] = set()
    for name in files_below(policies):
        for document in read_documents((policies / name).read_bytes(), name, duplicates="last").documents:
            value: Json = document.value
            if "scope" in ((value.get("spec") or {}).get("match") or {}):
                found.add((value["kind"], value["metadata"]["name"]))
    return found


def test_every_difference_has_its_cause(tmp_path: Path) -> None:
    policies, every = _write_policies(tmp_path / "policies"), _write_objects(tmp_path / "every")
    (tmp_path / "answers.yaml").write_text(written(ANSWERS))
    answered = ("--external-data", str(tmp_path / "answers.yaml"))
    # gator takes no such template, and stops at the first file that it cannot use.
    taken = copied(policies, tmp_path / "taken", lambda file: file != _ASKING)
    whole = ours(policies, every, *answered)
    suspects = whole.left_out | {file for file in files_below(every) if has_policies(every / file)}
    refused = refused_by_gator(every, suspects, policies / _EXPANSION)
    read = copied(every, tmp_path / "read", lambda file: file not in refused)
    objects = copied(read, tmp_path / "objects", lambda file: not has_policies(read / file))

    said = theirs(taken, objects)
    chain = Chain(whole.results, said.results + said.of_policies)
    chain.explain("refused", mine=ours(policies, read, *answered).results)
    mine = ours(policies, objects, *answered)
    chain.explain("kinds", mine=mine.results)
    chain.explain("policies", their=said.results)
    judged = copied(objects, tmp_path / "judged", lambda file: file not in mine.left_out)
    chain.explain(
        "left out", mine=ours(policies, judged, *answered).results, their=theirs(taken, judged).results
    )
    items = listed(judged, tmp_path / "items")
    chain.explain("lists", their=theirs(taken, items).results)
    located = placed(items, tmp_path / "located")
    chain.explain("namespaces", their=theirs(taken, located).results)

    now = policies
    for cause, change in (
        ("config", _without("Config")),
        ("webhook", _without("ValidatingWebhookConfiguration")),
        ("exemptions", _without("Exemption")),
    ):
        now = rewritten(now, tmp_path / f"without-{cause}", change)
        chain.explain(cause, mine=ours(now, judged, *answered).results)
    now = copied(now, tmp_path / "without-providers", lambda file: file != _ASKING)
    chain.explain("providers", mine=ours(now, judged).results)
    now = rewritten(now, tmp_path / "without-operations", _without_operations)
    chain.explain("operations", mine=ours(now, judged).results)
    now = rewritten(now, tmp_path / "everywhere", _everywhere)
    chain.explain("points", mine=ours(now, judged).results, their=theirs(now, located).results)
    chain.explain("defaults", mine=ours(now, judged, "--no-defaults").results)
    last = ours(now, judged, "--no-defaults", "--inventory", "tree")
    chain.explain("inventory", mine=last.results)

    chain.take_out("not evaluated", lambda one: one.judged in last.unjudged)
    kinds = Kinds()
    reading, scoped = _templates_that_read(now, "namespaceObject"), _with_scope(now)
    chain.take_out("namespaceObject", lambda one: one.judged.policy in reading)
    chain.take_out(
        "scope",
        lambda one: (
            (one.judged.policy, one.judged.constraint) in scoped
            and kinds.scope(split_api_version(one.judged.api_version)[0], one.judged.kind) == "Cluster"
        ),
    )
    acting = _templates_that_read(now, "operation")
    chain.take_out("operation", lambda one: one.judged.policy in acting)
    failed = {error["message"].split(" could not")[0] for error in last.errors if _FAILED in error["message"]}
    chain.take_out(
        "failures",
        lambda one: _FAILED in one.message and f"{one.judged.policy}/{one.judged.constraint}" in failed,
    )

    left = chain.left()
    assert list(left.only_ours.items())[:10] == [] and list(left.only_theirs.items())[:10] == []
    assert chain.counts == {one.key: (one.only_check, one.only_gator) for one in CAUSES}
    figures = (whole.documents, len(refused), chain.mine.total(), left.masked, chain.uncovered)
    assert figures == (OBJECTS, REFUSED, SAME, MASKED, UNCOVERED)
