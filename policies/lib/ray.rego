# METADATA
# title: Ray, read
# description: |
#   The clusters, the jobs and the runtime environments of KubeRay's kinds, wherever a kind has them.
#   https://docs.ray.io/en/latest/cluster/kubernetes/references/api.html
package lib.lockgate.ray

import data.lib.lockgate.models
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

# METADATA
# description: |
#   The specs of clusters, as `{"path", "value", "kind"}`; `kind` is that of the object which holds the spec. What should be a spec and is no
#   object has null as value.
clusters := [{"path": path, "value": value, "kind": split(at.name, "/")[1]} |
	some at in workloads.objects
	rest := cluster_paths[at.name]
	path := array.concat(at.path, rest)
	written := workloads.value_at(path)
	written != null
	value := object_of(written)
]

cluster_paths := {
	"ray.io/RayCluster": ["spec"],
	"ray.io/RayCronJob": ["spec", "jobTemplate", "rayClusterSpec"],
	"ray.io/RayJob": ["spec", "rayClusterSpec"],
	"ray.io/RayService": ["spec", "rayClusterConfig"],
}

object_of(value) := value if {
	is_object(value)
} else := null

# METADATA
# description: The specs of jobs, as `{"path", "value", "kind"}`, where they are objects.
jobs := [{"path": path, "value": value, "kind": split(at.name, "/")[1]} |
	some at in workloads.objects
	path := array.concat(at.path, job_paths[at.name])
	value := workloads.value_at(path)
	is_object(value)
]

job_paths := {
	"ray.io/RayCronJob": ["spec", "jobTemplate"],
	"ray.io/RayJob": ["spec"],
}

# METADATA
# description: |
#   The containers in which Ray runs, the first of each group's pod, as `{"path", "value", "group", "cluster"}`; `group` is `head` or `worker`, and `cluster`
#   the path of the cluster's spec.
containers := array.concat(
	[{"path": path, "value": value, "group": "head", "cluster": cluster.path} |
		some cluster in clusters
		path := array.concat(cluster.path, ["headGroupSpec", "template", "spec", "containers", 0])
		value := workloads.value_at(path)
		is_object(value)
	],
	[{"path": path, "value": value, "group": "worker", "cluster": cluster.path} |
		some cluster in clusters
		some path in workloads.below(array.concat(cluster.path, ["workerGroupSpecs"]), ["template", "spec", "containers", 0])
		value := workloads.value_at(path)
		is_object(value)
	],
)

# METADATA
# description: Whether the dashboard and the API of jobs of a cluster (an entry of `clusters`) ask for a token.
authenticated(cluster) if cluster.value.authOptions.mode == "token"

authenticated(cluster) if {
	not cluster.value.authOptions.mode
	head_variable(cluster, "RAY_AUTH_MODE") == "token"
}

# METADATA
# description: The value of a variable of the container in which a cluster's head runs; undefined where it has none, or one from elsewhere.
head_variable(cluster, name) := value if {
	some container in containers
	container.group == "head"
	container.cluster == cluster.path
	values := [variable.value | some variable in container.value.env; variable.name == name]
	value := values[count(values) - 1] # the last one counts
}

# METADATA
# description: |
#   The runtime environments, as `{"path", "value"}`: in YAML inside of strings `path` ends at the string. `value` is null where it cannot be read.
environments := array.concat(
	[{"path": path, "value": value} |
		some job in jobs
		path := array.concat(job.path, ["runtimeEnvYAML"])
		written := workloads.value_at(path)
		not written in {null, ""}
		value := environment(path)
	],
	served,
)

environment(path) := value if {
	is_string(workloads.value_at(path))
	value := models.yaml_at(path)
	type_name(value) in {"object", "null"}
} else := null

served := [{"path": path, "value": value} |
	some at in workloads.objects
	at.name == "ray.io/RayService"
	path := array.concat(at.path, ["spec", "serveConfigV2"])
	is_string(workloads.value_at(path))
	config := models.yaml_at(path)
	walk(config, [inner, written])
	inner[count(inner) - 1] == "runtime_env"
	value := object_of(written)
]

# METADATA
# description: |
#   Whether the request is an update of one of these kinds that leaves what is asked for as it was, as `updates.unchanged`, or changes only what Ray's
#   autoscaler and queues write: how many workers a group has, which of them go, and whether all is suspended.
unchanged if updates.unchanged

unchanged if {
	input.review.operation == "UPDATE"
	is_object(input.review.oldObject)
	startswith(workloads.identity(input.review.object), "ray.io/")
	asked(input.review.object) == asked(input.review.oldObject)
}

asked(value) := json.remove(value, array.concat(
	[["metadata"], ["status"], ["spec", "suspend"], ["spec", "jobTemplate", "suspend"]],
	[[sprintf("%v", [step]) | some step in path] | # numbers in a path remove nothing
		walk(value, [path, _])
		path[count(path) - 1] in {"replicas", "scaleStrategy"}
		path[count(path) - 3] == "workerGroupSpecs"
	],
))
