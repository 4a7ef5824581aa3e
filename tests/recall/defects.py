"""The table of defects: each a small edit that somebody makes in earnest, and whether it is dangerous.

Dangerous is: remote code, public access, credentials, host access, administrative device access, verification off.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Place: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Defect:
    """An edit of objects of the kinds. place: where value is set; all but its last `fresh` steps must be there.

    unless: what has something there is passed over, since the edit does no harm to it.
    """

    name: str
    family: str
    group: str
    kinds: tuple[str, ...]
    place: Place
    value: Any
    dangerous: bool
    fresh: int = 1
    unless: Place = ()


_KSERVE: Final = "serving.kserve.io"
_DRA: Final = "resource.k8s.io"
_FLUX: Final = "source.toolkit.fluxcd.io"
_ARGO: Final = "argoproj.io"
_KNATIVE: Final = "serving.knative.dev"
_WEBHOOKS: Final = "admissionregistration.k8s.io"
_POD: Final[Place] = ("spec", "template", "spec")
_FIRST: Final[Place] = (*_POD, "containers", 0)
_REQUEST: Final[Place] = ("devices", "requests", 0)
_CONTROLLERS: Final = ("Deployment", "StatefulSet", "DaemonSet")
_RBAC: Final = "rbac.authorization.k8s.io"
_BINDINGS: Final = ("ClusterRoleBinding", "RoleBinding")
_RAY: Final[Place] = ("spec", "headGroupSpec", "template", "spec", "containers", 0)
_COREOS: Final = "monitoring.coreos.com"
_CNRM: Final = "monitoring.cnrm.cloud.google.com"
_GRAFANA: Final = "grafana.integreatly.org"
_REMOTE_ARGS: Final = ["--model=example/model", "--trust-remote-code"]

# fmt: off
DEFECTS: Final = (
    Defect("claim with admin access", "claims", _DRA, ("ResourceClaim",), ("spec", *_REQUEST, "exactly", "adminAccess"), True, True),
    Defect("claim template with admin access", "claims", _DRA, ("ResourceClaimTemplate",), ("spec", "spec", *_REQUEST, "exactly", "adminAccess"), True, True),
    Defect("all devices of a class", "claims", _DRA, ("ResourceClaimTemplate",), ("spec", "spec", *_REQUEST, "exactly", "allocationMode"), "All", False),
    Defect("device node of the host", "claims", "apps", _CONTROLLERS, (*_POD, "volumes"), [{"name": "gpu", "hostPath": {"path": "/dev/nvidia0"}}], True),
    Defect("misspelt distribution", "topology", "", ("Service",), ("spec", "trafficDistribution"), "PreferNearby", False),
    Defect("code of the model's repository runs", "models", "apps", ("Deployment",), (*_FIRST, "args"), _REMOTE_ARGS, True),
    Defect("code of the served model runs", "models", _KSERVE, ("InferenceService",), ("spec", "predictor", "model", "args"), _REMOTE_ARGS, True),
    Defect("model over plain HTTP", "models", _KSERVE, ("InferenceService",), ("spec", "predictor", "model", "storageUri"), "http://files.example.com/model.pkl", True),
    Defect("model of no revision", "models", _KSERVE, ("InferenceService",), ("spec", "predictor", "model", "storageUri"), "hf://example/model", False),
    Defect("privileged container", "workloads", "apps", _CONTROLLERS, (*_FIRST, "securityContext"), {"privileged": True}, True),
    Defect("host's network", "workloads", "apps", _CONTROLLERS, (*_POD, "hostNetwork"), True, True),
    Defect("host's root folder", "workloads", "apps", _CONTROLLERS, (*_POD, "volumes"), [{"name": "host", "hostPath": {"path": "/"}}], True),
    Defect("host's processes", "workloads", "apps", _CONTROLLERS, (*_POD, "hostPID"), True, True),
    Defect("socket of the container runtime", "workloads", "apps", _CONTROLLERS, (*_POD, "volumes"), [{"name": "docker", "hostPath": {"path": "/var/run/docker.sock"}}], True),
    Defect("logs of the node", "workloads", "batch", ("Job",), (*_POD, "volumes"), [{"name": "logs", "hostPath": {"path": "/var/log"}}], True),
    Defect("capability to administer", "workloads", "apps", _CONTROLLERS, (*_FIRST, "securityContext"), {"capabilities": {"add": ["SYS_ADMIN"]}}, True),
    Defect("no seccomp", "workloads", "apps", _CONTROLLERS, (*_POD, "securityContext"), {"seccompProfile": {"type": "Unconfined"}}, True),
    Defect("certificates of Git not verified", "workloads", "batch", ("Job",), (*_FIRST, "env"), [{"name": "GIT_SSL_NO_VERIFY", "value": "true"}], True),
    Defect("model fetched with curl -k", "workloads", "apps", ("Deployment",), (*_FIRST, "command"), ["sh", "-c", "curl -ksSL https://models.example.com/m -o /m && exec serve /m"], True),
    Defect("host's shared memory", "workloads", "kubeflow.org", ("PyTorchJob",), ("spec", "pytorchReplicaSpecs", "Worker", *_POD[1:], "hostIPC"), True, True),
    Defect("host's network under a job", "workloads", "batch", ("Job",), (*_POD, "hostNetwork"), True, True),
    Defect("host's network under a model", "workloads", _KSERVE, ("InferenceService",), ("spec", "predictor", "hostNetwork"), True, True),
    Defect("all capabilities", "workloads", "ray.io", ("RayCluster",), (*_RAY, "securityContext"), {"capabilities": {"add": ["ALL"]}}, True),
    Defect("unmasked /proc", "workloads", "", ("Pod",), ("spec", "containers", 0, "securityContext"), {"procMount": "Unmasked"}, True),
    Defect("host's configuration", "workloads", "batch", ("Job",), (*_POD, "volumes"), [{"name": "etc", "hostPath": {"path": "/etc"}}], True),
    Defect("kubelet's folder", "workloads", "kubeflow.org", ("Notebook",), (*_POD, "volumes"), [{"name": "kubelet", "hostPath": {"path": "/var/lib/kubelet/pods"}}], True),
    Defect("keys of the host's root", "workloads", "", ("PersistentVolume",), ("spec", "hostPath"), {"path": "/root/.ssh"}, True),
    Defect("policy for images that only warns", "images", "policy.sigstore.dev", ("ClusterImagePolicy",), ("spec", "mode"), "warn", True),
    Defect("policy for images that lets all pass", "images", "policy.sigstore.dev", ("ClusterImagePolicy",), ("spec",), {"images": [{"glob": "**"}], "authorities": [{"static": {"action": "pass"}}]}, True),
    Defect("signatures by anybody", "images", "policy.sigstore.dev", ("ClusterImagePolicy",), ("spec", "authorities"), [{"keyless": {"url": "https://fulcio.sigstore.dev", "identities": [{"issuerRegExp": ".*", "subjectRegExp": ".*"}]}}], True),
    Defect("Binary Authorization that allows all", "images", "binaryauthorization.cnrm.cloud.google.com", ("BinaryAuthorizationPolicy",), ("spec", "defaultAdmissionRule", "evaluationMode"), "ALWAYS_ALLOW", True),
    Defect("Binary Authorization that only logs", "images", "binaryauthorization.cnrm.cloud.google.com", ("BinaryAuthorizationPolicy",), ("spec", "defaultAdmissionRule", "enforcementMode"), "DRYRUN_AUDIT_LOG_ONLY", True),
    Defect("Binary Authorization with a hole for all", "images", "binaryauthorization.cnrm.cloud.google.com", ("BinaryAuthorizationPolicy",), ("spec", "admissionWhitelistPatterns"), [{"namePattern": "**"}], True),
    Defect("transparency log not asked", "images", "config.ratify.deislabs.io", ("Verifier",), ("spec", "parameters", "trustPolicies"), [{"name": "default", "scopes": ["*"], "keys": [{"provider": "k"}], "tLogVerify": False}], True),
    Defect("tags of a repository that move", "images", "ecr.services.k8s.aws", ("Repository",), ("spec", "imageTagMutability"), "MUTABLE", False),
    Defect("repository without scans", "images", "ecr.services.k8s.aws", ("Repository",), ("spec", "imageScanningConfiguration"), {"scanOnPush": False}, False),
    Defect("port of the node", "workloads", "apps", ("Deployment",), (*_FIRST, "ports"), [{"containerPort": 8080, "hostPort": 8080}], False),
    Defect("no limit for memory", "workloads", "batch", ("Job",), (*_FIRST, "resources"), {}, False),
    Defect("moving image tag", "workloads", "apps", _CONTROLLERS, (*_FIRST, "image"), "docker.io/example/app:latest", False),
    Defect("password in plain text", "workloads", "apps", _CONTROLLERS, (*_FIRST, "env"), [{"name": "AWS_SECRET_ACCESS_KEY", "value": "kT9vQ2mX7pLr4sWz8nBc1dFg6hJy3aEu5oRi0tVb"}], True),
    Defect("token of a model hub in plain text", "identity", "batch", ("Job",), (*_FIRST, "env"), [{"name": "HF_TOKEN", "value": "hf_QkZyTnLmVbXcWdRfGhJkPqStUvYzAaBb"}], True),
    Defect("password in a database's URL", "identity", "apps", _CONTROLLERS, (*_FIRST, "args"), ["--backend-store-uri=postgresql://mlflow:kT9vQ2mX7p@db.example.com/mlflow"], True),
    Defect("password in a ConfigMap", "identity", "", ("ConfigMap",), ("data",), {"db-password": "kT9vQ2mX7pLr4sWz"}, True),
    Defect("password in a chart's values", "identity", "helm.toolkit.fluxcd.io", ("HelmRelease",), ("spec", "values"), {"auth": {"adminPassword": "kT9vQ2mX7pLr4sWz"}}, True),
    Defect("balancer open to the world", "serving", "", ("Service",), ("spec", "type"), "LoadBalancer", False),
    Defect("dashboard without sign-in on every address", "serving", "ray.io", ("RayCluster",), ("spec", "headGroupSpec", "serviceType"), "LoadBalancer", True, unless=("spec", "authOptions")),
    Defect("Ray of a release with known holes", "serving", "ray.io", ("RayCluster",), (*_RAY, "image"), "rayproject/ray:2.0.0", False),
    Defect("break-glass of Binary Authorization", "serving", "run.cnrm.cloud.google.com", ("RunService",), ("spec", "binaryAuthorization"), {"breakglassJustification": "hurry"}, True),
    Defect("anybody may call the service", "serving", "iam.cnrm.cloud.google.com", ("IAMPolicyMember",), ("spec", "member"), "allUsers", True),
    Defect("function open without sign-in", "serving", "lambda.services.k8s.aws", ("FunctionURLConfig",), ("spec", "authType"), "NONE", True),
    Defect("code of a node of the workflow patched in", "pipelines", _ARGO, ("Workflow", "WorkflowTemplate"), ("spec", "podSpecPatch"), '{"hostPID": true, "containers": [{"name": "main", "securityContext": {"privileged": true}}]}', True),
    Defect("image chosen by the caller", "pipelines", _ARGO, ("Workflow", "WorkflowTemplate"), ("spec", "templates", 0, "container", "image"), "{{workflow.parameters.image}}", False),
    Defect("source over plain HTTP", "gitops", _FLUX, ("GitRepository",), ("spec", "url"), "http://git.example.com/team/app", True),
    Defect("chart over plain HTTP", "gitops", _FLUX, ("HelmRepository",), ("spec", "url"), "http://charts.example.com", True),
    Defect("registry without TLS", "gitops", _FLUX, ("OCIRepository",), ("spec", "insecure"), True, True),
    Defect("application from plain HTTP", "gitops", _ARGO, ("Application",), ("spec", "source", "repoURL"), "http://git.example.com/team/app", True),
    Defect("application of the default project", "gitops", _ARGO, ("Application",), ("spec", "project"), "default", False),
    Defect("project that may do everything", "gitops", _ARGO, ("AppProject",), ("spec", "clusterResourceWhitelist"), [{"group": "*", "kind": "*"}], False),
    Defect("gate that fails open", "governance", _WEBHOOKS, ("ValidatingWebhookConfiguration",), ("webhooks", 0, "failurePolicy"), "Ignore", False),
    Defect("bucket open to the world", "governance", "storage.cnrm.cloud.google.com", ("StorageBucketAccessControl",), ("spec", "entity"), "allUsers", True),
    Defect("provider without TLS", "governance", "externaldata.gatekeeper.sh", ("Provider",), ("spec", "url"), "http://provider.example.com/v1", True),
    Defect("dashboards without sign-in, as administrator", "observability", _GRAFANA, ("Grafana",), ("spec", "config", "auth.anonymous"), {"enabled": "true", "org_role": "Admin"}, True),
    Defect("password of Grafana's mail in its configuration", "observability", _GRAFANA, ("Grafana",), ("spec", "config", "smtp"), {"user": "alerts", "password": "grafana-2024"}, True),
    Defect("token of a data source in plain text", "observability", _GRAFANA, ("GrafanaDatasource",), ("spec", "datasource", "secureJsonData"), {"httpHeaderValue1": "Bearer kT9vQ2mX7pLr4sWz"}, True),
    Defect("data source of any certificate", "observability", _GRAFANA, ("GrafanaDatasource",), ("spec", "datasource"), {"name": "metrics", "type": "prometheus", "access": "proxy", "url": "https://metrics.example.com", "jsonData": {"tlsSkipVerify": True}}, True),
    Defect("scrape of any certificate", "observability", _COREOS, ("ServiceMonitor",), ("spec", "endpoints", 0, "tlsConfig"), {"insecureSkipVerify": True}, True),
    Defect("scrape of pods of any certificate", "observability", _COREOS, ("PodMonitor",), ("spec", "podMetricsEndpoints", 0, "tlsConfig"), {"insecureSkipVerify": True}, True),
    Defect("file of Prometheus sent to a target", "observability", _COREOS, ("ServiceMonitor",), ("spec", "endpoints", 0, "bearerTokenFile"), "/etc/prometheus/secrets/admin/token", True),
    Defect("metrics written elsewhere over plain HTTP", "observability", _COREOS, ("Prometheus",), ("spec", "remoteWrite"), [{"url": "http://metrics.example.com/api/v1/write", "bearerToken": "kT9vQ2mX7pLr4sWz"}], True),
    Defect("administrators' API of Prometheus", "observability", _COREOS, ("Prometheus",), ("spec", "enableAdminAPI"), True, True),
    Defect("alerts over plain HTTP", "observability", _COREOS, ("AlertmanagerConfig",), ("spec", "receivers", 0, "webhookConfigs"), [{"url": "http://hooks.example.com/alerts"}], True),
    Defect("key of a chat channel in plain text", "observability", _GRAFANA, ("GrafanaContactPoint",), ("spec", "settings"), {"url": "https://hooks.slack.com/services/T000/B000/example"}, True),
    Defect("role that may do everything", "identity", _RBAC, ("ClusterRole",), ("rules",), [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}], True),
    Defect("role that may do everything in its namespace", "identity", _RBAC, ("Role",), ("rules",), [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}], True),
    Defect("role that reads every Secret", "identity", _RBAC, ("ClusterRole",), ("rules",), [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]}], True),
    Defect("role that acts as anybody", "identity", _RBAC, ("ClusterRole",), ("rules",), [{"apiGroups": [""], "resources": ["users", "groups", "serviceaccounts"], "verbs": ["impersonate"]}], True),
    Defect("role that gives itself more", "identity", _RBAC, ("ClusterRole", "Role"), ("rules",), [{"apiGroups": [_RBAC], "resources": ["clusterroles", "roles"], "verbs": ["bind", "escalate"]}], True),
    Defect("administrator of the cluster", "identity", _RBAC, _BINDINGS, ("roleRef",), {"apiGroup": _RBAC, "kind": "ClusterRole", "name": "cluster-admin"}, True),
    Defect("role for whoever does not sign in", "identity", _RBAC, _BINDINGS, ("subjects",), [{"apiGroup": _RBAC, "kind": "Group", "name": "system:unauthenticated"}], True),
    Defect("role for every pod", "identity", _RBAC, _BINDINGS, ("subjects",), [{"apiGroup": _RBAC, "kind": "Group", "name": "system:serviceaccounts"}], True),
    Defect("owner of the project", "identity", "iam.cnrm.cloud.google.com", ("IAMPolicyMember",), ("spec", "role"), "roles/owner", True),
    Defect("owner of the project by a binding", "identity", "iam.cnrm.cloud.google.com", ("IAMPartialPolicy", "IAMPolicy"), ("spec", "bindings"), [{"role": "roles/owner", "members": [{"member": "serviceAccount:trainer@example-ml.iam.gserviceaccount.com"}]}], True),
    Defect("policy that allows everything", "identity", "iam.services.k8s.aws", ("Policy",), ("spec", "policyDocument"), '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}', True),
    Defect("administrator of the account", "identity", "iam.services.k8s.aws", ("Role", "User"), ("spec", "policies"), ["arn:aws:iam::aws:policy/AdministratorAccess"], True),
    Defect("role that anybody may take", "identity", "iam.services.k8s.aws", ("Role",), ("spec", "assumeRolePolicyDocument"), '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}', True),
    Defect("commands from Zabbix' server", "observability", "apps", ("DaemonSet",), (*_FIRST, "env"), [{"name": "ZBX_ALLOWKEY", "value": "system.run[*]"}], True),
    Defect("dashboards without sign-in, by variables", "observability", "apps", ("Deployment",), (*_FIRST, "env"), [{"name": "GF_AUTH_ANONYMOUS_ENABLED", "value": "true"}, {"name": "GF_AUTH_ANONYMOUS_ORG_ROLE", "value": "Admin"}], True),
    Defect("administrators' API of Prometheus, by an argument", "observability", "apps", ("StatefulSet",), (*_FIRST, "args"), ["--config.file=/etc/prometheus.yml", "--web.enable-admin-api"], True),
    Defect("token of a channel in plain text", "observability", _CNRM, ("MonitoringNotificationChannel",), ("spec", "sensitiveLabels"), {"authToken": {"value": "kT9vQ2mX7pLr4sWz"}}, True),
    Defect("alerts of the cloud over plain HTTP", "observability", _CNRM, ("MonitoringNotificationChannel",), ("spec", "labels"), {"url": "http://alerts.example.com/hook"}, True),
    Defect("scrape by Google's collectors of any certificate", "observability", "monitoring.googleapis.com", ("PodMonitoring",), ("spec", "endpoints", 0, "tls"), {"insecureSkipVerify": True}, True),
    Defect("plugin of a folder that all write to", "observability", "", ("ConfigMap",), ("data", "gpu-monitor.json"), '{"plugin": "custom", "source": "gpu-monitor", "conditions": [], "rules": [{"type": "temporary", "reason": "GPULost", "path": "/tmp/check_gpu.sh"}]}', True),
    Defect("token in Prometheus' configuration", "observability", "", ("ConfigMap",), ("data", "prometheus.yml"), "scrape_configs: [{job_name: models, bearer_token: kT9vQ2mX7pLr4sWz, static_configs: [{targets: [gpu.example.com]}]}]", True),
    Defect("password in a script", "identity", "apps", _CONTROLLERS, (*_FIRST, "command"), ["sh", "-c", "export DB_PASSWORD=Tr0ub4dor-and-3 && exec python serve.py"], True),
    Defect("password in a file of a ConfigMap", "identity", "", ("ConfigMap",), ("data", "application.yaml"), "database:\n  user: mlflow\n  password: Tr0ub4dor-and-3\n", True),
    Defect("token in the URL of a repository", "identity", _FLUX, ("GitRepository",), ("spec", "url"), "https://bot:kT9vQ2mX7pLr4sWz8nBc@git.example.com/team/app", True),
    Defect("key in a function's variables", "identity", "lambda.services.k8s.aws", ("Function",), ("spec", "environment"), {"variables": {"WANDB_API_KEY": "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"}}, True),
    Defect("key among hyperparameters", "identity", "sagemaker.services.k8s.aws", ("TrainingJob",), ("spec", "hyperParameters"), {"wandb_api_key": "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"}, True),
    Defect("everybody who signs in administers Grafana", "observability", _GRAFANA, ("Grafana",), ("spec", "config", "users"), {"auto_assign_org_role": "Admin"}, True),
    Defect("dashboard over plain HTTP", "observability", _GRAFANA, ("GrafanaDashboard",), ("spec", "url"), "http://boards.example.com/gpus.json", True),
    Defect("anybody may write to Evidently", "observability", "apps", ("Deployment",), (*_FIRST, "command"), ["evidently", "ui", "--host", "0.0.0.0"], True),
    Defect("alert that fires at once, of no severity", "observability", _COREOS, ("PrometheusRule",), ("spec", "groups", 0, "rules"), [{"alert": "ModelIsSlow", "expr": "latency_seconds > 1"}], False),
    Defect("nodes with every right of the default account", "identity", "container.cnrm.cloud.google.com", ("ContainerNodePool",), ("spec", "nodeConfig", "oauthScopes"), ["https://www.googleapis.com/auth/cloud-platform"], True),
    Defect("node's credentials for every pod", "identity", "container.cnrm.cloud.google.com", ("ContainerNodePool",), ("spec", "nodeConfig", "workloadMetadataConfig"), {"mode": "GCE_METADATA"}, True),
    Defect("cluster that asks no roles", "identity", "container.cnrm.cloud.google.com", ("ContainerCluster",), ("spec", "enableLegacyAbac"), True, True),
    Defect("no bound on scaling", "cost", _KSERVE, ("InferenceService",), ("spec", "predictor", "maxReplicas"), 0, False),
    Defect("training on spot nodes", "pipelines", "kubeflow.org", ("PyTorchJob",), ("spec", "pytorchReplicaSpecs", "Worker", "template", "spec", "nodeSelector"), {"cloud.google.com/gke-spot": "true"}, False),
    Defect("runtime of somebody's own", "serving", _KSERVE, ("InferenceService",), ("spec", "predictor", "model", "runtime"), "my-runtime", False),
    Defect("any number of requests at once", "serving", _KNATIVE, ("Service",), ("spec", "template", "spec", "containerConcurrency"), 0, False),
    Defect("production asleep", "cost", _KNATIVE, ("Service",), ("metadata", "labels"), {"environment": "production"}, False),
    Defect("newest code of a function in production", "serving", "lambda.services.k8s.aws", ("Alias",), ("spec", "functionVersion"), "$LATEST", False),
    Defect("no bound on a revision's scaling", "cost", _KNATIVE, ("Service",), ("spec", "template", "metadata", "annotations", "autoscaling.knative.dev/max-scale"), "0", False),
)
# fmt: on
