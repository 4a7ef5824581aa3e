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
	"kubeflow.org/MXJob": [[["spec", "mxReplicaSpecs"], ["template", "spec"]]],
	"kubeflow.org/Notebook": [[["spec", "template", "spec"]]],
	"kubeflow.org/PVCViewer": [[["spec", "podSpec"]]],
	"kubeflow.org/PaddleJob": [[["spec", "paddleReplicaSpecs"], ["template", "spec"]]],
	"kubeflow.org/PodDefault": [[["spec"]]],
	"kubeflow.org/PyTorchJob": [[["spec", "pytorchReplicaSpecs"], ["template", "spec"]]],
	"kubeflow.org/TFJob": [[["spec", "tfReplicaSpecs"], ["template", "spec"]]],
	"kubeflow.org/XGBoostJob": [[["spec", "xgbReplicaSpecs"], ["template", "spec"]]],
	"kueue.x-k8s.io/Workload": [[["spec", "podSets"], ["template", "spec"]]],
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
	"sparkoperator.k8s.io/ScheduledSparkApplication": [
		[["spec", "template"]],
		[["spec", "template", "driver"]],
		[["spec", "template", "driver", "template", "spec"]],
		[["spec", "template", "executor"]],
		[["spec", "template", "executor", "template", "spec"]],
	],
	"sparkoperator.k8s.io/SparkApplication": [
		[["spec"]],
		[["spec", "driver"]],
		[["spec", "driver", "template", "spec"]],
		[["spec", "executor"]],
		[["spec", "executor", "template", "spec"]],
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
		[["spec", "podSpecOverrides"], []],
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
	"documents.lockgate.dev/KubeflowPipeline": [
		[["spec", "deploymentSpec", "executors"], ["container"]],
		[["spec", "pipelineSpec", "deploymentSpec", "executors"], ["container"]],
	],
	"kubeflow.org/Experiment": [[["spec", "metricsCollectorSpec", "collector", "customCollector"]]],
	"kubeflow.org/PodDefault": [[["spec", "sidecars"], []]],
	"kubeflow.org/Trial": [[["spec", "metricsCollector", "collector", "customCollector"]]],
	"kubeflow.org/WorkspaceKind": [[["spec", "podTemplate", "options", "imageConfig", "values"], ["spec"]]],
	"pipelines.kubeflow.org/PipelineVersion": [[["spec", "pipelineSpec", "deploymentSpec", "executors"], ["container"]]],
	"ray.io/RayCluster": [
		[["spec", "autoscalerOptions"]],
		[["spec", "historyServerOptions", "collectorOptions"]],
	],
	"ray.io/RayCronJob": [
		[["spec", "jobTemplate", "rayClusterSpec", "autoscalerOptions"]],
		[["spec", "jobTemplate", "rayClusterSpec", "historyServerOptions", "collectorOptions"]],
	],
	"ray.io/RayJob": [
		[["spec", "rayClusterSpec", "autoscalerOptions"]],
		[["spec", "rayClusterSpec", "historyServerOptions", "collectorOptions"]],
	],
	"ray.io/RayService": [
		[["spec", "rayClusterConfig", "autoscalerOptions"]],
		[["spec", "rayClusterConfig", "historyServerOptions", "collectorOptions"]],
	],
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
		[["spec", "template", "driver", "sidecars"], []],
		[["spec", "template", "executor"]],
		[["spec", "template", "executor", "sidecars"], []],
	],
	"sparkoperator.k8s.io/SparkApplication": [
		[["spec"]],
		[["spec", "driver"]],
		[["spec", "driver", "sidecars"], []],
		[["spec", "executor"]],
		[["spec", "executor", "sidecars"], []],
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
	"kubeflow.org/Trial": [[["spec", "runSpec"]]],
	"workload.codeflare.dev/AppWrapper": [[["spec", "components"], ["template"]]],
}

