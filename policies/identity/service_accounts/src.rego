# METADATA
# title: Models run under accounts of their own, without keys
# description: |
#   The account `default` is everybody's in its namespace, and the default account of a cloud's project is often its editor: what one model needs, all have. And a key of a cloud's account
#   that lies in a Secret works from anywhere until somebody deletes it, where workload identity gives pods tokens that end by themselves.
#
#   Refused are an IAMServiceAccountKey, and `GOOGLE_APPLICATION_CREDENTIALS` that leads into a Secret that is mounted. With `unnamed: refuse`, what serves or trains needs an account that is not
#   `default`: components of KServe's InferenceServices and LLMInferenceServices, Knative's services, services and jobs of Cloud Run (`serviceAccountRef`), training jobs of Kubeflow and clusters
#   of Ray (but for a head with `enableInTreeAutoscaling`, which KubeRay makes an account for). With `awsKeys: refuse`, keys of AWS that come from a Secret (`AWS_SECRET_ACCESS_KEY` by `secretKeyRef`) are refused, which stores that speak S3 without being AWS need.
#
#   Placeholders are left for when they are filled in. An update that changes nothing but metadata and status is not judged.
#
#   Not covered: what the account may do (`identity/cluster_rights`, `identity/cloud_rights`), keys that `envFrom`, a sidecar or KServe's annotated Secrets bring, Argo's workflows
#   (`pipelines/workflow_accounts`), and whether workload identity is there at all: exempt what runs outside of the cloud.
# related_resources:
#   - ref: https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys
#     description: Keys of service accounts, and what to use in their place
#   - ref: https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity
#     description: Workload identity of GKE
#   - ref: https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html
#     description: Roles for accounts of EKS
# custom:
#   id: LG-A007
#   severity: medium
#   external: false
#   systems: [kserve, knative, cloud-run, config-connector, kubeflow-trainer, ray, kubernetes]
#   controls:
#     - NIST SP 800-53 AC-6 (least privilege)
#     - NIST SP 800-53 IA-5 (authenticator management)
#     - CIS Kubernetes 5.1.5 (default service accounts)
package lockgate.identity.service_accounts

import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(at.path, "a key of a cloud's account is made", "IAMServiceAccountKey", why, fix) if {
	not updates.unchanged
	some at in workloads.objects
	at.name == "iam.cnrm.cloud.google.com/IAMServiceAccountKey"
	why := "whoever reads the Secret that it goes to has the account, from anywhere, until the key is deleted"
	fix := "remove it, and grant roles/iam.workloadIdentityUser to the pod's account"
}

violation contains report.violation(path, "a key of a cloud's account is mounted", variable.name, why, fix) if {
	not updates.unchanged
	some container in workloads.containers
	some i, variable in container.value.env
	variable.name == "GOOGLE_APPLICATION_CREDENTIALS"
	settings.literal(variable.value)
	some mount in container.value.volumeMounts
	mount.name in secret_volumes
	inside(variable.value, mount.mountPath)
	path := array.concat(container.path, ["env", i, "value"])
	why := "the key works from anywhere until it is deleted"
	fix := "remove the variable and the Secret, and use workload identity"
}

violation contains report.violation(path, "a key of a cloud's account is a variable", variable.name, why, fix) if {
	not updates.unchanged
	review.parameters.awsKeys == "refuse"
	some container in workloads.containers
	some i, variable in container.value.env
	variable.name in {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
	is_object(variable.valueFrom.secretKeyRef)
	path := array.concat(container.path, ["env", i, "valueFrom", "secretKeyRef"])
	why := "the key works from anywhere until it is deleted"
	fix := "remove the variables, and give the pod's account a role (eks.amazonaws.com/role-arn)"
}

violation contains report.violation(path, "no account of its own", settings.shown(value), why, fix) if {
	not updates.unchanged
	review.parameters.unnamed == "refuse"
	some path in accounts
	value := workloads.value_at(path)
	not names_account(value)
	why := "it shares the default account with everything else there that names none"
	fix := sprintf("make an account for it and name it in %s", [path[count(path) - 1]])
}

# Volumes are told apart by their names; one object seldom has two pods with a volume of the same name.
secret_volumes := {volume.name |
	some list in workloads.volume_lists
	some volume in workloads.value_at(list)
	holds_secret(volume)
}

holds_secret(volume) if is_object(volume.secret)

holds_secret(volume) if {
	some source in volume.projected.sources
	is_object(source.secret)
}

inside(file, folder) if {
	is_string(folder)
	startswith(trim_space(file), sprintf("%s/", [trim_right(folder, "/")]))
}

inside(file, folder) if file == folder # subPath

accounts := array.concat(
	[array.concat(pod.path, ["serviceAccountName"]) |
		some pod in workloads.pods
		has_models(pod.object.name)
		not is_part(pod)
	],
	[array.concat(at.path, array.concat(steps, ["serviceAccountRef"])) |
		some at in workloads.objects
		steps := cloud_run[at.name]
		is_object(workloads.value_at(array.concat(at.path, steps)))
	],
)

cloud_run := {
	"run.cnrm.cloud.google.com/RunJob": ["spec", "template", "template"],
	"run.cnrm.cloud.google.com/RunService": ["spec", "template"],
}

has_models(name) if name in {
	"kubeflow.org/JAXJob", "kubeflow.org/MPIJob", "kubeflow.org/PaddleJob", "kubeflow.org/PyTorchJob", "kubeflow.org/TFJob", "kubeflow.org/XGBoostJob", "ray.io/RayCluster", "ray.io/RayJob",
	"ray.io/RayService", "serving.knative.dev/Configuration", "serving.knative.dev/Revision", "serving.knative.dev/Service", "serving.kserve.io/InferenceService",
	"serving.kserve.io/LLMInferenceService", "serving.kubeflow.org/InferenceService",
}

# A component's workers take its account, and a submitter only hands over.
is_part(pod) if pod.path[count(pod.path) - 1] == "workerSpec"

# KubeRay makes an account for a head that scales its cluster.
is_part(pod) if {
	depth := count(pod.path) - 3
	array.slice(pod.path, depth, count(pod.path)) == ["headGroupSpec", "template", "spec"]
	workloads.value_at(array.concat(array.slice(pod.path, 0, depth), ["enableInTreeAutoscaling"])) == true
}

is_part(pod) if "submitterPodTemplate" in {step | some step in pod.path}

names_account(value) if {
	settings.text(value)
	not trim_space(value) == "default"
}

names_account(value) if {
	some field in ["external", "name"]
	names_account_of_project(value[field])
}

names_account_of_project(name) if {
	settings.text(name)
	not regex.match(`^[0-9]+-compute@developer\.gserviceaccount\.com$`, name)
}
