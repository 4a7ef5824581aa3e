"""Secret values are never shown: canaries in manifests, policies that echo everything, every format."""

import json
import re
from pathlib import Path

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.decision import Failure, NotEvaluated, PolicyKey, Violation
from lockgate.engine.documents.document import Document, Skipped
from lockgate.engine.documents.document import Path as Path_
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.errors import InputError, Location, PolicyError
from lockgate.engine.masking.masker import MASK, MAX_SHOWN, Masker, make_masker
from lockgate.engine.masking.secret_values import MAX_FORMS
from lockgate.engine.policy import Facts, PolicySet
from lockgate.engine.review import Review
from lockgate.gatekeeper.target import Cluster, review_document
from lockgate.webhook.failures import render_error
from lockgate.webhook.gate import Gate
from lockgate.webhook.judging import FileContent, Findings
from lockgate.webhook.render_github import render_github
from lockgate.webhook.render_json import render_json
from lockgate.webhook.render_sarif import render_sarif
from lockgate.webhook.render_text import render_text
from lockgate.webhook.report import Report
from lockgate.webhook.terminal import Palette

from tests.webhook.canaries import CASES, MARK, canary, encoded
from tests.webhook.every_path import leaky_policies
from tests.webhook.helpers import PythonPolicy, make_document, run_lockgate


def build_review(document: Document) -> Review:
    return review_document(document, Cluster())


def report_on(text: str, file: str = "f.yaml") -> Report:
    data = text.encode()
    reading = read_documents(data, file, duplicates="error")
    gate = Gate(PolicySet(leaky_policies()), Facts(), Limits(), 0)
    findings = Findings(gate)
    content = FileContent(data, reading.documents, reading.errors, reading.skipped)
    findings.add_file(content, build_review)
    return findings.report()


def render_all(report: Report) -> dict[str, str]:
    return {
        "text": render_text(report, Palette(False)),
        "coloured": render_text(report, Palette(True)),
        "json": render_json(report),
        "sarif": render_sarif(report, report.exit_code(frozenset())),
        "github": render_github(report),
    }


def test_there_are_enough_canaries() -> None:
    planted = {secret for _, secrets in CASES.values() for secret in secrets}
    assert len(planted) >= 30
    assert len({number for number in range(100) if canary(number) in str(CASES)}) >= 30


@pytest.mark.parametrize("name", CASES)
def test_no_format_shows_a_canary(name: str) -> None:
    text, secrets = CASES[name]
    report = report_on(text, "f.json" if name == "JSON file" else "f.yaml")
    assert report.findings or report.errors or report.skipped
    for shape, shown in render_all(report).items():
        flat = re.sub(r"\s|\\n|%0A", "", shown)
        for secret in secrets:
            assert secret not in shown, (shape, secret)
            assert re.sub(r"\s", "", secret) not in flat, (shape, secret)
        at = shown.lower().find(MARK.lower())
        assert at < 0, (shape, shown[max(0, at - 80) :][:200])


def test_what_is_no_secret_is_shown() -> None:
    text = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec:\n  affinity:\n"
        "    topologyKey: kubernetes.io/hostname\n  serviceAccountName: runner\n  containers:\n"
        "  - name: c\n    image: registry.example/team/web:1.2\n    env:\n"
        "    - {name: USE_TOKEN, value: 'true'}\n    - {name: API_TOKEN, value: $(FROM_ELSEWHERE)}\n"
        "    - {name: PASSWORD, valueFrom: {secretKeyRef: {name: db-secret, key: password}}}\n"
    )
    shown = render_json(report_on(text))
    for word in (
        "kubernetes.io/hostname",
        "registry.example/team/web:1.2",
        "db-secret",
        "runner",
        "FROM_ELSEWHERE",
    ):
        assert word in shown


def test_a_short_value_is_masked_where_it_stands_alone() -> None:
    masker = make_masker([make_document({"kind": "Secret", "stringData": {"pin": "42"}})], None)
    assert masker.text('the pin is "42" of 1423') == f'the pin is "{MASK}" of 1423'


def test_a_message_is_cut_after_masking() -> None:
    masker = make_masker([make_document({"kind": "Secret", "stringData": {"a": canary(1)}})], None)
    shown = masker.text("x" * (MAX_SHOWN - 5) + canary(1) + "y" * 100)
    assert MARK not in shown
    assert len(shown) < MAX_SHOWN + 60