# METADATA
# description: |
#   The objects to be judged, as `{"path", "name", "value"}` with `group/Kind` as name: the root, and the objects embedded in it,
#   twice deep. What is embedded deeper is in `too_deep`, for a rule to refuse.
objects := outermost if {
	review.target.kind in claim_kinds # are reviewed most often, and hold nothing
	startswith(outermost[0].name, "resource.k8s.io/")
} else := outermost if {
	not embedding_patterns[outermost[0].name]
	not is_foreign(outermost[0].name)
	count(items) == 0
} else := array.concat(array.concat(root, embedded), embedded_twice)

claim_kinds := {"ResourceClaim", "ResourceClaimTemplate"}

outermost := [{"path": [], "name": identity(review.target), "value": review.target}]

root := array.concat(outermost, items)

# An API server gets no List, but tools that read files may hand one over.
items := [{"path": ["items", i], "name": identity(item), "value": item} |
	endswith(text(review.target.kind), "List")
	some i, item in review.target.items
	is_object(item)
]

embedded := embedded_in(root)

embedded_twice := embedded_in(embedded)

# METADATA
# description: Paths of objects that are embedded too deep to be judged.
too_deep := [inner.path | some inner in embedded_in(embedded_twice)]

embedded_in(outer) := array.concat(
	[{"path": path, "name": identity(value), "value": value} |
		some at in outer
		some pattern in embedding_patterns[at.name]
		some path in matches(at.path, pattern)
		value := value_at(path)
		is_object(value)
	],
	[{"path": array.concat(at.path, rest), "name": identity(value), "value": value} |
		some at in outer
		is_foreign(at.name)
		some [rest, value] in embedded_anywhere(at.value)
	],
)

# METADATA
# description: |
#   Kinds of somebody's own that are not listed here: what is in them is looked for everywhere in them. Kubernetes' own kinds
#   are known, and Gatekeeper's hold policies about pods.
is_foreign(name) if {
	not contains(name, ".k8s.io/")
	not startswith(name, "/")
	not pod_patterns[name]
	not container_patterns[name]
	not embedding_patterns[name]
	not workflow_specs[name]
	group := split(name, "/")[0]
	contains(group, ".")
	not endswith(group, "gatekeeper.sh")
}

# The outermost objects inside of a value; a reference to an object says neither what is in it nor what it is called.
embedded_anywhere(value) := [[path, inner] |
	found := {path: inner |
		walk(value, [path, inner])
		path != []
		is_string(inner.apiVersion)
		is_string(inner.kind)
		is_written(inner)
	}
	some path, inner in found
	not inside(path, found)
]

is_written(value) if is_object(value.spec)

is_written(value) if is_object(value.metadata)

# Does something of the list or map stand above the path?
inside(path, outer) if {
	some length in numbers.range(0, count(path) - 1)
	outer[array.slice(path, 0, length)]
}

# METADATA
# description: '`group/Kind` of an object; the group of `v1` is empty.'
identity(value) := concat("/", [group(object.get(value, "apiVersion", "")), text(object.get(value, "kind", ""))])

group(api_version) := split(api_version, "/")[0] if {
	is_string(api_version)
	contains(api_version, "/")
} else := ""

text(value) := value if {
	is_string(value)
} else := ""

# METADATA
# description: The value at a path of the object under review; null when there is none.
value_at(path) := object.get(review.target, path, null)

# METADATA
# description: |
#   The pod specs, as `{"path", "object", "pattern", "value"}`: the object of `objects` that holds it, and the number of the
#   pattern of its kind by which it was found.
pods := listed_pods if {
	count(foreign) == 0
} else := array.concat(listed_pods, foreign_pods)

listed_pods := [{"path": path, "object": at, "pattern": number, "value": value} |
	some at in objects
	not startswith(at.name, "resource.k8s.io/") # has no pods, and is reviewed most often
	some number, pattern in object.get(pod_patterns, at.name, other_patterns)
	some path in matches(at.path, pattern)
	value := value_at(path)
	is_object(value)
	may_be_pod(at.name, value)
]

# Where other kinds have a pod, something else may stand: the template of an Application or of a node.
may_be_pod(name, _) if pod_patterns[name]

