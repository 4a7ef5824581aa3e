"""Why a file's content is no Kubernetes object to judge, said so that its owner can tell whether that is right.

An object has an `apiVersion` and a `kind` that are strings. Files of tools that work before the cluster (Helm,
kustomize, kubectl, kind, kubeadm, Kpt) may have both, yet no API server serves their groups.
"""

from collections.abc import Mapping
from posixpath import basename
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record

_RENDER: Final = "render the chart to judge what it makes: helm template CHART | lockgate check -"
# What to run for files of kustomize.
BUILD_HINT: Final = "build it to judge what it makes: kubectl kustomize FOLDER | lockgate check -"


@record
class NotAnObject:
    """The reason for which a document is not judged, and what to do if it should be.

    kind: its kind in the group `documents.lockgate.dev`, or in its own; "" where policies cannot name it.
    """

    reason: str
    hint: str = ""
    kind: str = ""


# API groups of files that tools read from disk; no API server serves them.
_CLIENT_GROUPS: Final[dict[str, NotAnObject]] = {
    "kustomize.config.k8s.io": NotAnObject("a kustomization", BUILD_HINT, "Kustomization"),
    "kind.x-k8s.io": NotAnObject("the configuration of a kind cluster"),
    "k3d.io": NotAnObject("the configuration of a k3d cluster"),
    "kubeadm.k8s.io": NotAnObject("a configuration of kubeadm"),
    "kubelet.config.k8s.io": NotAnObject("a configuration of the kubelet"),
    "kubeproxy.config.k8s.io": NotAnObject("a configuration of kube-proxy"),
    "kubescheduler.config.k8s.io": NotAnObject("a configuration of kube-scheduler"),
    "apiserver.config.k8s.io": NotAnObject("a configuration of the API server"),
    "audit.k8s.io": NotAnObject("an audit policy of the API server"),
    "config.kueue.x-k8s.io": NotAnObject("a configuration of Kueue"),
    "kpt.dev": NotAnObject("a Kptfile", "run: kpt fn render, and check the package's other files", "Kptfile"),
    "skaffold": NotAnObject("a configuration of Skaffold", "render it: skaffold render | lockgate check -"),
    "gator.gatekeeper.sh": NotAnObject("a gator Suite", "run it: lockgate verify FILE"),
    "test.gatekeeper.sh": NotAnObject("a gator Suite", "run it: lockgate verify FILE"),
}
# The names under which kustomize looks for a folder's kustomization.
KUSTOMIZATION_NAMES: Final = frozenset(("kustomization.yaml", "kustomization.yml", "Kustomization"))

# What the second document of a compiled pipeline is; it belongs to the first.
PLATFORMS: Final = "platforms"
_PIPELINE: Final = NotAnObject("a compiled Kubeflow pipeline (IR)", kind="KubeflowPipeline")
_DASHBOARD: Final = NotAnObject("a Grafana dashboard", kind="GrafanaDashboard")
_NODE_PROBLEMS: Final = NotAnObject(
    "a configuration of the Node Problem Detector", kind="NodeProblemDetectorConfig"
)
_EVIDENTLY: Final = NotAnObject("a report of Evidently", kind="EvidentlyReport")

# Keys that a file of a known tool has at its root, all of them; the first that fits names it.
_BY_KEYS: Final[tuple[tuple[frozenset[str], NotAnObject], ...]] = (
    (frozenset(("services", "version")), NotAnObject("a Compose file")),
    (frozenset(("jobs", "true")), NotAnObject("a GitHub workflow")),
    (frozenset(("on", "jobs")), NotAnObject("a GitHub workflow")),
    (frozenset(("runs", "inputs")), NotAnObject("a GitHub action")),
    (frozenset(("pipelineInfo",)), _PIPELINE),
    (frozenset(("pipelineSpec",)), _PIPELINE),
    (frozenset(("implementation", "inputs")), NotAnObject("a Kubeflow pipeline component")),
    (frozenset(("implementation", "outputs")), NotAnObject("a Kubeflow pipeline component")),
    (
        frozenset(("flavors",)),
        NotAnObject("an MLflow model description", "scan the model: lockgate scan FOLDER", "MLmodel"),
    ),
    (frozenset(("groups",)), NotAnObject("a Prometheus rule file", kind="PrometheusRules")),
    (frozenset(("scrape_configs",)), NotAnObject("a configuration of Prometheus", kind="PrometheusConfig")),
    (
        frozenset(("receivers", "route")),
        NotAnObject("a configuration of Alertmanager", kind="AlertmanagerConfiguration"),
    ),
    (
        frozenset(("apiVersion", "datasources")),
        NotAnObject("data sources for Grafana to begin with", kind="GrafanaDatasources"),
    ),
    (frozenset(("panels",)), _DASHBOARD),
    (frozenset(("rows", "schemaVersion")), _DASHBOARD),
    (frozenset(("zabbix_export",)), NotAnObject("an export of Zabbix", kind="ZabbixExport")),
    (
        frozenset(("combiner", "conditions")),
        NotAnObject("an alerting policy of Cloud Monitoring", kind="AlertPolicy"),
    ),
    (frozenset(("plugin", "rules")), _NODE_PROBLEMS),
    (frozenset(("plugin", "source")), _NODE_PROBLEMS),
    (frozenset(("openapi",)), NotAnObject("an OpenAPI document")),
    (frozenset(("swagger",)), NotAnObject("an OpenAPI document")),
    (frozenset(("$schema",)), NotAnObject("a document of its own schema")),
    (frozenset(("dependencies", "channels")), NotAnObject("a Conda environment")),
    (frozenset(("repos",)), NotAnObject("a configuration of pre-commit")),
)
_PATCH_KEYS: Final = frozenset(("$patch", "apiVersion", "kind", "metadata"))
_OBJECT_KEYS: Final = frozenset(("metadata", "spec"))
_HAS_KIND: Final = "give it an apiVersion and a kind if it is meant as a Kubernetes object"


