"""The facts document: its schema, its digest, its bytes."""

import hashlib
import json
import os
from pathlib import Path

import jsonschema
import lockgate.webhook
import pytest
from lockgate.engine.facts.artifact import artifact_facts, scan_artifact, scan_source
from lockgate.engine.facts.document import facts_document, render_document
from lockgate.engine.facts.source import BytesSource

SCHEMA = json.loads(
    (Path(lockgate.webhook.__file__).parent / "schemas" / "model-facts.schema.json").read_text("utf-8")
)


def test_document_is_as_its_schema_says(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\xff\xfe\xfdnothing known")
    (tmp_path / "b.pkl").write_bytes(b"\x80\x04cos\nsystem\n.")
    os.mkfifo(tmp_path / "c.pipe")
    document = facts_document(scan_artifact(tmp_path))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert [file["path"] for file in document["artifact"]["files"]] == ["a.bin", "b.pkl", "c.pipe"]


def test_digest_is_over_sorted_lines_of_digest_size_and_path() -> None:
    one, two = (scan_source(BytesSource(name, data)) for name, data in (("b", b"1"), ('a"\n', b"")))
    lines = f'{hashlib.sha256(b"").hexdigest()} 0 "a\\"\\n"\n{hashlib.sha256(b"1").hexdigest()} 1 "b"\n'
    expected = hashlib.sha256(lines.encode()).hexdigest()
    assert artifact_facts("x", [one, two]).digest == artifact_facts("y", [two, one]).digest == expected


def test_file_alone_has_the_digest_of_a_folder_that_holds_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"1")
    assert scan_artifact(path).digest == scan_artifact(tmp_path).digest


def test_same_bytes_twice(tmp_path: Path) -> None:
    for name in ("z", "a", "m"):
        (tmp_path / name).write_bytes(b"\x80\x04cos\nsystem\n." + name.encode())
    assert render_document(scan_artifact(tmp_path)) == render_document(scan_artifact(tmp_path))


@pytest.mark.parametrize("name", ["missing", "dangling"])
def test_what_cannot_be_opened_is_unreadable(tmp_path: Path, name: str) -> None:
    (tmp_path / "dangling").symlink_to("nowhere")
    facts = scan_artifact(tmp_path / name)
    assert facts.tier == "unreadable"
    assert facts.files[0].findings[0].detail.startswith("cannot be opened: ")


def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert scan_artifact(tmp_path / "pipe").tier == "unreadable"