def test_text_with_too_much_to_mask_is_not_shown() -> None:
    masker = make_masker([make_document({"kind": "Secret", "stringData": {"a": canary(1)}})], None)
    shown = masker.text((canary(1) + " ") * 500_000)
    assert MARK not in shown
    assert "not shown" in shown


def test_too_many_secret_values_hide_the_file() -> None:
    many = {f"key{number}": f"value-number-{number}" for number in range(MAX_FORMS)}
    masker = make_masker([make_document({"kind": "Secret", "stringData": dict(many)})], None)
    assert masker.hidden
    assert "value-number" not in masker.text("has value-number-7")
    assert masker.line("a: value-number-7", 1, 3, 17) is None


def test_the_underline_follows_the_masking() -> None:
    masker = make_masker([make_document({"kind": "Secret", "stringData": {"a": canary(1)}})], None)
    line = f"{{a: {canary(1)}, image: nginx}}"
    start = line.index("nginx")
    shown = masker.line(line, 1, start, start + 5)
    assert shown is not None
    assert shown[0][shown[1] : shown[2]] == "nginx"
    assert MARK not in shown[0]


def test_errors_of_policies_are_masked() -> None:
    quoted = f'  token := "ghp_{canary(2)}0123456789"  # password={canary(3)}'
    error = PolicyError(
        f"cannot read https://u:{canary(4)}@host/x",
        location=Location("p.rego", 3, 5),
        quoted=quoted,
        hint="mend it",
    )
    shown = render_error(error)
    assert MARK not in shown
    assert "p.rego:3:5" in shown


def test_input_errors_of_a_review_are_masked() -> None:
    def refuse(document: Document) -> Review:
        raise InputError(f"bad value {canary(1)}", hint=f"not {encoded(canary(1))}")

    document = make_document({"apiVersion": "v1", "kind": "Secret", "stringData": {"a": canary(1)}})
    findings = Findings(Gate(PolicySet(()), Facts(), Limits(), 0))
    findings.add_file(FileContent(b"", [document], (), (Skipped("f", 1, "r"),)), refuse)
    report = findings.report()
    assert len(report.errors) == 1
    assert encoded(canary(1)) not in json.dumps(render_json(report))
    assert MARK not in render_json(report)


def test_an_empty_masker_changes_no_plain_text() -> None:
    text = "container <web> has no limits; use 100m of cpu: see https://example.org/docs#limits"
    assert Masker().text(text) == text


ECHO = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: echo}
spec:
  crd: {spec: {names: {kind: Echo}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package echo
      violation[{"msg": msg, "details": {"path": ["metadata", "name"], "fix": msg}}] {
        msg := sprintf("saw %v", [input.review])
      }
      violation[{"msg": json.marshal(input.review.object)}] { true }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Echo
metadata: {name: echo}
"""


@pytest.mark.parametrize("chosen", ["text", "json", "sarif", "github"])
def test_the_command_shows_no_canary(tmp_path: Path, chosen: str) -> None:
    (tmp_path / "policy.yaml").write_text(ECHO)
    deploy = tmp_path / "deploy"
    deploy.mkdir()
    for name, (text, _) in CASES.items():
        (deploy / (name.replace(" ", "-") + (".json" if name == "JSON file" else ".yaml"))).write_text(text)
    ran = run_lockgate("check", "-p", "policy.yaml", "--format", chosen, "deploy", cwd=tmp_path)
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert "saw" in ran.out
    assert MARK.lower() not in (ran.out + ran.err).lower()
    for _, secrets in CASES.values():
        assert not [secret for secret in secrets if secret in ran.out + ran.err]


@pytest.mark.parametrize(
    ("path", "shown"),
    [(("spec", "memory"), ("spec", "memory")), (("spec", "memory", "x"), ("spec", MASK, "x"))],
    ids=["there", "not there"],
)
def test_a_key_that_a_secret_holds_as_a_value_is_a_name(path: Path_, shown: Path_) -> None:
    text = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\nspec:\n  memory: 1\n"
        "  containers:\n  - name: c\n    env:\n    - {name: PASSWORD, value: memory}\n"
    )

    def judge(review: Review) -> list[Violation | Failure | NotEvaluated]:
        return [Violation(PolicyKey("PythonPolicy", "one"), "seen", ("deny",), path=path)]

    reading = read_documents(text.encode(), "f.yaml", duplicates="error")
    findings = Findings(Gate(PolicySet((PythonPolicy("one", judge),)), Facts(), Limits(), 0))
    findings.add_file(FileContent(text.encode(), reading.documents, (), ()), build_review)
    assert [finding.path for finding in findings.findings] == [shown]