def is_object(value: Value) -> bool:
    """Whether a value names the kind of object it is."""
    if type(value) is not dict:
        return False
    version, kind = value.get("apiVersion"), value.get("kind")
    return type(version) is str and type(kind) is str and version != "" and kind != ""


def _kustomization(value: Mapping[str, Value], file: str) -> bool:
    return basename(file) in KUSTOMIZATION_NAMES and value.get("kind") in (
        None,
        "Kustomization",
        "Component",
    )


def client_file(value: Mapping[str, Value], file: str) -> NotAnObject | None:
    """The tool whose file an object with apiVersion and kind is; None when an API server could serve it."""
    group = str(value.get("apiVersion")).split("/")[0]
    if group in _CLIENT_GROUPS:
        return _CLIENT_GROUPS[group]
    if value.get("apiVersion") == "v1" and value.get("kind") == "Config" and "clusters" in value:
        return NotAnObject("a kubeconfig")
    if _kustomization(value, file):
        return _CLIENT_GROUPS["kustomize.config.k8s.io"]
    # With more than its identity a patch could hide an object, which is judged unless a kustomization names the file.
    if "$patch" in value and value.keys() <= _PATCH_KEYS:
        return NotAnObject("a kustomize patch", BUILD_HINT)
    return None


def _of_shape(value: Mapping[str, Value]) -> NotAnObject | None:
    """What a file of a known tool is that no key at its root tells."""
    metrics = value.get("metrics")
    first = metrics[0] if type(metrics) is list and metrics else None
    # The form of Evidently's reports before 0.7, and since.
    if type(first) is dict and (first.keys() >= {"metric", "result"} or first.keys() >= {"value", "config"}):
        return _EVIDENTLY
    if value and all(type(part) is dict and "metricsConfigs" in part for part in value.values()):
        return _NODE_PROBLEMS
    if value.keys() == {"platforms"} and type(value["platforms"]) is dict:
        return NotAnObject("the platforms of a compiled Kubeflow pipeline", kind=PLATFORMS)
    wrapped = value.get("dashboard")
    # As Grafana's API takes and gives it.
    return _DASHBOARD if type(wrapped) is dict and "panels" in wrapped else None


def _mapping(value: Mapping[str, Value], file: str) -> NotAnObject:
    name = basename(file)
    if _kustomization(value, file):
        return _CLIENT_GROUPS["kustomize.config.k8s.io"]
    if name in ("Chart.yaml", "Chart.lock", "requirements.yaml"):
        return NotAnObject("the description of a Helm chart", _RENDER)
    if name.startswith("values") or name.endswith(("-values.yaml", ".values.yaml", "_values.yaml")):
        return NotAnObject("values for a Helm chart", _RENDER, "HelmValues")
    if name == "lockgate.yaml":
        return NotAnObject("the configuration of lockgate")
    if "$patch" in value:
        return NotAnObject("a kustomize patch", BUILD_HINT)
    for keys, found in _BY_KEYS:
        if keys <= value.keys():
            return found
    if (shaped := _of_shape(value)) is not None:
        return shaped
    for field in ("apiVersion", "kind"):
        if field in value and type(value[field]) is not str:
            return NotAnObject(f"its {field} is no string", f"quote the value of {field}")
    if "apiVersion" in value:
        return NotAnObject("no kind", _HAS_KIND)
    if "kind" in value:
        return NotAnObject("no apiVersion", _HAS_KIND)
    if value.keys() >= _OBJECT_KEYS:
        return NotAnObject("no apiVersion and no kind, though it has metadata and a spec", _HAS_KIND)
    return NotAnObject("no apiVersion and no kind", _HAS_KIND)


def why_not(value: Value, file: str) -> NotAnObject:
    """Why a value that is no object is none."""
    if type(value) is dict:
        return _mapping(value, file)
    if type(value) is list:
        if value and all(type(item) is dict and "op" in item and "path" in item for item in value):
            return NotAnObject("a JSON patch (RFC 6902)", BUILD_HINT)
        if not value:
            return NotAnObject("an empty list")
        return NotAnObject("a list of other things than Kubernetes objects", _HAS_KIND)
    kind = {str: "a string", bool: "a boolean"}.get(type(value), "a number")
    return NotAnObject(f"only {kind}", _HAS_KIND)