may_be_pod(_, value) if {
	some field in [
		"containers", "ephemeralContainers", "hostNetwork", "initContainers", "resourceClaims", "runtimeClassName", "securityContext",
		"serviceAccountName", "volumes",
	]
	object.get(value, field, null) != null
}

foreign := [at | some at in objects; is_foreign(at.name)]

# Every object in a foreign kind that is in no other object inside of it.
foreign_values := [{"path": array.concat(at.path, path), "object": at, "value": value} |
	some at in foreign
	inner := {array.slice(found.path, count(at.path), count(found.path)): true |
		some found in objects
		count(found.path) > count(at.path)
		array.slice(found.path, 0, count(at.path)) == at.path
	}
	walk(at.value, [path, value])
	is_object(value)
	not inner[path]
	not inside(path, inner)
]

foreign_pods := [{"path": part.path, "object": part.object, "pattern": -1, "value": part.value} |
	paths := {pod.path | some pod in listed_pods}
	some part in foreign_values
	looks_like_pod(part.value)
	not part.path in paths
]

looks_like_pod(value) if {
	some container in value.containers
	is_string(container.image)
}

looks_like_pod(value) if {
	some claim in value.resourceClaims
	some field in ["resourceClaimName", "resourceClaimTemplateName"]
	is_string(claim[field])
}

# METADATA
# description: Paths of pod specs.
pod_paths := [pod.path | some pod in pods]

# METADATA
# description: |
#   Paths at which a pattern matches, below the path `at`. Patterns differ in depth, and each depth has its clause,
#   since Rego has no recursion.
matches(at, pattern) := [array.concat(at, pattern[0])] if {
	count(pattern) == 1
} else := below(array.concat(at, pattern[0]), pattern[1]) if {
	count(pattern) == 2
} else := [path |
	some first in below(array.concat(at, pattern[0]), pattern[1])
	some path in below(first, pattern[2])
] if {
	count(pattern) == 3
} else := [path |
	some first in below(array.concat(at, pattern[0]), pattern[1])
	some second in below(first, pattern[2])
	some path in below(second, pattern[3])
] if {
	count(pattern) == 4
}

# METADATA
# description: The path `rest` below every child of the value at `path`.
below(path, rest) := [array.concat(array.concat(path, [i]), rest) | some i, _ in children(path)]

# METADATA
# description: The list or object at a path; an empty list when there is neither.
children(path) := value if {
	value := value_at(path)
	type_name(value) in {"array", "object"}
} else := []

# METADATA
# description: |
#   The containers, and what looks like a container, as `{"path", "pod", "value"}`; `pod` is the path of what its pod is made
#   from, a pod spec or a template of Argo's, and null for what stands outside of any.
containers := listed_containers if {
	count(foreign) == 0
} else := array.concat(listed_containers, foreign_containers)

listed_containers := array.concat(
	array.concat(pod_containers, other_containers),
	array.concat(model_containers, template_containers),
)

foreign_containers := [{"path": part.path, "pod": null, "value": part.value} |
	paths := {pod.path | some pod in pods} | {container.path | some container in listed_containers}
	some part in foreign_values
	looks_like_container(part.value)
	not part.path in paths
]

# Whatever a foreign kind calls it, a controller makes a container with these.
looks_like_container(value) if {
	some field in ["resources", "resourcesPerNode"]
	is_object(value[field])
	may_be_container(value)
}

looks_like_container(value) if {
	some variable in value.env
	is_string(variable.name)
	may_be_container(value)
}

looks_like_container(value) if {
	is_boolean(value.securityContext.privileged)
	may_be_container(value)
}

may_be_container(value) if object.get(value, "image", null) == null

may_be_container(value) if is_string(value.image)

# METADATA
# description: Paths of containers, and of what looks like a container.
container_paths := [container.path | some container in containers]

pod_containers := [{"path": array.concat(pod.path, [field, i]), "pod": pod.path, "value": container} |
	some pod in pods
	some field in ["containers", "initContainers", "ephemeralContainers"]
	some i, container in pod.value[field]
	is_object(container)
]

