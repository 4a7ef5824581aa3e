"""Which objects are whose: the groups and kinds of the systems that rules are about."""

import pytest
from lockgate.webhook.systems import SYSTEMS, systems_of

CASES = [
    ("", "Service", ("topology", "kubernetes")),
    ("", "Pod", ("kubernetes",)),
    ("apps", "Deployment", ("kubernetes",)),
    ("networking.k8s.io", "Ingress", ("kubernetes",)),
    ("gateway.networking.k8s.io", "Gateway", ("kubernetes",)),
    ("jobset.x-k8s.io", "JobSet", ()),
    ("kustomize.config.k8s.io", "Kustomization", ()),
    ("argoproj.io", "Workflow", ("argo-workflows",)),
    ("argoproj.io", "Application", ("argo-cd",)),
    ("argoproj.io", "Rollout", ("argo-rollouts",)),
    ("argoproj.io", "Sensor", ("argo-events",)),
    ("argoproj.io", "NewKind", ()),
    ("kubeflow.org", "Experiment", ("katib",)),
    ("kubeflow.org", "PyTorchJob", ("kubeflow-trainer",)),
    ("kubeflow.org", "Notebook", ("kubeflow-notebooks",)),
    ("serving.kserve.io", "InferenceService", ("kserve",)),
    ("resource.k8s.io", "ResourceClaim", ("dra",)),
    ("source.toolkit.fluxcd.io", "GitRepository", ("fluxcd",)),
    ("run.cnrm.cloud.google.com", "RunService", ("cloud-run", "config-connector")),
    ("monitoring.cnrm.cloud.google.com", "MonitoringAlertPolicy", ("gcp-monitoring", "config-connector")),
    ("lambda.services.k8s.aws", "Function", ("aws-lambda", "aws-ack")),
    ("documents.lockgate.dev", "ZabbixExport", ("zabbix",)),
    ("documents.lockgate.dev", "HelmValues", ()),
    ("evil.fluxcd.io.example.com", "GitRepository", ()),
    ("example.com", "Thing", ()),
]


@pytest.mark.parametrize(("group", "kind", "systems"), CASES)
def test_an_object_belongs_to_its_systems(group: str, kind: str, systems: tuple[str, ...]) -> None:
    assert systems_of(group, kind) == systems


def test_every_system_that_is_found_is_listed() -> None:
    assert {one for _, _, systems in CASES for one in systems} <= set(SYSTEMS)
    assert [*SYSTEMS] == sorted(SYSTEMS)
