# METADATA
# title: Workloads
# description: |
#   Where the pods, the containers and the images are, in every kind of workload that is known here. All answers are
#   paths from the root of the object under review; read a value with `object.get(review.target, path, null)`.
#   A kind is found by its group and name and never by its version, since the shapes below did not change between
#   versions and a version that is not known here must not hide a pod.
package lib.lockgate.workloads

import data.lib.lockgate.review

# A pattern is a list of segments; between two segments stands "every element of the list, or every value of the
# object, found here".
pod_patterns := {
	"/Pod": [[["spec"]]],
	"/PodTemplate": [[["template", "spec"]]],
	"/ReplicationController": [[["spec", "template", "spec"]]],
	"apps/DaemonSet": [[["spec", "template", "spec"]]],
	"apps/Deployment": [[["spec", "template", "spec"]]],
	"apps/ReplicaSet": [[["spec", "template", "spec"]]],
	"apps/StatefulSet": [[["spec", "template", "spec"]]],
	"argoproj.io/AnalysisRun": [[["spec", "metrics"], ["provider", "job", "spec", "template", "spec"]]],
	"argoproj.io/AnalysisTemplate": [[["spec", "metrics"], ["provider", "job", "spec", "template", "spec"]]],
	"argoproj.io/ClusterAnalysisTemplate": [[["spec", "metrics"], ["provider", "job", "spec", "template", "spec"]]],
	"argoproj.io/Experiment": [[["spec", "templates"], ["template", "spec"]]],
	"argoproj.io/Rollout": [[["spec", "template", "spec"]]],
	"batch.volcano.sh/Job": [[["spec", "tasks"], ["template", "spec"]]],
	"batch/CronJob": [[["spec", "jobTemplate", "spec", "template", "spec"]]],
	"batch/Job": [[["spec", "template", "spec"]]],
	"extensions/DaemonSet": [[["spec", "template", "spec"]]],
	"extensions/Deployment": [[["spec", "template", "spec"]]],
	"extensions/ReplicaSet": [[["spec", "template", "spec"]]],
	"jobset.x-k8s.io/JobSet": [[["spec", "replicatedJobs"], ["template", "spec", "template", "spec"]]],
	"kubeflow.org/JAXJob": [[["spec", "jaxReplicaSpecs"], ["template", "spec"]]],
	"kubeflow.org/MPIJob": [[["spec", "mpiReplicaSpecs"], ["template", "spec"]]],
	"kubeflow.org/Notebook": [[["spec", "template", "spec"]]],
	"kubeflow.org/PaddleJob": [[["spec", "paddleReplicaSpecs"], ["template", "spec"]]],
	"kubeflow.org/PyTorchJob": [[["spec", "pytorchReplicaSpecs"], ["template", "spec"]]],
	"kubeflow.org/TFJob": [[["spec", "tfReplicaSpecs"], ["template", "spec"]]],
	"kubeflow.org/XGBoostJob": [[["spec", "xgbReplicaSpecs"], ["template", "spec"]]],
	"leaderworkerset.x-k8s.io/LeaderWorkerSet": [
		[["spec", "leaderWorkerTemplate", "leaderTemplate", "spec"]],
		[["spec", "leaderWorkerTemplate", "workerTemplate", "spec"]],
	],
	"ray.io/RayCluster": [
		[["spec", "headGroupSpec", "template", "spec"]],
		[["spec", "workerGroupSpecs"], ["template", "spec"]],
	],
	"ray.io/RayCronJob": [
		[["spec", "jobTemplate", "rayClusterSpec", "headGroupSpec", "template", "spec"]],
		[["spec", "jobTemplate", "rayClusterSpec", "workerGroupSpecs"], ["template", "spec"]],
		[["spec", "jobTemplate", "submitterPodTemplate", "spec"]],
	],
	"ray.io/RayJob": [
		[["spec", "rayClusterSpec", "headGroupSpec", "template", "spec"]],
		[["spec", "rayClusterSpec", "workerGroupSpecs"], ["template", "spec"]],
		[["spec", "submitterPodTemplate", "spec"]],
	],
	"ray.io/RayService": [
		[["spec", "rayClusterConfig", "headGroupSpec", "template", "spec"]],
		[["spec", "rayClusterConfig", "workerGroupSpecs"], ["template", "spec"]],
	],
	"serving.knative.dev/Configuration": [[["spec", "template", "spec"]]],
	"serving.knative.dev/Revision": [[["spec"]]],
	"serving.knative.dev/Service": [[["spec", "template", "spec"]]],
	"serving.kserve.io/ClusterServingRuntime": [
		[["spec"]],
		[["spec", "workerSpec"]],
	],
	"serving.kserve.io/InferenceService": [
		[["spec", "predictor"]],
		[["spec", "predictor", "workerSpec"]],
		[["spec", "transformer"]],
		[["spec", "transformer", "workerSpec"]],
		[["spec", "explainer"]],
		[["spec", "explainer", "workerSpec"]],
	],
	"serving.kserve.io/LLMInferenceService": [
		[["spec", "template"]],
		[["spec", "worker"]],
		[["spec", "prefill", "template"]],
		[["spec", "prefill", "worker"]],
		[["spec", "router", "scheduler", "template"]],
		[["spec", "router", "scheduler", "tokenizer", "template"]],
	],
	"serving.kserve.io/LLMInferenceServiceConfig": [
		[["spec", "template"]],
		[["spec", "worker"]],
		[["spec", "prefill", "template"]],
		[["spec", "prefill", "worker"]],
		[["spec", "router", "scheduler", "template"]],
		[["spec", "router", "scheduler", "tokenizer", "template"]],
	],
	"serving.kserve.io/ServingRuntime": [
		[["spec"]],
		[["spec", "workerSpec"]],
	],
	"serving.kubeflow.org/InferenceService": [
		[["spec", "predictor"]],
		[["spec", "predictor", "workerSpec"]],
		[["spec", "transformer"]],
		[["spec", "transformer", "workerSpec"]],
		[["spec", "explainer"]],
		[["spec", "explainer", "workerSpec"]],
	],
	"trainer.kubeflow.org/ClusterTrainingRuntime": [[
		["spec", "template", "spec", "replicatedJobs"],
		["template", "spec", "template", "spec"],
	]],
	"trainer.kubeflow.org/TrainJob": [
		[
			["spec", "runtimePatches"],
			["trainingRuntimeSpec", "template", "spec", "replicatedJobs"],
			["template", "spec", "template", "spec"],
		],
		[["spec", "podTemplateOverrides"], ["spec"]],
	],
	"trainer.kubeflow.org/TrainingRuntime": [[
		["spec", "template", "spec", "replicatedJobs"],
		["template", "spec", "template", "spec"],
	]],
}

