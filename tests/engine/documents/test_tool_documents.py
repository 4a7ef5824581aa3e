"""Documents of tools without apiVersion and kind: what they are called, what is under `spec`, and where it stands."""

import json

import pytest
from lockgate.engine.documents.document import Document, Skipped

from tests.engine.reading_helpers import read, text_at

PIPELINE = """\
# A pipeline.
components: {}
deploymentSpec:
  executors:
    exec-train:
      container:
        image: python:3.11
pipelineInfo:
  name: train-and-judge
root: {}
"""
PLATFORMS = """\
platforms:
  kubernetes:
    deploymentSpec:
      executors:
        exec-train:
          secretAsEnv: []
"""
IMAGE = ("spec", "deploymentSpec", "executors", "exec-train", "container", "image")
SECRETS = (
    "platform",
    "platforms",
    "kubernetes",
    "deploymentSpec",
    "executors",
    "exec-train",
    "secretAsEnv",
)


def tools(text: str, file: str = "a.yaml") -> list[Document]:
    reading = read(text, file)
    assert not reading.documents
    assert not reading.errors
    return [one.document for one in reading.skipped if one.document is not None]


@pytest.mark.parametrize(
    ("file", "text", "kind", "name"),
    [
        ("p.yaml", PIPELINE, "KubeflowPipeline", "train-and-judge"),
        ("job.json", json.dumps({"pipelineSpec": {"pipelineInfo": {"name": "p"}}}), "KubeflowPipeline", "p"),
        ("nameless.yaml", "pipelineInfo: {}", "KubeflowPipeline", "nameless.yaml"),
        ("d.json", '{"panels": [], "title": "GPUs"}', "GrafanaDashboard", "GPUs"),
        ("d.json", '{"panels": [], "title": 7}', "GrafanaDashboard", "d.json"),
        (
            "old.json",
            '{"rows": [], "schemaVersion": 6, "title": "before panels"}',
            "GrafanaDashboard",
            "before panels",
        ),
        ("api.json", '{"dashboard": {"panels": [], "title": "T"}}', "GrafanaDashboard", "T"),
        ("t.yaml", "zabbix_export: {version: '7.0'}", "ZabbixExport", "t.yaml"),
        ("a.json", '{"combiner": "OR", "conditions": [], "displayName": "lag"}', "AlertPolicy", "lag"),
        ("MLmodel", "flavors: {sklearn: {}}", "MLmodel", "MLmodel"),
        (
            "k.json",
            '{"plugin": "kmsg", "source": "kernel", "rules": []}',
            "NodeProblemDetectorConfig",
            "k.json",
        ),
        ("s.json", '{"disk": {"metricsConfigs": {}}}', "NodeProblemDetectorConfig", "s.json"),
        ("deploy/values-prod.yaml", "image: {tag: v1}", "HelmValues", "deploy/values-prod.yaml"),
        ("rules.yml", "groups: [{name: a, rules: []}]", "PrometheusRules", "rules.yml"),
        ("prometheus.yml", "scrape_configs: []", "PrometheusConfig", "prometheus.yml"),
        ("am.yml", "{receivers: [], route: {receiver: a}}", "AlertmanagerConfiguration", "am.yml"),
        ("ds.yaml", "{apiVersion: 1, datasources: []}", "GrafanaDatasources", "ds.yaml"),
        ("r.json", '{"metrics": [{"value": 1, "config": {}}]}', "EvidentlyReport", "r.json"),
        ("r.json", '{"metrics": [{"metric": "m", "result": {}}]}', "EvidentlyReport", "r.json"),
    ],
)
def test_a_tools_document_is_an_object(file: str, text: str, kind: str, name: str) -> None:
    (document,) = tools(text, file)
    assert document.value["apiVersion"] == "documents.lockgate.dev/v1alpha1"
    assert document.value["kind"] == kind
    assert document.value["metadata"] == {"name": name}
    assert isinstance(document.value["spec"], dict)
    assert set(document.value) == {"apiVersion", "kind", "metadata", "spec"}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.yaml", "metrics: []"),
        ("a.yaml", "metrics: [{name: x}]"),
        ("a.yaml", "platforms: {}\nother: 1"),
        ("a.yaml", "dashboard: panels"),
        ("a.yaml", "combiner: OR"),
        ("a.yaml", "datasources: []"),
        ("a.yaml", "route: {}"),
        ("a.yaml", "{}"),
        ("Chart.yaml", "panels: []"),
        ("a.yaml", "[{panels: []}]"),
    ],
)
def test_what_is_no_tools_document(file: str, text: str) -> None:
    assert tools(text, file) == []


