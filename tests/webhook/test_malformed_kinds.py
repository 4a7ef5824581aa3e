"""What `lockgate check` and `lockgate verify` print of Gatekeeper's kinds with a mistake: file, line, column and what."""

import re
from pathlib import Path

import pytest
from lockgate.webhook.cli import run

from tests.gatekeeper.malformed_cases import (
    CONSTRAINT,
    CONSTRAINTS,
    EXPANSION,
    MALFORMED,
    MARK,
    SCOPED,
    TEMPLATE,
    TEMPLATES,
    Malformed,
)

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
# What makes a folder of policies whole, whatever stands beside it.
OTHER = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: other}
spec:
  crd: {spec: {names: {kind: Other2}}}
  targets: [{target: admission.k8s.gatekeeper.sh, rego: "package a\\n\\nviolation[{\\"msg\\": \\"x\\"}] { false }"}]
"""
OTHER = OTHER.replace("name: other", "name: other2") + (
    "---\napiVersion: constraints.gatekeeper.sh/v1beta1\nkind: Other2\nmetadata: {name: other}\n"
)


def place(case: Malformed, shown: str) -> str:
    """A pattern for what stands before the message: the place, exactly where it is marked."""
    line, column = case.place if MARK in case.marked else (r"\d+", r"\d+")
    return rf"{re.escape(shown)}:{line}:{column}: .*{re.escape(case.message)}"


@pytest.mark.parametrize("case", MALFORMED, ids=lambda case: case.name)
def test_check(
    case: Malformed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pod.yaml").write_text(POD)
    Path("policies").mkdir()
    Path("policies/other.yaml").write_text(OTHER)
    Path("policies/policy.yaml").write_text(case.text)
    if case in CONSTRAINTS:
        Path("policies/template.yaml").write_text(TEMPLATE)
    assert run(["check", "-p", "policies", "pod.yaml"]) == 2
    said = capsys.readouterr()
    assert re.search(rf"^error: {place(case, 'policies/policy.yaml')}", said.err, re.MULTILINE), said.err
    assert "Traceback" not in said.err and not said.out


@pytest.mark.parametrize(
    "case", [one for one in MALFORMED if one in (*TEMPLATES, *CONSTRAINTS)], ids=lambda case: case.name
)
def test_verify(
    case: Malformed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The test of the suite fails, and says where."""
    monkeypatch.chdir(tmp_path)
    _suite(case.text if case in TEMPLATES else TEMPLATE, case.text if case in CONSTRAINTS else CONSTRAINT)
    assert run(["verify", "."]) == 1
    said = capsys.readouterr()
    file = "template.yaml" if case in TEMPLATES else "constraint.yaml"
    assert re.search(rf"\b{place(case, file)}", said.out), said.out


@pytest.mark.parametrize(
    "case", [one for one in MALFORMED if one.base == EXPANSION], ids=lambda case: case.name
)
def test_verify_of_an_expansion(
    case: Malformed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("expansion.yaml").write_text(case.text)
    _suite(TEMPLATE, CONSTRAINT, "  expansion: expansion.yaml\n")
    assert run(["verify", "."]) == 1
    said = capsys.readouterr()
    assert re.search(rf"\b{place(case, 'expansion.yaml')}", said.out), said.out


def _suite(template: str, constraint: str, more: str = "") -> None:
    for name, text in (("template", template), ("constraint", constraint), ("pod", POD)):
        Path(f"{name}.yaml").write_text(text)
    Path("suite.yaml").write_text(
        "kind: Suite\napiVersion: test.gatekeeper.sh/v1alpha1\nmetadata: {name: s}\ntests:\n"
        f"- name: a\n  template: template.yaml\n  constraint: constraint.yaml\n{more}"
        "  cases:\n  - {name: one, object: pod.yaml, assertions: [{violations: no}]}\n"
    )


@pytest.mark.parametrize("base", sorted({case.base for case in MALFORMED}))
def test_without_the_mistake(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The texts themselves are right."""
    monkeypatch.chdir(tmp_path)
    Path("pod.yaml").write_text(POD)
    Path("policies").mkdir()
    Path("policies/other.yaml").write_text(OTHER)
    Path("policies/policy.yaml").write_text(base)
    if base in (CONSTRAINT, SCOPED):
        Path("policies/template.yaml").write_text(TEMPLATE)
    code = run(["check", "-p", "policies", "pod.yaml"])
    said = capsys.readouterr()
    assert code == 0, said.err