# A kind that is not in the table may still carry a pod where most controllers put theirs.
other_patterns := [
	[["spec", "template", "spec"]],
	[["spec", "podTemplate", "spec"]],
	[["spec", "deployment", "spec", "template", "spec"]],
	[["spec", "jobTemplate", "spec", "template", "spec"]],
]

# Objects that look like a container and stand outside a pod spec.
container_patterns := {
	"argoproj.io/Sensor": [[["spec", "template", "container"]]],
	"kubeflow.org/Experiment": [[["spec", "metricsCollectorSpec", "collector", "customCollector"]]],
	"ray.io/RayCluster": [[["spec", "historyServerOptions", "collectorOptions"]]],
	"ray.io/RayCronJob": [[["spec", "jobTemplate", "rayClusterSpec", "historyServerOptions", "collectorOptions"]]],
	"ray.io/RayJob": [[["spec", "rayClusterSpec", "historyServerOptions", "collectorOptions"]]],
	"ray.io/RayService": [[["spec", "rayClusterConfig", "historyServerOptions", "collectorOptions"]]],
	"run.cnrm.cloud.google.com/RunJob": [[["spec", "template", "template", "containers"], []]],
	"run.cnrm.cloud.google.com/RunService": [[["spec", "template", "containers"], []]],
	"sagemaker.services.k8s.aws/Model": [
		[["spec", "primaryContainer"]],
		[["spec", "containers"], []],
	],
	"sagemaker.services.k8s.aws/ModelPackage": [[["spec", "inferenceSpecification", "containers"], []]],
	"serving.kserve.io/ClusterStorageContainer": [[["spec", "container"]]],
	"sparkoperator.k8s.io/ScheduledSparkApplication": [
		[["spec", "template"]],
		[["spec", "template", "driver"]],
		[["spec", "template", "executor"]],
	],
	"sparkoperator.k8s.io/SparkApplication": [
		[["spec"]],
		[["spec", "driver"]],
		[["spec", "executor"]],
	],
	"tekton.dev/Task": [
		[["spec", "steps"], []],
		[["spec", "sidecars"], []],
	],
	"trainer.kubeflow.org/TrainJob": [[["spec", "trainer"]]],
}

