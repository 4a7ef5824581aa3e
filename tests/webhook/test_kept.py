"""What the first pass of a check keeps for the second, and what it says of objects of which only names are told."""

import json
from pathlib import Path

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.decision import Failure, NotEvaluated, PolicyKey, Violation
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.policy import Facts, PolicySet
from lockgate.engine.review import Review
from lockgate.webhook.first_pass import MOST_KEPT, MOST_PARSED_KEPT, Kept
from lockgate.webhook.gate import Gate
from lockgate.webhook.inputs import Content
from lockgate.webhook.judging import FileContent, Findings
from lockgate.webhook.walk import InputFile

from tests.webhook.helpers import PythonPolicy, run_lockgate
from tests.webhook.test_masking import build_review

POLICY = """apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: named}
spec:
  crd: {spec: {names: {kind: Named}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package named
        violation[{"msg": msg}] {
          msg := sprintf("%v in %v", [input.review.object.metadata.name, input.review.namespaceObject.metadata.labels.team])
        }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Named
metadata: {name: named}
spec: {match: {kinds: [{apiGroups: [""], kinds: [ConfigMap]}]}}
"""
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ns\n  labels:\n    team: red\n"
OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: NAME\n  namespace: ns\n"


def messages(folder: Path, *options: str) -> list[str]:
    done = run_lockgate(
        "check", "-p", str(folder / "policy.yaml"), "--format", "json", *options, str(folder / "tree")
    )
    assert done.code == 1, done.err
    return [one["message"] for one in json.loads(done.out)["violations"]]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_was_kept_is_judged_in_its_order(tmp_path: Path, jobs: str) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tree / "a.yaml").write_text(OBJECT.replace("NAME", "a") + "---\n" + NAMESPACE)
    (tree / "b.yaml").write_text(OBJECT.replace("NAME", "b"))
    (tree / "c.yaml").write_text(NAMESPACE.replace("ns", "other") + "---\n" + OBJECT.replace("NAME", "c"))
    assert messages(tmp_path, "-j", jobs) == ["a in red", "b in red", "c in red"]


def content(name: str) -> Content:
    return Content(InputFile(name, name), name, b"")


def test_no_more_is_kept_than_the_bound() -> None:
    kept = Kept()
    half = b"#" * (MOST_KEPT // 2)
    for name in ("a", "b", "c"):
        assert kept.about_cluster(content(name), half) == []
    assert sorted(kept.contents) == ["a", "b"]
    assert [one.outcome for one in kept.contents.values()] == [half, half]


def test_no_more_objects_are_kept_than_the_bound() -> None:
    kept = Kept()
    data = NAMESPACE.encode() + b"#" * (MOST_PARSED_KEPT // 2)
    names = ("a", "b", "c")
    for name in names:
        (value,) = kept.about_cluster(content(name), data)
        assert value["kind"] == "Namespace"
    assert [kept.contents[name].reading is not None for name in names] == [True, False, False]


def judged(fixed: bool, needs: str) -> str:
    """What is told of a Secret by a policy that is not evaluated."""

    def judge(review: Review) -> list[Violation | Failure | NotEvaluated]:
        return [NotEvaluated(PolicyKey("PythonPolicy", "one"), needs, fixed)]

    text = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  a: inventory\n"
    reading = read_documents(text.encode(), "f.yaml", duplicates="error")
    findings = Findings(Gate(PolicySet((PythonPolicy("one", judge),)), Facts(), Limits(), 0))
    findings.add_file(FileContent(text.encode(), reading.documents, (), ()), build_review)
    (told,) = findings.report().not_evaluated
    return told.needs


@pytest.mark.parametrize(
    ("fixed", "needs", "shown"),
    [
        (False, "the inventory", "the ***"),
        # A policy's own words hold no secret, even where a Secret has one of them.
        (True, "the inventory", "the inventory"),
        (True, "the key AKIAABCDEFGHIJKLMNOP", "the key ***"),
        (True, "inventory" + " of it" * 200, "***" + " of it" * 200),
    ],
)
def test_what_a_policy_needs_is_masked(fixed: bool, needs: str, shown: str) -> None:
    assert judged(fixed, needs) == shown
