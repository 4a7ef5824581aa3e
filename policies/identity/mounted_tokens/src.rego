# METADATA
# title: Models and training have no token of the API server
# description: |
#   Kubernetes mounts a token of the pod's account into every pod, unless it is told not to. A model server and a training job seldom talk to the API server; code that comes with a
#   model does, when it finds a token.
#
#   What serves or trains needs `automountServiceAccountToken: false`: components of KServe's InferenceServices and LLMInferenceServices, training jobs of Kubeflow, and other pods
#   that ask for devices; `accounts` names accounts whose pods talk to the API server. In every pod, a projected token is refused that is for the API server itself (without
#   an `audience`), or lives longer than `maxSeconds` (86400 when left out).
#
#   Ray's clusters and notebooks are not judged: they ask the API server for pods. Neither are pods that a controller made, and the volumes `kube-api-access-…` that an API server
#   adds. Placeholders are left for when they are filled in. An update that changes nothing but metadata and status is not judged.
#
#   Not covered: `automountServiceAccountToken: false` on the ServiceAccount, which a pod may overrule (name such accounts in `accounts`), Secrets of the type
#   service-account-token, and what the account may do (`identity/cluster_rights`).
# related_resources:
#   - ref: https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting
#     description: Opting out of the token
#   - ref: https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken
#     description: Projected tokens
# custom:
#   id: LG-A008
#   severity: medium
#   external: false
#   systems: [kserve, kubeflow-trainer, kubernetes]
#   controls:
#     - NIST SP 800-53 AC-6 (least privilege)
#     - CIS Kubernetes 5.1.6 (service account tokens are mounted where they are needed)
package lockgate.identity.mounted_tokens

import data.lib.lockgate.devices
import data.lib.lockgate.owners
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "a token of the API server is mounted", settings.shown(value), why, fix) if {
	judged
	some pod in workloads.pods
	needs_none(pod)
	not object.get(pod.value, "serviceAccountName", "default") in object.get(review.parameters, "accounts", [])
	value := object.get(pod.value, "automountServiceAccountToken", null)
	value != false
	not settings.unknown(value)
	path := array.concat(pod.path, ["automountServiceAccountToken"])
	why := "code that comes with a model or a library may act as the pod's account"
	fix := "set automountServiceAccountToken: false"
}

violation contains report.violation(token.path, "a projected token is for the API server", "no audience", why, fix) if {
	judged
	some token in tokens
	object.get(token.value, "audience", "") in {"", null}
	why := "whoever is shown it may act as the pod's account"
	fix := "name whom it is for in audience"
}

violation contains report.violation(path, "a projected token lives long", sprintf("%v s", [seconds]), why, fix) if {
	judged
	some token in tokens
	seconds := token.value.expirationSeconds
	is_number(seconds)
	longest := object.get(review.parameters, "maxSeconds", 86400)
	seconds > longest
	path := array.concat(token.path, ["expirationSeconds"])
	why := "it is good until then wherever it leaks to"
	fix := sprintf("set expirationSeconds to %v or less", [longest])
}

judged if {
	not updates.unchanged
	not made_by_controller
}

made_by_controller if {
	review.target.kind == "Pod"
	owners.controlled(review.target)
}

needs_none(pod) if pod.object.name in {
	"kubeflow.org/JAXJob", "kubeflow.org/MPIJob", "kubeflow.org/PaddleJob", "kubeflow.org/PyTorchJob", "kubeflow.org/TFJob", "kubeflow.org/XGBoostJob",
	"serving.kserve.io/InferenceService", "serving.kserve.io/LLMInferenceService", "serving.kubeflow.org/InferenceService",
}

needs_none(pod) if {
	pod.object.name in {
		"/Pod", "apps/DaemonSet", "apps/Deployment", "apps/StatefulSet", "batch/CronJob", "batch/Job", "jobset.x-k8s.io/JobSet",
		"leaderworkerset.x-k8s.io/LeaderWorkerSet", "trainer.kubeflow.org/ClusterTrainingRuntime", "trainer.kubeflow.org/TrainingRuntime",
	}
	devices.asked_for(pod.path)
}

tokens := [{"path": path, "value": token} |
	not is_ray
	some list in workloads.volume_lists
	some i, volume in workloads.value_at(list)
	not regex.match(`^kube-api-access-`, settings.shown(object.get(settings.fields(volume), "name", "")))
	some j, source in volume.projected.sources
	token := source.serviceAccountToken
	is_object(token)
	path := array.concat(list, [i, "projected", "sources", j, "serviceAccountToken"])
]

is_ray if startswith(workloads.objects[0].name, "ray.io/")
