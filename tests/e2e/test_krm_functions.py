"""`lockgate fn` as kpt and kustomize run it, by the files of the examples."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.programs import place_of, program
from tests.shared_folder import ROOT

pytestmark = pytest.mark.e2e


@pytest.fixture
def run(tmp_path: Path, compiled: str) -> Any:
    """Runs a command of an example with the real programs on the path."""
    for name in ("kpt", "kustomize"):
        program(name)
    # Here `kpt` has its `fn` commands only.
    tools = tmp_path / "tools"
    tools.mkdir()
    kpt = tools / "kpt"
    kpt.write_text(f'#!/bin/sh\nshift\nexec "{place_of("kpt")}" "$@"\n')
    kpt.chmod(0o755)
    (tools / "kustomize").symlink_to(place_of("kustomize"))
    path = os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "XDG_CACHE_HOME": compiled}

    def do(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    return do


def example(name: str, tmp_path: Path) -> Path:
    place = tmp_path / name
    shutil.copytree(ROOT / "examples" / name, place)
    return place


def spoil(file: Path) -> None:
    """Runs the example's model as the node's administrator could."""
    text = file.read_text()
    assert "serviceAccountName: fraud" in text
    file.write_text(
        text.replace("serviceAccountName: fraud", "serviceAccountName: fraud\n    hostNetwork: true")
    )


def test_kpt_judges_a_package(run: Any, tmp_path: Path) -> None:
    place = example("kpt", tmp_path)
    serving = place / "package" / "serving.yaml"
    before = serving.read_bytes()
    done = run("./gate.sh", "package", "results", cwd=place)
    assert done.returncode == 0, done.stderr
    assert "hostNetwork" not in (place / "results" / "results.yaml").read_text()
    assert serving.read_bytes() == before
    spoil(serving)
    before = serving.read_bytes()
    shutil.rmtree(place / "results")
    done = run("./gate.sh", "package", "results", cwd=place)
    assert done.returncode == 1
    results = yaml.safe_load((place / "results" / "results.yaml").read_text())
    assert results["exitCode"] == 1
    (error,) = [one for one in results["items"][0]["results"] if one["severity"] == "error"]
    assert error["resourceRef"]["kind"] == "InferenceService"
    assert error["field"]["path"] == "spec.predictor.hostNetwork"
    assert error["file"]["path"] == "serving.yaml"
    assert serving.read_bytes() == before


def test_a_pipeline_of_a_package_runs_it_as_a_validator(run: Any, tmp_path: Path) -> None:
    package = example("kpt", tmp_path) / "package"
    kptfile = package / "Kptfile"
    shipped = kptfile.read_text()
    # A ConfigMap by kpt's short way; the image of the README is a program here, and that is denied by itself.
    kptfile.write_text(
        shipped + "pipeline:\n  validators:\n  - exec: lockgate fn\n    configMap: {profile: baseline}\n"
    )
    serving = package / "serving.yaml"
    before = serving.read_text()
    done = run("kpt", "fn", "render", "--allow-exec", ".", cwd=package)
    assert done.returncode == 1
    assert "function is a program" in done.stderr
    assert "InferenceService" not in done.stderr.split("Stderr:")[1].split("Exit code")[0]
    assert serving.read_text() == before


def test_kustomize_stops_at_a_denial(run: Any, tmp_path: Path) -> None:
    place = example("kpt", tmp_path) / "kustomize"
    build = ("kustomize", "build", "--enable-alpha-plugins", "--enable-exec", ".")
    done = run(*build, cwd=place)
    assert done.returncode == 0, done.stderr
    (made,) = yaml.safe_load_all(done.stdout)
    assert made == yaml.safe_load((place / "serving.yaml").read_text())
    spoil(place / "serving.yaml")
    done = run(*build, cwd=place)
    assert done.returncode != 0
    assert done.stdout == ""
    assert "spec.predictor.hostNetwork" in done.stderr


def test_what_config_sync_reads_was_judged(run: Any, tmp_path: Path) -> None:
    place = example("config-sync", tmp_path)
    done = run("./hydrate.sh", "overlay", "synced", cwd=place)
    assert done.returncode == 0, done.stderr
    synced = place / "synced" / "manifests.yaml"
    good = synced.read_bytes()
    assert yaml.safe_load(good) == yaml.safe_load((place / "overlay" / "serving.yaml").read_text())
    spoil(place / "overlay" / "serving.yaml")
    done = run("./hydrate.sh", "overlay", "synced", cwd=place)
    assert done.returncode == 1
    assert "hostNetwork" in done.stderr
    assert synced.read_bytes() == good
    (place / "overlay" / "kustomization.yaml").write_text("resources: []\n")
    assert run("./hydrate.sh", "overlay", "synced", cwd=place).returncode != 0
    assert synced.read_bytes() == good
