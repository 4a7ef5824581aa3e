"""The plugin for Argo CD with the real kustomize: a source that is rendered, and the sidecar that the component brings."""

import shutil
from pathlib import Path

import pytest
import yaml

from tests.e2e.programs import program, run_program
from tests.examples.test_argo_cd import EXAMPLE, generate, spoil
from tests.webhook.helpers import run_lockgate

pytestmark = pytest.mark.e2e
SERVER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-repo-server, namespace: argocd}
spec:
  selector: {matchLabels: {app: argocd-repo-server}}
  template:
    metadata: {labels: {app: argocd-repo-server}}
    spec:
      serviceAccountName: argocd-repo-server
      containers:
      - name: argocd-repo-server
        image: registry.example.com/argocd@sha256:0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9
      volumes:
      - {name: var-files, emptyDir: {}}
      - {name: plugins, emptyDir: {}}
"""


def test_a_kustomization_is_rendered_and_judged(tmp_path: Path, compiled: str) -> None:
    tools = program("kustomize").parent
    source = tmp_path / "app"
    shutil.copytree(EXAMPLE / "app", source)
    (source / "kustomization.yaml").write_text("namePrefix: new-\nresources: [serving.yaml]\n")
    done = generate(source, compiled, tools)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["metadata"]["name"] == "new-fraud"
    spoil(source / "serving.yaml")
    done = generate(source, compiled, tools)
    assert (done.returncode, done.stdout) == (1, "")
    assert "InferenceService ml-prod/new-fraud" in done.stderr
    (source / "kustomization.yaml").write_text("resources: [absent.yaml]\n")
    done = generate(source, compiled, tools)
    assert done.returncode != 0
    assert done.stdout == ""


def test_the_sidecar_is_what_our_own_policies_want(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "argo-cd")
    (tmp_path / "server.yaml").write_text(SERVER)
    (tmp_path / "kustomization.yaml").write_text("resources: [server.yaml]\ncomponents: [argo-cd]\n")
    done = run_program("kustomize", "build", ".", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    made = {one["kind"]: one for one in yaml.safe_load_all(done.stdout)}
    containers = made["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert {one["name"] for one in containers} == {"lockgate", "argocd-repo-server"}
    volumes = {one["name"]: one for one in made["Deployment"]["spec"]["template"]["spec"]["volumes"]}
    assert volumes["lockgate-plugin"]["configMap"]["name"] == made["ConfigMap"]["metadata"]["name"]
    # The script survives as it is written.
    assert made["ConfigMap"]["data"]["generate.sh"] == (EXAMPLE / "generate.sh").read_text()
    judged = run_lockgate("check", "-", stdin=done.stdout.encode(), cwd=tmp_path)
    assert judged.code == 0, judged.out
