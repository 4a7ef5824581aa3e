"""The runner of labelled model files, on files of its own."""

from pathlib import Path

import pytest

from tests.conformance.models import main

EVIL = b"\x80\x04cos\nsystem\n."


def labelled(folder: Path, *rows: tuple[str, str, bytes]) -> str:
    for name, _, data in rows:
        (folder / name).write_bytes(data)
    lines = ["file\tlabel\n", *(f"{name}\t{label}\n" for name, label, _ in rows)]
    (folder / "SOURCES.tsv").write_text("".join(lines))
    return str(folder)


def test_malicious_file_passes_when_it_is_not_safe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([labelled(tmp_path, ("a.pkl", "malicious", EVIL), ("b", "opaque", EVIL))]) == 0
    assert capsys.readouterr().out.endswith("\n2 passed, 0 failed\n")


def test_benign_file_that_is_not_safe_fails_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([labelled(tmp_path, ("a.pkl", "benign", EVIL))]) == 1
    printed = capsys.readouterr().out
    assert "a.pkl" in printed
    assert printed.endswith("\n0 passed, 1 failed\n")


def test_malicious_file_that_is_safe_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([labelled(tmp_path, ("empty", "malicious", b""))]) == 1
    assert "malicious file is safe: empty" in capsys.readouterr().out


def test_folder_without_labels_is_a_mistake_of_usage(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 2
