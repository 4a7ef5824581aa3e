"""`lockgate scan`: the tree, JSON, SARIF, exit codes, what is kept, and what is refused."""

import io
import json
import os
from pathlib import Path

import jsonschema
import pytest
from lockgate.engine.facts.artifact import ArtifactFacts, FileFacts, artifact_facts
from lockgate.engine.facts.findings import Finding
from lockgate.engine.facts.scan import GlobalUse, Part
from lockgate.webhook.progress import Progress
from lockgate.webhook.scanning.facts_cache import FactsCache, open_facts_cache
from lockgate.webhook.scanning.render_json import scan_value
from lockgate.webhook.scanning.render_sarif import render_scan_sarif
from lockgate.webhook.scanning.render_text import render_tree
from lockgate.webhook.scanning.scanned import Artefact, byte_progress, find_artefact, render_size, scan
from lockgate.webhook.terminal import Palette

from tests.shared_folder import ROOT
from tests.webhook.helpers import run_lockgate

SCHEMA = json.loads((ROOT / "webhook/schemas/model-facts.schema.json").read_text("utf-8"))
SUMMARY = ("artefact", "sha256", "size", "format", "tier")
# Bytes of no format.
NOISE = bytes(range(255, 199, -1)) * 4


def file_facts(name: str, tier: str = "safe", *findings: Finding) -> FileFacts:
    return FileFacts(
        name,
        10,
        "ab" * 32,
        "pickle",
        tier,  # type: ignore[arg-type]
        parts=(Part(name, 10, "pickle", True),),
        findings=findings,
        globals=(GlobalUse("os", "system", "exec", True, name, 3),),
    )


BAD = file_facts(
    "bad.pkl",
    "unsafe",
    Finding("pickle-unvetted-name", "unvetted", "a.b is of no list", "bad.pkl", None),
    Finding("pickle-global-exec", "unsafe", "os.system is called\x1b[2J", "bad.pkl!data.pkl", 12),
)


def artefact(folder: Path) -> Artefact:
    (folder / "m").mkdir()
    return Artefact("m", folder / "m", (), 0)


def test_the_tree(tmp_path: Path) -> None:
    facts = artifact_facts("m", [BAD, file_facts("ok.pkl")])
    assert render_tree(artefact(tmp_path), facts, Palette(False)).splitlines() == [
        f"m: unsafe  sha256:{facts.digest}  2 files, 20 B",
        "├─ bad.pkl  pickle  unsafe",
        "│     unsafe: os.system is called\\x1b[2J (pickle-global-exec, in data.pkl at 12)",
        "│     unvetted: a.b is of no list (pickle-unvetted-name)",
        "└─ ok.pkl  pickle  safe",
    ]


def test_the_tree_of_many_files_counts_those_that_are_safe(tmp_path: Path) -> None:
    facts = artifact_facts("m", [BAD, *[file_facts(f"{number}.pkl") for number in range(30)]])
    lines = render_tree(artefact(tmp_path), facts, Palette(False)).splitlines()
    assert lines[1] == "├─ bad.pkl  pickle  unsafe"
    assert lines[-1] == "└─ … and 30 files that are safe"
    assert len(lines) == 5


def test_a_tree_tells_some_findings_of_each_file(tmp_path: Path) -> None:
    findings = [Finding("r", "unsafe", f"number {number}", "x", number) for number in range(50)]
    facts = artifact_facts("m", [file_facts("x", "unsafe", *findings)])
    lines = render_tree(artefact(tmp_path), facts, Palette(False)).splitlines()
    assert lines[-1].strip() == "… and 30 more (--format json)"
    assert len(lines) == 23


def test_json_is_a_summary_and_the_document(tmp_path: Path) -> None:
    facts = artifact_facts("m", [BAD])
    value = scan_value(artefact(tmp_path), facts)
    assert [value[name] for name in SUMMARY] == ["m", facts.digest, 10, "folder", "unsafe"]
    assert {"rule", "severity", "detail", "offset"} <= value["findings"][0].keys()
    jsonschema.validate({name: part for name, part in value.items() if name not in SUMMARY}, SCHEMA)


def test_sarif(tmp_path: Path) -> None:
    facts = artifact_facts("m", [BAD])
    made = json.loads(render_scan_sarif([(artefact(tmp_path), facts)], 1))
    (run,) = made["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [
        "pickle-global-exec",
        "pickle-unvetted-name",
    ]
    first, second = run["results"]
    assert (first["level"], second["level"]) == ("warning", "error")
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "m/bad.pkl"
    assert "in bad.pkl!data.pkl at byte 12" in second["message"]["text"]
    assert run["artifacts"][0]["hashes"] == {"sha-256": facts.digest}
    assert run["invocations"][0]["exitCode"] == 1


