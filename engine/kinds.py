"""Which kinds are namespaced: a table of well-known kinds, and the CustomResourceDefinitions of a tree.

After the API reference of Kubernetes 1.34 and the CRDs of the projects named below. A manifest does not say
whether its kind is namespaced; the API server knows, a checker has to be told.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record
from lockgate.engine.review import Scope

CRD_GROUP = "apiextensions.k8s.io"

# One line a group: its cluster-scoped kinds. Every other kind of a group in NAMESPACED is unknown unless listed.
_CLUSTER = """
core: ComponentStatus Namespace Node PersistentVolume
admissionregistration.k8s.io: MutatingAdmissionPolicy MutatingAdmissionPolicyBinding
admissionregistration.k8s.io: MutatingWebhookConfiguration ValidatingAdmissionPolicy
admissionregistration.k8s.io: ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration
apiextensions.k8s.io: CustomResourceDefinition
apiregistration.k8s.io: APIService
authentication.k8s.io: SelfSubjectReview TokenReview
authorization.k8s.io: SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview
certificates.k8s.io: CertificateSigningRequest ClusterTrustBundle
flowcontrol.apiserver.k8s.io: FlowSchema PriorityLevelConfiguration
internal.apiserver.k8s.io: StorageVersion
networking.k8s.io: IPAddress IngressClass ServiceCIDR
node.k8s.io: RuntimeClass
policy: PodSecurityPolicy
rbac.authorization.k8s.io: ClusterRole ClusterRoleBinding
resource.k8s.io: DeviceClass DeviceTaintRule ResourcePoolStatusRequest ResourceSlice
imagepolicy.k8s.io: ImageReview
scheduling.k8s.io: PriorityClass
storage.k8s.io: CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass
storagemigration.k8s.io: StorageVersionMigration
snapshot.storage.k8s.io: VolumeSnapshotClass VolumeSnapshotContent
cert-manager.io: ClusterIssuer
gateway.networking.k8s.io: GatewayClass
policy.networking.k8s.io: AdminNetworkPolicy BaselineAdminNetworkPolicy ClusterNetworkPolicy
templates.gatekeeper.sh: ConstraintTemplate
mutations.gatekeeper.sh: Assign AssignImage AssignMetadata ModifySet
expansion.gatekeeper.sh: ExpansionTemplate
externaldata.gatekeeper.sh: Provider
syncset.gatekeeper.sh: SyncSet
exemptions.lockgate.dev: Exemption ExemptionPolicy
quota.lockgate.dev: DeviceQuota
promotion.lockgate.dev: EnvironmentMap PromotionPolicy
kyverno.io: ClusterPolicy ClusterCleanupPolicy
serving.kserve.io: ClusterServingRuntime ClusterStorageContainer
kubeflow.org: Profile
trainer.kubeflow.org: ClusterTrainingRuntime
kueue.x-k8s.io: AdmissionCheck ClusterQueue Cohort MultiKueueCluster MultiKueueConfig ProvisioningRequestConfig
kueue.x-k8s.io: ResourceFlavor Topology WorkloadPriorityClass
argoproj.io: ClusterAnalysisTemplate ClusterWorkflowTemplate
karpenter.sh: NodeClaim NodePool
karpenter.k8s.aws: EC2NodeClass
nvidia.com: ClusterPolicy NVIDIADriver
nfd.k8s-sigs.io: NodeFeatureGroup NodeFeatureRule
networking.internal.knative.dev: ClusterDomainClaim
scheduling.volcano.sh: Queue
topology.volcano.sh: HyperNode
scheduling.run.ai: Queue
cilium.io: CiliumClusterwideNetworkPolicy CiliumNode
external-secrets.io: ClusterExternalSecret ClusterSecretStore
keda.sh: ClusterTriggerAuthentication
crd.projectcalico.org: GlobalNetworkPolicy IPPool
core.cnrm.cloud.google.com: ConfigConnector
monitoring.googleapis.com: ClusterPodMonitoring
appmesh.k8s.aws: Mesh
eks.amazonaws.com: NodeClass
policy.sigstore.dev: ClusterImagePolicy TrustRoot
config.ratify.deislabs.io: CertificateStore Policy Store Verifier
auto.gke.io: AllowlistSynchronizer
"""

_NAMESPACED = """
core: Binding ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate ReplicationController
core: ResourceQuota Secret Service ServiceAccount
apps: ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet
authorization.k8s.io: LocalSubjectAccessReview
autoscaling: HorizontalPodAutoscaler Scale
autoscaling.k8s.io: VerticalPodAutoscaler VerticalPodAutoscalerCheckpoint
batch: CronJob Job
certificates.k8s.io: PodCertificateRequest
coordination.k8s.io: Lease LeaseCandidate
discovery.k8s.io: EndpointSlice
events.k8s.io: Event
extensions: DaemonSet Deployment Ingress NetworkPolicy ReplicaSet
networking.k8s.io: Ingress NetworkPolicy
policy: Eviction PodDisruptionBudget
rbac.authorization.k8s.io: Role RoleBinding
resource.k8s.io: PodSchedulingContext ResourceClaim ResourceClaimParameters ResourceClaimTemplate
resource.k8s.io: ResourceClassParameters
scheduling.k8s.io: PodGroup Workload
storage.k8s.io: CSIStorageCapacity
snapshot.storage.k8s.io: VolumeSnapshot
acme.cert-manager.io: Challenge Order
cert-manager.io: Certificate CertificateRequest Issuer
gateway.networking.k8s.io: BackendTLSPolicy GRPCRoute Gateway HTTPRoute ReferenceGrant TCPRoute TLSRoute UDPRoute
inference.networking.k8s.io: InferencePool
inference.networking.x-k8s.io: InferenceModel InferenceObjective InferencePool
config.gatekeeper.sh: Config
connection.gatekeeper.sh: Connection
status.gatekeeper.sh: ConfigPodStatus ConstraintPodStatus ConstraintTemplatePodStatus ExpansionTemplatePodStatus
status.gatekeeper.sh: MutatorPodStatus ProviderPodStatus
kyverno.io: CleanupPolicy Policy PolicyException
monitoring.coreos.com: Alertmanager AlertmanagerConfig PodMonitor Probe Prometheus PrometheusAgent PrometheusRule
monitoring.coreos.com: ScrapeConfig ServiceMonitor ThanosRuler
serving.kserve.io: InferenceGraph InferenceService LLMInferenceService LLMInferenceServiceConfig LocalModelCache
serving.kserve.io: PredictiveModel ServingRuntime TrainedModel
ray.io: RayCluster RayCronJob RayJob RayService
kubeflow.org: Experiment MPIJob MXJob Notebook PaddleJob PVCViewer PodDefault PyTorchJob ScheduledWorkflow Suggestion TFJob
kubeflow.org: Trial Viewer XGBoostJob JAXJob
trainer.kubeflow.org: TrainJob TrainingRuntime
sparkoperator.k8s.io: ScheduledSparkApplication SparkApplication SparkConnect
pipelines.kubeflow.org: Pipeline PipelineVersion
tensorboard.kubeflow.org: Tensorboard
jobset.x-k8s.io: JobSet
leaderworkerset.x-k8s.io: LeaderWorkerSet
kueue.x-k8s.io: LocalQueue ProvisioningRequest Workload
autoscaling.x-k8s.io: ProvisioningRequest
batch.volcano.sh: CronJob Job
bus.volcano.sh: Command
flow.volcano.sh: JobFlow JobTemplate
scheduling.volcano.sh: PodGroup
scheduling.run.ai: PodGroup
scheduling.x-k8s.io: ElasticQuota PodGroup
argoproj.io: AnalysisRun AnalysisTemplate AppProject Application ApplicationSet CronWorkflow EventBus EventSource
argoproj.io: Experiment Rollout Sensor Workflow WorkflowArtifactGCTask WorkflowEventBinding WorkflowTaskResult
argoproj.io: WorkflowTaskSet WorkflowTemplate
serving.knative.dev: Configuration DomainMapping Revision Route Service
eventing.knative.dev: Broker EventPolicy EventType Trigger
flows.knative.dev: Parallel Sequence
messaging.knative.dev: Channel InMemoryChannel Subscription
sources.knative.dev: ApiServerSource ContainerSource PingSource SinkBinding
operator.knative.dev: KnativeEventing KnativeServing
caching.internal.knative.dev: Image
networking.internal.knative.dev: Certificate Ingress ServerlessService
networking.istio.io: DestinationRule EnvoyFilter Gateway ProxyConfig ServiceEntry Sidecar VirtualService
networking.istio.io: WorkloadEntry WorkloadGroup
security.istio.io: AuthorizationPolicy PeerAuthentication RequestAuthentication
telemetry.istio.io: Telemetry
extensions.istio.io: WasmPlugin
tekton.dev: CustomRun Pipeline PipelineRun Run Task TaskRun
triggers.tekton.dev: EventListener Trigger TriggerBinding TriggerTemplate
source.toolkit.fluxcd.io: Bucket GitRepository HelmChart HelmRepository OCIRepository
kustomize.toolkit.fluxcd.io: Kustomization
helm.toolkit.fluxcd.io: HelmRelease
external-secrets.io: ExternalSecret PushSecret SecretStore
keda.sh: ScaledJob ScaledObject TriggerAuthentication
http.keda.sh: HTTPScaledObject
cilium.io: CiliumEndpoint CiliumNetworkPolicy
crd.projectcalico.org: NetworkPolicy
machinelearning.seldon.io: SeldonDeployment
mlops.seldon.io: Experiment Model Pipeline Server ServerConfig SeldonConfig SeldonRuntime
nvidia.com: DynamoComponentDeployment DynamoGraphDeployment DynamoModel
nfd.k8s-sigs.io: NodeFeature
apps.nvidia.com: NIMCache NIMPipeline NIMService NemoCustomizer NemoDatastore NemoEntitystore NemoEvaluator
resource.nvidia.com: ComputeDomain ComputeDomainClique
mlflow.opendatahub.io: MLflowConfig
sagemaker.services.k8s.aws: Endpoint EndpointConfig Model TrainingJob
bitnami.com: SealedSecret
route.openshift.io: Route
agents.x-k8s.io: Sandbox
aigateway.envoyproxy.io: AIGatewayRoute AIServiceBackend BackendSecurityPolicy
app.k8s.io: Application
appmesh.k8s.aws: GatewayRoute VirtualGateway VirtualNode VirtualRouter VirtualService
apisix.apache.org: ApisixRoute
certmanager.k8s.io: Certificate Issuer
configsync.gke.io: RepoSync RootSync
dapr.io: Component Configuration Subscription
databases.spotahome.com: RedisFailover
getambassador.io: Host KubernetesEndpointResolver Listener Mapping
grafana.integreatly.org: Grafana GrafanaAlertRuleGroup GrafanaDashboard GrafanaDatasource GrafanaFolder
image.toolkit.fluxcd.io: ImagePolicy ImageRepository ImageUpdateAutomation
notification.toolkit.fluxcd.io: Alert Provider Receiver
install.istio.io: IstioOperator
k8s.cni.cncf.io: NetworkAttachmentDefinition
kafka.strimzi.io: Kafka KafkaConnect KafkaNodePool KafkaTopic KafkaUser
monitoring.googleapis.com: PodMonitoring Rules
projectcontour.io: ContourDeployment HTTPProxy TLSCertificateDelegation
promoter.argoproj.io: ArgoCDCommitStatus ChangeTransferPolicy CommitStatus PromotionStrategy PullRequest ScmProvider
serving.kubeflow.org: InferenceService
sources.knative.dev: GitHubSource KafkaSource
sriovnetwork.k8snetworkplumbingwg.io: DeviceAttributes SriovNetworkNodePolicy SriovNetworkNodeState SriovResourcePolicy
sriovnetwork.k8snetworkplumbingwg.io: SriovNetwork
workload.codeflare.dev: AppWrapper
"""

# Groups of these domains have namespaced kinds only, but for those above: Google's Config Connector, AWS' controllers.
_NAMESPACED_DOMAINS = (".cnrm.cloud.google.com", ".services.k8s.aws")


def _table(text: str, scope: Scope) -> dict[tuple[str, str], Scope]:
    table: dict[tuple[str, str], Scope] = {}
    for line in text.strip().splitlines():
        group, _, kinds = line.partition(":")
        for kind in kinds.split():
            table["" if group == "core" else group, kind] = scope
    return table


BUILT_IN: Mapping[tuple[str, str], Scope] = _table(_CLUSTER, "Cluster") | _table(_NAMESPACED, "Namespaced")

# Every constraint is cluster-scoped, whatever its kind.
CLUSTER_GROUPS = frozenset({"constraints.gatekeeper.sh"})

# The group under which a document without apiVersion and kind is judged.
DOCUMENT_GROUP: Final = "documents.lockgate.dev"
# Groups of files that tools read and no API server serves: only policies that name one of them get its objects, since a
# policy for every kind (`*`) means those of a cluster.
NAMED_GROUPS: Final = frozenset({DOCUMENT_GROUP, "kustomize.config.k8s.io", "kpt.dev"})


def split_api_version(api_version: object) -> tuple[str, str]:
    """Group and version of an `apiVersion` ("", "" when it is none)."""
    if type(api_version) is not str:
        return "", ""
    group, slash, version = api_version.partition("/")
    if not slash:
        return "", group
    return (group, version) if "/" not in version else ("", "")


@record
class Kinds:
    """Scope of a kind by (group, kind); `found` are the kinds that a tree's CRDs define, which win.

    None of them is one of Kubernetes' own groups without a dot, where no CRD can define a kind.
    """

    found: Mapping[tuple[str, str], Scope] = field(default_factory=dict)

    def scope(self, group: str, kind: str) -> Scope:
        """ "Namespaced", "Cluster", or "Unknown" when neither the table nor a CRD has the kind."""
        found = self.found.get((group, kind)) if "." in group else None
        known = found or BUILT_IN.get((group, kind))
        if known is not None:
            return known
        if group in CLUSTER_GROUPS or group in NAMED_GROUPS:
            return "Cluster"
        return "Namespaced" if group.endswith(_NAMESPACED_DOMAINS) else "Unknown"

    def beside(self, known: "Kinds") -> "Kinds":
        """These kinds where neither `known` nor the table has them, and those of `known`."""
        added: dict[tuple[str, str], Scope] = {
            name: scope for name, scope in self.found.items() if known.scope(*name) == "Unknown"
        }
        return Kinds({**added, **known.found})


def find_kinds(objects: Iterable[Mapping[str, Value]]) -> Kinds:
    """The kinds that the CustomResourceDefinitions among the objects define; malformed ones define none."""
    found: dict[tuple[str, str], Scope] = {}
    for value in objects:
        if value.get("kind") != "CustomResourceDefinition":
            continue
        if split_api_version(value.get("apiVersion"))[0] != CRD_GROUP:
            continue
        spec = value.get("spec")
        if not isinstance(spec, dict):
            continue
        group, names, scope = spec.get("group"), spec.get("names"), spec.get("scope")
        if not isinstance(group, str) or not isinstance(names, dict):
            continue
        kind = names.get("kind")
        if isinstance(kind, str) and scope in ("Namespaced", "Cluster"):
            found[group, kind] = "Cluster" if scope == "Cluster" else "Namespaced"
    return Kinds(found)
