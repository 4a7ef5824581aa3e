"""The systems of a machine-learning platform that rules are about: the slugs that METADATA names, and which objects are whose."""

from collections.abc import Mapping
from typing import Final

from lockgate.engine.kinds import DOCUMENT_GROUP

SYSTEMS: Final = {
    "argo-cd": "Argo CD",
    "argo-events": "Argo Events",
    "argo-rollouts": "Argo Rollouts",
    "argo-workflows": "Argo Workflows",
    "aws-ack": "AWS Controllers for Kubernetes",
    "aws-lambda": "AWS Lambda",
    "cloud-run": "Cloud Run",
    "config-connector": "Config Connector",
    "config-sync": "Config Sync",
    "dra": "Dynamic Resource Allocation",
    "evidently": "Evidently",
    "fluxcd": "Flux",
    "gatekeeper": "Gatekeeper",
    "gcp-monitoring": "Google Cloud Monitoring",
    "grafana": "Grafana",
    "image-registries": "Image registries",
    "katib": "Katib",
    "knative": "Knative",
    "kpt": "kpt",
    "kserve": "KServe",
    "kubeflow-model-registry": "Kubeflow Model Registry",
    "kubeflow-notebooks": "Kubeflow Notebooks",
    "kubeflow-pipelines": "Kubeflow Pipelines",
    "kubeflow-trainer": "Kubeflow Trainer",
    "kubernetes": "Kubernetes",
    "kueue": "Kueue",
    "mlflow": "MLflow",
    "node-problem-detector": "Node Problem Detector",
    "prometheus": "Prometheus",
    "ray": "Ray",
    "sagemaker": "SageMaker",
    "topology": "Topology-aware routing",
    "wandb": "Weights & Biases",
    "zabbix": "Zabbix",
}

# By group; a group that several systems share by its kinds.
_GROUPS: Final[Mapping[str, str | Mapping[str, tuple[str, ...]]]] = {
    "apps.wandb.com": "wandb",
    "argoproj.io": {
        "argo-cd": ("Application", "ApplicationSet", "AppProject", "ArgoCD"),
        "argo-events": ("EventBus", "EventSource", "Sensor"),
        "argo-rollouts": (
            *("AnalysisRun", "AnalysisTemplate", "ClusterAnalysisTemplate", "Experiment", "Rollout"),
        ),
        "argo-workflows": (
            *("ClusterWorkflowTemplate", "CronWorkflow", "Workflow", "WorkflowArtifactGCTask"),
            *("WorkflowEventBinding", "WorkflowTaskSet", "WorkflowTemplate"),
        ),
    },
    "autoscaling.internal.knative.dev": "knative",
    "config.gatekeeper.sh": "gatekeeper",
    "config.kubeflow.org": "katib",
    "config.trainer.kubeflow.org": "kubeflow-trainer",
    "configmanagement.gke.io": "config-sync",
    "configsync.gke.io": "config-sync",
    "connection.gatekeeper.sh": "gatekeeper",
    "constraints.gatekeeper.sh": "gatekeeper",
    DOCUMENT_GROUP: {
        "evidently": ("EvidentlyReport",),
        "gcp-monitoring": ("AlertPolicy",),
        "grafana": ("GrafanaDashboard", "GrafanaDatasources"),
        "kubeflow-pipelines": ("KubeflowPipeline",),
        "mlflow": ("MLmodel",),
        "node-problem-detector": ("NodeProblemDetectorConfig",),
        "prometheus": ("AlertmanagerConfiguration", "PrometheusConfig", "PrometheusRules"),
        "zabbix": ("ZabbixExport",),
    },
    "eventing.knative.dev": "knative",
    "expansion.gatekeeper.sh": "gatekeeper",
    "externaldata.gatekeeper.sh": "gatekeeper",
    "flows.knative.dev": "knative",
    "fn.kpt.dev": "kpt",
    "grafana.integreatly.org": "grafana",
    "kpt.dev": "kpt",
    "kubeflow.org": {
        "katib": ("Experiment", "Suggestion", "Trial"),
        "kubeflow-notebooks": (
            *("Notebook", "PVCViewer", "PodDefault", "Profile", "Viewer", "Workspace", "WorkspaceKind"),
        ),
        "kubeflow-trainer": (
            *("JAXJob", "MPIJob", "MXJob", "PaddleJob", "PyTorchJob", "TFJob", "XGBoostJob"),
        ),
    },
    "kueue.x-k8s.io": "kueue",
    "lambda.services.k8s.aws": "aws-lambda",
    "modelregistry.opendatahub.io": "kubeflow-model-registry",
    "monitoring.cnrm.cloud.google.com": "gcp-monitoring",
    "monitoring.coreos.com": "prometheus",
    "monitoring.googleapis.com": "gcp-monitoring",
    "mutations.gatekeeper.sh": "gatekeeper",
    "pipelines.kubeflow.org": "kubeflow-pipelines",
    "porch.kpt.dev": "kpt",
    "ray.io": "ray",
    "resource.k8s.io": "dra",
    "run.cnrm.cloud.google.com": "cloud-run",
    "sagemaker.services.k8s.aws": "sagemaker",
    "serving.knative.dev": "knative",
    "serving.kserve.io": "kserve",
    "serving.kubeflow.org": "kserve",
    "sources.knative.dev": "knative",
    "status.gatekeeper.sh": "gatekeeper",
    "syncset.gatekeeper.sh": "gatekeeper",
    "templates.gatekeeper.sh": "gatekeeper",
    "tensorboard.kubeflow.org": "kubeflow-notebooks",
    "trainer.kubeflow.org": "kubeflow-trainer",
}
# Read by a tool alone, whatever its name says.
_KUSTOMIZE: Final = "kustomize.config.k8s.io"
_ENDS: Final = (
    (".cnrm.cloud.google.com", "config-connector"),
    (".fluxcd.io", "fluxcd"),
    (".services.k8s.aws", "aws-ack"),
)


def systems_of(group: str, kind: str) -> tuple[str, ...]:
    """The slugs of the systems that objects of a kind belong to; none for a kind of a system that is not listed.

    Groups of Kubernetes itself have no dot, or end in `.k8s.io`. Image registries have no kinds: whatever runs images uses them.
    """
    if group == _KUSTOMIZE:
        return ()
    found: list[str] = []
    known = _GROUPS.get(group)
    if isinstance(known, str):
        found.append(known)
    elif known is not None:
        found += [slug for slug, kinds in known.items() if kind in kinds]
    found += [slug for end, slug in _ENDS if group.endswith(end)]
    if group == "" and kind == "Service":
        found.append("topology")
    if "." not in group or (group.endswith(".k8s.io") and not found and not group.endswith(".x-k8s.io")):
        found.append("kubernetes")
    return tuple(found)
