"""The wheel holds what the repository holds, and works in a fresh environment."""

import json
import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.shared_folder import ROOT

PACKAGES = ("engine", "gatekeeper", "audit", "webhook", "policies")


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-cache-dir",
        "-w",
        folder,
        ROOT,
    )
    (built,) = folder.glob("*.whl")
    return built


def tracked(folder: str) -> set[str]:
    """The files of a folder that git tracks."""
    return set(run("git", "ls-files", "--", folder).split("\n")) - {""}


@pytest.mark.slow
@pytest.mark.parametrize("folder", PACKAGES)
def test_holds_the_files_that_git_tracks(wheel: Path, folder: str) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    with ZipFile(wheel) as archive:
        names = {
            name.removeprefix("lockgate/")
            for name in archive.namelist()
            if name.startswith(f"lockgate/{folder}/")
        }
    assert names == tracked(folder)
    assert names


@pytest.mark.slow
def test_command_works_where_only_the_wheel_is(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    run(
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-index",
        wheel,
    )
    site = run(python, "-c", "import site; print(site.getsitepackages()[0])").strip()
    # The libraries that the wheel declares, from the environment of the tests (not the project in it).
    libraries = Path(run(sys.executable, "-c", "import click; print(click.__path__[0])").strip()).parent
    (Path(site) / "libraries.pth").write_text(f"{libraries}\n")
    manifest = tmp_path / "repository" / "pod.yaml"
    manifest.parent.mkdir()
    manifest.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n")
    program = "import lockgate.webhook.cli as cli; print(cli.__file__)"
    assert run(python, "-c", program, cwd=tmp_path).startswith(site)
    output = run(environment / "bin" / "lockgate", "check", "--format", "json", manifest, cwd=tmp_path)
    assert json.loads(output)["summary"]["documents"] == 1
    # The profiles are in it, and a repository can begin by them.
    said = run(
        environment / "bin" / "lockgate", "policy", "init", "--profile", "regulated", cwd=manifest.parent
    )
    assert "wrote policies/lockgate/regulated.yaml" in said
    output = run(environment / "bin" / "lockgate", "check", "--format", "json", cwd=manifest.parent)
    assert json.loads(output)["summary"]["documents"] == 1


@pytest.mark.slow
def test_declares_its_libraries(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = archive.read(name).decode()
    required = {
        line.split(": ")[1].split(">")[0]
        for line in metadata.splitlines()
        if line.startswith("Requires-Dist") and "extra ==" not in line
    }
    assert required == {"click", "google-re2", "pyyaml"}