def test_paths_lead_to_the_file() -> None:
    (document,) = tools(PIPELINE)
    found = document.locate(IMAGE)
    assert found.exact
    assert found.path == IMAGE
    assert text_at(PIPELINE, found.span) == "python:3.11"
    absent = document.locate((*IMAGE[:-1], "command"))
    assert not absent.exact
    assert absent.path == IMAGE[:-1]
    start = document.locate(None)
    assert not start.exact
    assert (start.span.line, start.span.column) == (2, 1)
    assert document.locate(("metadata", "name")).path == ()


def test_paths_lead_to_a_file_of_json() -> None:
    text = '{"panels": [{"title": "é"},\n {"datasource": "x"}]}'
    (document,) = tools(text, "d.json")
    found = document.locate(("spec", "panels", 1, "datasource"))
    assert (found.span.line, found.exact) == (2, True)
    assert text_at(text, found.span) == '"x"'


def test_the_platforms_of_a_pipeline_stand_beside_it() -> None:
    text = f"{PIPELINE}---\n{PLATFORMS}"
    reading = read(text)
    assert [one.reason for one in reading.skipped] == ["a compiled Kubeflow pipeline (IR)"]
    document = reading.skipped[0].document
    assert document is not None
    assert document.value["platform"] == {
        "platforms": {"kubernetes": {"deploymentSpec": {"executors": {"exec-train": {"secretAsEnv": []}}}}}
    }
    assert text_at(text, document.locate(SECRETS).span) == "[]"
    assert text_at(text, document.locate(IMAGE).span) == "python:3.11"
    assert document.locate(("platform",)).exact


@pytest.mark.parametrize(
    "text",
    [PLATFORMS, f"{PLATFORMS}---\n{PIPELINE}", f"{PIPELINE}---\n{PLATFORMS}---\n{PLATFORMS}"],
    ids=["alone", "before", "twice"],
)
def test_platforms_without_a_pipeline_of_their_own_are_said(text: str) -> None:
    reading = read(text)
    alone = Skipped(
        "a.yaml",
        reading.skipped[-1].line if text.endswith(f"{PLATFORMS}---\n{PLATFORMS}") else 1,
        "the platforms of a compiled Kubeflow pipeline",
        "write it after its pipeline, in one file",
    )
    assert alone in reading.skipped


def test_each_pipeline_of_a_file_has_its_own_platforms() -> None:
    other = PIPELINE.replace("train-and-judge", "other")
    first, second = tools(f"{PIPELINE}---\n{other}---\n{PLATFORMS}")
    assert "platform" not in first.value
    assert "platform" in second.value


@pytest.mark.parametrize(
    ("file", "text", "api_version", "kind"),
    [
        ("kustomization.yaml", "resources: [a.yaml]", "kustomize.config.k8s.io/v1beta1", "Kustomization"),
        ("kustomization.yaml", "kind: Component", "kustomize.config.k8s.io/v1alpha1", "Component"),
        (
            "kustomization.yaml",
            "apiVersion: v1\nkind: Kustomization",
            "kustomize.config.k8s.io/v1beta1",
            "Kustomization",
        ),
        (
            "other.yaml",
            "apiVersion: kustomize.config.k8s.io/v1\nkind: Kustomization",
            "kustomize.config.k8s.io/v1",
            "Kustomization",
        ),
        ("Kptfile", "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {name: p}", "kpt.dev/v1", "Kptfile"),
    ],
)
def test_files_of_kustomize_and_kpt_are_their_own_objects(
    file: str, text: str, api_version: str, kind: str
) -> None:
    (document,) = tools(text, file)
    assert (document.value["apiVersion"], document.value["kind"]) == (api_version, kind)
    assert "spec" not in document.value
    assert document.locate(()).exact


def test_an_object_is_no_tools_document() -> None:
    reading = read("apiVersion: v1\nkind: Pod\npanels: []\n")
    assert [one.value["kind"] for one in reading.documents] == ["Pod"]