# Objects inside objects: what a controller creates as it is written. Each is judged like an object of its own.
embedding_patterns := {
	"argoproj.io/Sensor": [
		[["spec", "triggers"], ["template", "k8s", "source", "resource"]],
		[["spec", "triggers"], ["template", "argoWorkflow", "source", "resource"]],
	],
	"kubeflow.org/Experiment": [[["spec", "trialTemplate", "trialSpec"]]],
	"workload.codeflare.dev/AppWrapper": [[["spec", "components"], ["template"]]],
}

# METADATA
# description: |
#   Paths of the objects to be judged: the root, and the objects embedded in it, twice deep. What is embedded deeper
#   is in `too_deep`, for a rule to refuse.
object_paths := ({[]} | embedded) | embedded_twice

embedded contains path if some path in embedded_in([])

embedded_twice contains path if {
	some outer in embedded
	some path in embedded_in(outer)
}

too_deep contains path if {
	some outer in embedded_twice
	some path in embedded_in(outer)
}

embedded_in(at) := {path |
	value := value_at(at)
	some pattern in object.get(embedding_patterns, identity(value), [])
	some path in matches(at, pattern)
	is_object(value_at(path))
}

# METADATA
# description: '`group/Kind` of an object; the group of `v1` is empty.'
identity(value) := sprintf("%s/%s", [group(object.get(value, "apiVersion", "")), object.get(value, "kind", "")])

group(api_version) := split(api_version, "/")[0] if {
	is_string(api_version)
	contains(api_version, "/")
} else := ""

value_at([]) := review.target

value_at(path) := object.get(review.target, path, null) if count(path) > 0

# METADATA
# description: Paths of pod specs.
pod_paths contains path if {
	some at in object_paths
	value := value_at(at)
	some pattern in patterns_of(identity(value))
	some path in matches(at, pattern)
	is_object(value_at(path))
}

patterns_of(name) := object.get(pod_patterns, name, other_patterns)

# METADATA
# description: |
#   Paths at which a pattern matches, below the path `at`. Patterns differ in depth, and each depth has its clause,
#   since Rego has no recursion.
matches(at, pattern) := {array.concat(at, pattern[0])} if count(pattern) == 1

matches(at, pattern) := {path |
	first := array.concat(at, pattern[0])
	some i, _ in children(first)
	path := array.concat(array.concat(first, [i]), pattern[1])
} if {
	count(pattern) == 2
}

matches(at, pattern) := {path |
	first := array.concat(at, pattern[0])
	some i, _ in children(first)
	second := array.concat(array.concat(first, [i]), pattern[1])
	some j, _ in children(second)
	path := array.concat(array.concat(second, [j]), pattern[2])
} if {
	count(pattern) == 3
}