def test_sizes() -> None:
    assert [render_size(size) for size in (0, 999, 1_500, 2_000_000, 3.2e9, 5e12)] == [
        "0 B",
        "999 B",
        "1.5 kB",
        "2.0 MB",
        "3.2 GB",
        "5.0 TB",
    ]


def test_progress_tells_bytes() -> None:
    shown = io.StringIO()
    bar = byte_progress(2_000_000, Progress(0, shown))
    bar.started -= 10
    bar.advance(500_000)
    assert "] 500.0 kB/2.0 MB" in shown.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty file, which is safe, and what is of no format, which nobody vetted."""
    place = tmp_path / "model"
    (place / "sub").mkdir(parents=True)
    (place / "empty").write_bytes(b"")
    (place / "sub" / "noise").write_bytes(NOISE)
    return place


def cached(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


def test_exit_codes(folder: Path, tmp_path: Path) -> None:
    env = cached(tmp_path)
    assert run_lockgate("scan", str(folder / "empty"), env=env).code == 0
    assert run_lockgate("scan", str(folder), env=env).code == 1
    os.mkfifo(folder / "pipe")
    ran = run_lockgate("scan", str(folder), env=env)
    assert ran.code == 2
    assert "pipe  unknown  unreadable" in ran.out
    for arguments, told in (
        (["nowhere"], "there is no file and no folder nowhere"),
        ([str(tmp_path / "none")], "holds no file"),
        ([], "PATH"),
    ):
        (tmp_path / "none").mkdir(exist_ok=True)
        ran = run_lockgate("scan", *arguments, env=env)
        assert (ran.code, told in ran.err) == (2, True), ran.err


def test_json_of_the_command(folder: Path, tmp_path: Path) -> None:
    ran = run_lockgate("scan", str(folder), str(folder / "empty"), "--format", "json", env=cached(tmp_path))
    first, second = [json.loads(line) for line in ran.out.splitlines()]
    assert [one["path"] for one in first["artifact"]["files"]] == ["empty", "sub/noise"]
    assert (second["format"], second["tier"], second["size"]) == ("empty", "safe", 0)
    assert f"sha256:{first['sha256']}" == first["artifact"]["digest"]
    out = tmp_path / "scan.json"
    ran = run_lockgate("scan", str(folder), "--format", "json", "-o", str(out), env=cached(tmp_path))
    assert (ran.out, json.loads(out.read_text("utf-8"))["tier"]) == ("", "unvetted")


def test_facts_are_the_same_in_two_locales(folder: Path, tmp_path: Path) -> None:
    (folder / "näme").write_bytes(b"")
    told = [
        run_lockgate(
            *("scan", str(folder), "--format", "json", "--no-cache"),
            env={**cached(tmp_path), "LC_ALL": locale, "PYTHONHASHSEED": seed},
        ).out
        for locale, seed in (("C", "1"), ("C.UTF-8", "2"))
    ]
    assert told[0] == told[1] != ""


def made(artefact: Artefact, jobs: int, kept: FactsCache | None) -> ArtifactFacts:
    return scan(artefact, jobs, kept, Progress(0, None))


def test_several_processes_and_the_cache_say_the_same(tmp_path: Path) -> None:
    place = tmp_path / "model"
    place.mkdir()
    for number in range(40):
        (place / f"{number:02}").write_bytes(NOISE * number)
    found = find_artefact(str(place))
    kept = open_facts_cache(cached(tmp_path))
    assert kept is not None
    alone = made(found, 1, None)
    assert made(found, 3, None) == alone
    assert made(found, 1, kept) == alone
    assert made(found, 3, kept) == alone
    digest = alone.files[7].sha256
    assert kept.get("07", digest) == alone.files[7]
    # A name tells what a file claims to be.
    assert kept.get("07.safetensors", digest) is None


def test_what_somebody_else_could_have_written_is_not_read(tmp_path: Path) -> None:
    kept = open_facts_cache(cached(tmp_path))
    assert kept is not None
    kept.put(BAD)
    assert kept.get("bad.pkl", BAD.sha256) == BAD
    for place in (tmp_path / "cache/lockgate/facts").iterdir():
        place.chmod(0o666)
    assert kept.get("bad.pkl", BAD.sha256) is None


def test_a_file_that_changed_is_scanned_anew(folder: Path, tmp_path: Path) -> None:
    kept = open_facts_cache(cached(tmp_path))
    first = made(find_artefact(str(folder)), 1, kept)
    (folder / "empty").write_bytes(NOISE)
    second = made(find_artefact(str(folder)), 1, kept)
    assert first.digest != second.digest
    assert second.files[0].tier == "unvetted"


def test_the_folder_one_is_in_has_a_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert made(find_artefact("."), 1, None) == made(find_artefact(str(folder)), 1, None)


def test_help_tells_of_verify() -> None:
    ran = run_lockgate("scan", "--help")
    assert ran.code == 0
    assert "lockgate scan verify" in ran.out