other_containers := [{"path": path, "pod": null, "value": value} |
	some at in objects
	some pattern in container_patterns[at.name]
	some path in matches(at.path, pattern)
	value := value_at(path)
	is_object(value)
]

# METADATA
# description: The kinds that name a model server beside the containers of a component.
inference_services := {"serving.kserve.io/InferenceService", "serving.kubeflow.org/InferenceService"}

model_servers := [
	"model", "alibi", "art", "huggingface", "lightgbm", "logger", "onnx", "paddle", "pmml", "pytorch", "sklearn",
	"tensorflow", "triton", "xgboost",
]

model_containers := [{"path": path, "pod": holder, "value": value} |
	some at in objects
	at.name in inference_services
	some component in ["predictor", "transformer", "explainer"]
	holder := array.concat(at.path, ["spec", component])
	is_object(value_at(holder))
	some server in model_servers
	path := array.concat(holder, [server])
	value := value_at(path)
	is_object(value)
]

# An Argo template is written in the list of templates, as the defaults of all, or inline in a step or a task.
workflow_specs := {
	"argoproj.io/ClusterWorkflowTemplate": ["spec"],
	"argoproj.io/CronWorkflow": ["spec", "workflowSpec"],
	"argoproj.io/Workflow": ["spec"],
	"argoproj.io/WorkflowTemplate": ["spec"],
}

# METADATA
# description: Paths of the specs of Argo's workflows.
workflow_paths := [path |
	some at in objects
	path := array.concat(at.path, workflow_specs[at.name])
]

template_patterns := [
	[["templates"], []],
	[["templateDefaults"]],
	[["templates"], ["dag", "tasks"], ["inline"]],
	[["templates"], ["steps"], [], ["inline"]],
]

# METADATA
# description: Paths of the templates of Argo's workflows, from each of which pods are made.
workflow_templates := [path |
	some workflow in workflow_paths
	some pattern in template_patterns
	some path in matches(workflow, pattern)
	is_object(value_at(path))
]

template_container_patterns := [
	[["container"]],
	[["script"]],
	[["containerSet", "containers"], []],
	[["initContainers"], []],
	[["sidecars"], []],
]

template_containers := [{"path": path, "pod": template, "value": value} |
	some template in workflow_templates
	some pattern in template_container_patterns
	some path in matches(template, pattern)
	value := value_at(path)
	is_object(value)
]

# METADATA
# description: |
#   Paths of strings that hold a pod, or an object with one, as text: Argo's `podSpecPatch` and manifests of resources, and objects of Sensors.
#   What stands in them is known only when the workflow runs.
text_paths := array.concat(
	[path |
		some holder in array.concat(workflow_paths, workflow_templates)
		some field in [
			["podSpecPatch"], ["resource", "manifest"], ["resource", "manifestFrom", "artifact", "raw", "data"],
		]
		path := array.concat(holder, field)
		is_string(value_at(path))
	],
	[path |
		some at in objects
		at.name == "argoproj.io/Sensor"
		some trigger in ["k8s", "argoWorkflow"]
		some path in below(array.concat(at.path, ["spec", "triggers"]), ["template", trigger, "source", "inline"])
		is_string(value_at(path))
	],
)

# METADATA
# description: Paths of image references, whatever their value; an absent one is not listed.
image_paths := [path |
	some list in [container_images, volume_images, function_images]
	some path in list
	value_at(path) != null
]

container_images := [array.concat(container, ["image"]) | some container in container_paths]

# METADATA
# description: Paths of the references of image volumes.
volume_images := [path |
	some list in volume_lists
	some path in below(list, ["image", "reference"])
]

# Argo's workflows and templates have volumes of their own.
volume_lists := [array.concat(holder, ["volumes"]) |
	some holders in [pod_paths, workflow_paths, workflow_templates]
	some holder in holders
]

function_images := [array.concat(at.path, ["spec", "code", "imageURI"]) |
	some at in objects
	at.name == "lambda.services.k8s.aws/Function"
]
