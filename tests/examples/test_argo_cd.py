"""The plugin for Argo CD: its command, run as the plugin's server runs it, in a source's folder."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.shared_folder import ROOT

EXAMPLE = ROOT / "examples" / "argo-cd"
# Where the sidecar mounts the script.
MOUNTED = "/home/argocd/lockgate/generate.sh"


def generate(source: Path, compiled: str, *tools: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs `generate` of the plugin with what Argo CD and the sidecar set. tools: folders before the path."""
    command = yaml.safe_load((EXAMPLE / "plugin.yaml").read_text())["spec"]["generate"]["command"]
    assert MOUNTED in command
    (sidecar,) = yaml.safe_load((EXAMPLE / "repo-server-sidecar.yaml").read_text())["spec"]["template"][
        "spec"
    ]["containers"]
    given = {one["name"]: one["value"] for one in sidecar["env"]}
    application = yaml.safe_load((EXAMPLE / "application.yaml").read_text())
    given |= {
        "ARGOCD_APP_NAME": application["metadata"]["name"],
        "ARGOCD_APP_NAMESPACE": application["spec"]["destination"]["namespace"],
        "ARGOCD_APP_REVISION": application["spec"]["source"]["targetRevision"],
        "ARGOCD_APP_SOURCE_PATH": application["spec"]["source"]["path"],
    }
    path = os.pathsep.join([*map(str, tools), str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        [str(EXAMPLE / "generate.sh") if part == MOUNTED else part for part in command],
        env={**given, "PATH": path, "HOME": str(source), "XDG_CACHE_HOME": compiled, **variables},
        cwd=source,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def spoil(file: Path) -> None:
    file.write_text(file.read_text().replace("  predictor:\n", "  predictor:\n    hostNetwork: true\n"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    place = tmp_path / "app"
    shutil.copytree(EXAMPLE / "app", place)
    return place


def test_what_nothing_denies_is_given(source: Path, compiled: str) -> None:
    (source / "more.json").write_text(
        '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "more"}}'
    )
    done = generate(source, compiled)
    assert done.returncode == 0, done.stderr
    made = [one for one in yaml.safe_load_all(done.stdout) if one is not None]
    assert [one["metadata"]["name"] for one in made] == ["fraud", "more"]
    assert made[0] == yaml.safe_load((source / "serving.yaml").read_text())


def test_a_denial_gives_nothing_and_says_why(source: Path, compiled: str) -> None:
    spoil(source / "serving.yaml")
    # The Application has no say.
    done = generate(
        source,
        compiled,
        ARGOCD_ENV_LOCKGATE_POLICIES="/dev/null",
        ARGOCD_ENV_LOCKGATE_FAIL_ON="",
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "spec.predictor.hostNetwork" in done.stderr


def link(source: Path) -> None:
    (source / "token.yaml").symlink_to("/etc/hostname")


def empty(source: Path) -> None:
    (source / "serving.yaml").unlink()


def broken(source: Path) -> None:
    (source / "broken.yaml").write_text("kind: [\n")


@pytest.mark.parametrize(
    ("spoiling", "said"), [(link, "is a link"), (empty, "no manifests"), (broken, "1 errors")]
)
def test_what_cannot_be_judged_gives_nothing(
    source: Path, compiled: str, spoiling: Callable[[Path], None], said: str
) -> None:
    spoiling(source)
    done = generate(source, compiled)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_the_sidecar_mounts_what_the_component_brings() -> None:
    component = yaml.safe_load((EXAMPLE / "kustomization.yaml").read_text())
    (made,) = component["configMapGenerator"]
    spec = yaml.safe_load((EXAMPLE / "repo-server-sidecar.yaml").read_text())["spec"]["template"]["spec"]
    mounts = {one["mountPath"]: one for one in spec["containers"][0]["volumeMounts"]}
    assert [mounts[MOUNTED]["subPath"], mounts["/home/argocd/cmp-server/config/plugin.yaml"]["subPath"]] == [
        "generate.sh",
        "plugin.yaml",
    ]
    assert {"generate.sh", "plugin.yaml"} == set(made["files"])
    (volume,) = [one for one in spec["volumes"] if "configMap" in one]
    assert volume["configMap"]["name"] == made["name"]
    plugin = yaml.safe_load((EXAMPLE / "plugin.yaml").read_text())
    application = yaml.safe_load((EXAMPLE / "application.yaml").read_text())
    named = f"{plugin['metadata']['name']}-{plugin['spec']['version']}"
    assert application["spec"]["source"]["plugin"]["name"] == named