matches(at, pattern) := {path |
	first := array.concat(at, pattern[0])
	some i, _ in children(first)
	second := array.concat(array.concat(first, [i]), pattern[1])
	some j, _ in children(second)
	third := array.concat(array.concat(second, [j]), pattern[2])
	some k, _ in children(third)
	path := array.concat(array.concat(third, [k]), pattern[3])
} if {
	count(pattern) == 4
}

children(path) := value if {
	value := value_at(path)
	is_array(value)
} else := value if {
	value := value_at(path)
	is_object(value)
} else := []

# METADATA
# description: Paths of containers, and of what looks like a container.
container_paths contains path if {
	some pod in pod_paths
	some field in ["containers", "initContainers", "ephemeralContainers"]
	list := array.concat(pod, [field])
	some i, container in children(list)
	is_object(container)
	path := array.concat(list, [i])
}

container_paths contains path if {
	some at in object_paths
	some pattern in object.get(container_patterns, identity(value_at(at)), [])
	some path in matches(at, pattern)
	is_object(value_at(path))
}

# Where an InferenceService names a model server beside the containers of a component.
inference_services := {"serving.kserve.io/InferenceService", "serving.kubeflow.org/InferenceService"}

model_servers := [
	"model", "alibi", "art", "huggingface", "lightgbm", "logger", "onnx", "paddle", "pmml", "pytorch", "sklearn",
	"tensorflow", "triton", "xgboost",
]

container_paths contains path if {
	some at in object_paths
	identity(value_at(at)) in inference_services
	some component in ["predictor", "transformer", "explainer"]
	some server in model_servers
	path := array.concat(at, ["spec", component, server])
	is_object(value_at(path))
}

# An Argo template is written in the list of templates, as the defaults of all, or inline in a step or a task.
workflow_specs := {
	"argoproj.io/ClusterWorkflowTemplate": ["spec"],
	"argoproj.io/CronWorkflow": ["spec", "workflowSpec"],
	"argoproj.io/Workflow": ["spec"],
	"argoproj.io/WorkflowTemplate": ["spec"],
}

workflow_paths contains path if {
	some at in object_paths
	spec := workflow_specs[identity(value_at(at))]
	path := array.concat(at, spec)
}

template_patterns := [
	[["templates"], []],
	[["templateDefaults"]],
	[["templates"], ["dag", "tasks"], ["inline"]],
	[["templates"], ["steps"], [], ["inline"]],
]

workflow_template_paths contains path if {
	some workflow in workflow_paths
	some pattern in template_patterns
	some path in matches(workflow, pattern)
	is_object(value_at(path))
}

template_container_patterns := [
	[["container"]],
	[["script"]],
	[["containerSet", "containers"], []],
	[["initContainers"], []],
	[["sidecars"], []],
]

container_paths contains path if {
	some template in workflow_template_paths
	some pattern in template_container_patterns
	some path in matches(template, pattern)
	is_object(value_at(path))
}

# METADATA
# description: |
#   Paths of strings that hold a pod, or an object with one, as text: Argo's `podSpecPatch` and `resource.manifest`.
#   What stands in them is known only when the workflow runs.
text_paths contains path if {
	some holder in (workflow_template_paths | workflow_paths)
	some field in [["podSpecPatch"], ["resource", "manifest"]]
	path := array.concat(holder, field)
	is_string(value_at(path))
}

# METADATA
# description: Paths of image references, whatever their value; an absent one is not listed.
image_paths contains path if {
	some container in container_paths
	path := array.concat(container, ["image"])
	value_at(path) != null
}

image_paths contains path if {
	some pod in pod_paths
	volumes := array.concat(pod, ["volumes"])
	some i, _ in children(volumes)
	path := array.concat(volumes, [i, "image", "reference"])
	value_at(path) != null
}

image_paths contains path if {
	some at in object_paths
	identity(value_at(at)) == "lambda.services.k8s.aws/Function"
	path := array.concat(at, ["spec", "code", "imageURI"])
	value_at(path) != null
}
