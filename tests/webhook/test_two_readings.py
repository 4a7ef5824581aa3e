"""A document whose places come from another reading than its verdict is an error."""

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.block_yaml import BlockValue
from lockgate.engine.documents.chunks import Chunk
from lockgate.engine.documents.document import Document
from lockgate.engine.documents.source_text import Lines
from lockgate.engine.documents.yaml_positions import YamlPositions, YamlSource
from lockgate.engine.errors import ReadTwiceError
from lockgate.engine.policy import Facts, PolicySet
from lockgate.gatekeeper.target import Cluster, review_document
from lockgate.webhook.gate import Gate
from lockgate.webhook.judging import FileContent, Findings

from tests.webhook.every_path import leaky_policies

TEXT = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {replicas: 1}\n"
VALUE: dict[str, Value] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "a"},
    "spec": {"replicas": 1},
}


def positions(value: Value, text: str = TEXT) -> YamlPositions:
    return YamlPositions(YamlSource(Chunk(text, 4), None, BlockValue(value, False)))


def test_the_same_value_has_its_places() -> None:
    assert positions(VALUE).locate(("kind",)).span.line == 6


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({**VALUE, "spec": {"replicas": True}}, TEXT),
        ({**VALUE, "spec": {"replicas": "1"}}, TEXT),
        ({**VALUE, "spec": {}}, TEXT),
        (VALUE, TEXT + "kind: Pod\n"),
        (VALUE, TEXT + "\tkind: b\n"),
        (VALUE, "# nothing\n"),
    ],
)
def test_another_reading_is_an_error(value: Value, text: str) -> None:
    with pytest.raises(ReadTwiceError, match="the document at line 5 has two readings"):
        positions(value, text).locate(("kind",))


def test_a_file_that_is_read_in_two_ways_is_an_error_of_the_report() -> None:
    value: dict[str, Value] = {**VALUE, "kind": "Secret", "data": {"a": "c2VjcmV0LXZhbHVl"}}
    document = Document(value, "f.yaml", Lines(TEXT), positions(value))
    findings = Findings(Gate(PolicySet(leaky_policies()), Facts(), Limits(), 0))
    content = FileContent(TEXT.encode(), [document], [], [])
    findings.add_file(content, lambda one: review_document(one, Cluster()))
    report = findings.report()
    assert [(one.file, one.line) for one in report.errors] == [("f.yaml", 5)]
    assert (
        report.errors[0].message == "the document at line 5 has two readings, so that no verdict on it holds"
    )
    assert report.exit_code(frozenset()) == 2
    assert "c2VjcmV0" not in repr(report)
