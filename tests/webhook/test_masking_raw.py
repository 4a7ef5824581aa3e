"""Secrets in files that do not parse, in command lines, and in the forms that a policy may give them."""

import time

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.decision import PolicyKey, Violation
from lockgate.engine.documents.document import Document, DocumentError
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.policy import Facts, PolicySet
from lockgate.engine.review import Review
from lockgate.gatekeeper.target import Cluster, review_document
from lockgate.webhook.gate import Gate
from lockgate.webhook.judging import FileContent, Findings
from lockgate.webhook.render_github import render_github
from lockgate.webhook.render_json import render_json
from lockgate.webhook.render_sarif import render_sarif
from lockgate.webhook.render_text import render_text
from lockgate.webhook.terminal import Palette

from tests.webhook.helpers import PythonPolicy

HEAD = "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n"

BROKEN = {
    "flow mapping": (HEAD + "stringData: {a: hedgehog, b: [meerkat}\n", "hedgehog", "meerkat"),
    "flow over lines": (HEAD + "stringData: {\n  a: hedgehog,\n  b: meerkat ]\n", "hedgehog", "meerkat"),
    "JSON without a comma": (
        '{"apiVersion":"v1","kind":"Secret","stringData":{"a":"hyena pack" "b": "jackal"}}',
        "hyena pack",
        "jackal",
    ),
    "JSON with an open quote": (
        '{"kind":"Secret","stringData":{"a":"hyena","b":"jackal}}',
        "hyena",
        "jackal",
    ),
    "text after a separator": (HEAD + "stringData:\n  a: |\n--- jaguarspot\n", "jaguarspot"),
    "a tag that does not fit": (HEAD + "data:\n  a: !!int iguana\n", "iguana"),
    "a local tag and an anchor": (HEAD + "data:\n  a: &b !x iguana\n  c: *d\n", "iguana"),
}


@pytest.mark.parametrize("text", [pytest.param(case, id=name) for name, case in BROKEN.items()])
def test_a_broken_secret_is_quoted_without_its_values(text: tuple[str, ...]) -> None:
    shown = shown_of(text[0], "nothing")
    assert " error" in shown
    for value in text[1:]:
        assert value not in shown


COMMAND_LINES = {
    "option": ("python train.py --token beaverdam --epochs 3", "beaverdam"),
    "quoted option": ("run --db-password 'beaverdam' now", "beaverdam"),
    "user and password": ("curl -u bob:marmoset https://example.com", "marmoset"),
    "long user option": ('curl --user "bob:marmoset" https://example.com', "marmoset"),
    "TOML": ('secret_key = "dromedary"', "dromedary"),
    "netrc": ("machine example.com login me password quokka", "quokka"),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in COMMAND_LINES.items()])
def test_a_credential_in_one_string_is_masked(case: tuple[str, str]) -> None:
    shown = shown_of(manifest(case[0]), case[0])
    assert "denied: " in shown
    assert case[1] not in shown


@pytest.mark.parametrize("text", ["serve --max-tokens 1024 --tokenizer llama", "docker run --rm -u me image"])
def test_other_options_are_shown(text: str) -> None:
    assert text in shown_of(manifest(text), text)


@pytest.mark.parametrize("echo", ["zebra%20crossing%2B1", "zebra+crossing%2B1", "x?y=zebra%20crossing%2B1"])
def test_percent_encoded_values_are_masked(echo: str) -> None:
    assert "crossing" not in shown_of(HEAD + "stringData: {a: zebra crossing+1}\n", echo)


def test_a_hostile_line_takes_linear_time() -> None:
    started = time.process_time()
    shown_of("kind: Secret\nx: {a: [}\n" + "a-" * 400_000 + "\n", "nothing")
    assert time.process_time() - started < 5


def test_errors_of_a_large_file_are_explained() -> None:
    large = "apiVersion: v1\nkind: ConfigMap\ndata:\n" + "".join(
        [f"  k{i}: {i:0100}\n" for i in range(12_000)]
    )
    assert "invalid YAML" in shown_of(large + "---\n{a: [}\n", "nothing")


def manifest(text: str) -> str:
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: |-\n    " + text + "\n"


def shown_of(text: str, message: str) -> str:
    """What all formats show of a file under a policy that denies everything with the message."""

    def judge(review: Review) -> list[Violation]:
        return [Violation(PolicyKey("PythonPolicy", "echo"), f"denied: {message}", ("deny",))]

    def build_review(document: Document) -> Review:
        return review_document(document, Cluster())

    data = text.encode()
    reading = read_documents(data, "f.yaml", duplicates="error")
    findings = Findings(Gate(PolicySet((PythonPolicy("echo", judge),)), Facts(), Limits(), 0))
    findings.add_file(FileContent(data, reading.documents, reading.errors, reading.skipped), build_review)
    report = findings.report()
    sarif = render_sarif(report, report.exit_code(frozenset()))
    return "\n".join([render_text(report, Palette(False)), render_json(report), sarif, render_github(report)])


def test_an_error_without_text_has_no_empty_quote() -> None:
    findings = Findings(Gate(PolicySet(()), Facts(), Limits(), 0))
    error = DocumentError("big.yaml", 1, 1, "larger than 8 MiB", "split it")
    findings.add_file(
        FileContent(b"", (), (error,), ()), lambda document: review_document(document, Cluster())
    )
    assert [problem.quote for problem in findings.report().errors] == [None]
