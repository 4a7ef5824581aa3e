# METADATA
# title: How many pods
# description: |
#   How many pods each place of a workload makes: in the usual case, and at most at one time, with scaling and with the pods that an
#   update makes beside the old ones. What other objects say (an autoscaler, the number of nodes) is unknown.
package lib.lockgate.multiplicity

import data.lib.lockgate.amounts
import data.lib.lockgate.workloads

# METADATA
# description: |
#   `{"pods", "peak", "why"}` for a path in the object under review: that of a pod spec, or of anything in one; `why` names the
#   fields that were counted.
at(path) := {
	"pods": amounts.times(own.pods, outer_pods(path)),
	"peak": amounts.times(own.peak, outer_pods(path)),
	"why": own.why,
} if {
	own := counted(path)
}

counted(path) := found if {
	pod := pod_at(path)
	found := of_pod(pod, pod.object.value, element(pod))
} else := found if {
	at := object_at(path)
	found := outside(at.name, at.value)
} else := unknown("")

of_pod(pod, value, part) := found if {
	found := scaled(pod.object.name, value, part, pod)
} else := unknown("")

# The pod spec of which the path is one, or in which it lies; of several, such as a predictor and its workers, the inner one.
pod_at(path) := pod if {
	around := [pod | some pod in workloads.pods; within(path, pod.path)]
	longest := max([count(pod.path) | some pod in around])
	some pod in around
	count(pod.path) == longest
}

object_at(path) := found if {
	around := [found | some found in workloads.objects; within(path, found.path)]
	longest := max([count(found.path) | some found in around])
	some found in around
	count(found.path) == longest
}

within(path, holder) if array.slice(path, 0, count(holder)) == holder

# What the first list or map on the way to the pod holds: a task, a group of workers, a role.
element(pod) := value if {
	pattern := object.get(workloads.pod_patterns, [pod.object.name, pod.pattern], [[]])
	count(pattern) > 1
	value := workloads.value_at(array.slice(pod.path, 0, (count(pod.object.path) + count(pattern[0])) + 1))
} else := null

unknown(why) := {"pods": "unknown", "peak": "unknown", "why": why}

same(amount, why) := {"pods": amount, "peak": amount, "why": why}

# Kinds that make one pod, and kinds that make as many as `spec.replicas` says.
single := {"/Pod", "kubeflow.org/Notebook", "kubeflow.org/PVCViewer"}

replicated := {"/ReplicationController", "apps/ReplicaSet", "apps/StatefulSet", "extensions/ReplicaSet"}

# Kinds whose parts say how many there are of each.
parts := {
	"argoproj.io/Experiment", "batch.volcano.sh/Job", "kubeflow.org/JAXJob", "kubeflow.org/MPIJob", "kubeflow.org/MXJob",
	"kubeflow.org/PaddleJob", "kubeflow.org/PyTorchJob", "kubeflow.org/TFJob", "kubeflow.org/XGBoostJob",
}

scaled(name, _, _, _) := same(1, "one pod") if name in single

scaled(name, value, _, _) := same(amounts.whole(value, ["spec", "replicas"], 1), "spec.replicas") if name in replicated

scaled(name, value, _, _) := {"pods": pods, "peak": amounts.added(pods, surge), "why": "spec.replicas and surge"} if {
	name in {"apps/Deployment", "extensions/Deployment", "argoproj.io/Rollout"}
	pods := amounts.whole(value, ["spec", "replicas"], 1)
	surge := surge_of(name, value.spec, pods)
}

scaled(name, value, _, _) := same(at_a_time(value.spec), "spec.parallelism") if name == "batch/Job"

scaled("batch/CronJob", value, _, _) := {
	"pods": pods,
	"peak": amounts.times(pods, runs(value.spec)),
	"why": "spec.jobTemplate.spec.parallelism and concurrencyPolicy",
} if {
	pods := at_a_time(value.spec.jobTemplate.spec)
}

scaled(name, value, part, pod) := {"pods": pods, "peak": amounts.larger(pods, elastic(value, pod)), "why": "replicas"} if {
	name in parts
	pods := amounts.whole(part, ["replicas"], 1)
}

scaled("jobset.x-k8s.io/JobSet", _, part, _) := same(pods, "replicas and parallelism") if {
	pods := amounts.times(amounts.whole(part, ["replicas"], 1), at_a_time(part.template.spec))
}

scaled("leaderworkerset.x-k8s.io/LeaderWorkerSet", value, _, pod) := {
	"pods": amounts.times(groups, size),
	"peak": amounts.times(amounts.added(groups, surge), size),
	"why": "spec.replicas and leaderWorkerTemplate.size",
} if {
	groups := amounts.whole(value, ["spec", "replicas"], 1)
	size := group_part(pod, value)
	surge := portion(field(value, ["spec", "rolloutStrategy", "rollingUpdateConfiguration", "maxSurge"], 0), groups)
}

scaled("kueue.x-k8s.io/Workload", _, part, _) := same(amounts.whole(part, ["count"], 1), "count")

scaled(name, value, _, pod) := ray(name, value, pod) if startswith(name, "ray.io/")

scaled(name, value, _, pod) := inference(value, pod) if name in workloads.inference_services

scaled("serving.kserve.io/LLMInferenceService", value, _, pod) := llm(value.spec, pod)

scaled(name, value, _, _) := knative(value, ["spec", "template", "metadata", "annotations"]) if {
	name in {"serving.knative.dev/Service", "serving.knative.dev/Configuration"}
}

scaled("serving.knative.dev/Revision", value, _, _) := knative(value, ["metadata", "annotations"])

scaled("sparkoperator.k8s.io/SparkApplication", value, _, pod) := spark(value.spec, pod)

scaled("sparkoperator.k8s.io/ScheduledSparkApplication", value, _, pod) := {
	"pods": found.pods,
	"peak": amounts.times(found.peak, runs(value.spec)),
	"why": found.why,
} if {
	found := spark(value.spec.template, pod)
}

# A kind that is not known makes at least as many as it says where most say it.
scaled(name, value, _, _) := {"pods": pods, "peak": "unknown", "why": "spec.replicas"} if {
	not workloads.pod_patterns[name]
	pods := amounts.whole(value, ["spec", "replicas"], "unknown")
}

# Parts of Deployments that are there during an update: 25 % unless given, all of them in a blue-green Rollout.
surge_of(name, spec, pods) := pods if {
	name == "argoproj.io/Rollout"
	spec.strategy.blueGreen
} else := portion(field(spec, ["strategy", "canary", "maxSurge"], "25%"), pods) if {
	name == "argoproj.io/Rollout"
} else := 0 if {
	spec.strategy.type == "Recreate"
} else := portion(field(spec, ["strategy", "rollingUpdate", "maxSurge"], "25%"), pods)

portion(value, pods) := value if {
	is_number(value)
} else := ceil((to_number(trim_suffix(value, "%")) * pods) / 100) if {
	is_string(value)
	regex.match(`^[0-9]{1,4}%$`, value)
	is_number(pods)
} else := "unknown" if {
	is_number(pods)
} else := pods

# What a field says, or what Kubernetes takes when it says nothing.
field(holder, path, otherwise) := value if {
	value := amounts.at(holder, path)
	value != null
} else := otherwise

# Of a Job: parallelism, or fewer if fewer are to be completed.
at_a_time(spec) := amounts.smaller(
	amounts.whole(spec, ["parallelism"], 1),
	amounts.whole(spec, ["completions"], "unbounded"),
)

# Runs at a time of what is started by a clock: by default one more each time.
runs(spec) := 1 if {
	spec.concurrencyPolicy in {"Forbid", "Replace"}
} else := "unbounded"

# Workers of PyTorchJobs and PaddleJobs may grow.
elastic(value, pod) := amounts.whole(value, ["spec", "elasticPolicy", "maxReplicas"], "unbounded") if {
	value.spec.elasticPolicy
	"Worker" in pod.path
} else := 0

# A group is one leader and size-1 workers; without a template of its own the leader is made from that of the workers.
group_part(pod, value) := 1 if {
	"leaderTemplate" in pod.path
} else := size if {
	not value.spec.leaderWorkerTemplate.leaderTemplate
	size := amounts.whole(value, ["spec", "leaderWorkerTemplate", "size"], 1)
} else := amounts.larger(amounts.added(amounts.whole(value, ["spec", "leaderWorkerTemplate", "size"], 1), -1), 0)

# The field of the object that holds a Ray cluster; how many clusters there may be at one time.
clusters := {"ray.io/RayCluster": 1, "ray.io/RayJob": 1, "ray.io/RayService": 2, "ray.io/RayCronJob": "unbounded"}

ray(name, value, pod) := {"pods": pods, "peak": amounts.times(peak, ray_clusters(name, value)), "why": "maxReplicas and numOfHosts"} if {
	"workerGroupSpecs" in pod.path
	group := workloads.value_at(paths_to_group(pod.path))
	hosts := amounts.whole(group, ["numOfHosts"], 1)
	least := amounts.whole(group, ["minReplicas"], 0)
	pods := amounts.times(amounts.larger(amounts.whole(group, ["replicas"], least), least), hosts)
	peak := amounts.larger(pods, amounts.times(ray_most(pod.path, group), hosts))
} else := {"pods": 1, "peak": ray_clusters(name, value), "why": "one pod"}

paths_to_group(path) := array.slice(path, 0, count(path) - 2)

# Only an autoscaler goes beyond `replicas`, and without a bound to the largest number that there is.
ray_most(path, group) := amounts.whole(group, ["maxReplicas"], "unbounded") if {
	workloads.value_at(array.concat(array.slice(path, 0, count(path) - 4), ["enableInTreeAutoscaling"])) == true
} else := amounts.whole(group, ["maxReplicas"], 0)

ray_clusters("ray.io/RayService", value) := 1 if value.spec.upgradeStrategy.type == "None"

ray_clusters("ray.io/RayCronJob", value) := runs(value.spec)

ray_clusters(name, value) := clusters[name] if {
	name in {"ray.io/RayCluster", "ray.io/RayJob", "ray.io/RayService"}
	not name_without_upgrade(name, value)
}

name_without_upgrade("ray.io/RayService", value) if value.spec.upgradeStrategy.type == "None"

# KServe scales each component between minReplicas and maxReplicas; without a maximum, or with 0, there is none.
inference(value, pod) := {"pods": amounts.times(pods, workers), "peak": amounts.times(peak, workers), "why": "maxReplicas"} if {
	component := value.spec[pod.path[count(pod.object.path) + 1]]
	pods := amounts.whole(component, ["minReplicas"], 1)
	peak := bound(amounts.whole(component, ["maxReplicas"], 0), pods)
	workers := workers_of(component, pod)
}

bound(0, _) := "unbounded"

bound(most, least) := amounts.larger(most, least) if most != 0

workers_of(component, pod) := amounts.larger(amounts.added(size, -1), 0) if {
	pod.path[count(pod.path) - 1] == "workerSpec"
	size := amounts.whole(component, ["workerSpec", "pipelineParallelSize"], "unknown")
} else := 1

llm(spec, pod) := {"pods": amounts.times(pods, size), "peak": amounts.times(peak, size), "why": "replicas, scaling and parallelism"} if {
	part := llm_part(spec, pod)
	pods := amounts.whole(part, ["replicas"], 1)
	peak := llm_peak(part, pods)
	size := llm_size(part, pod)
}

llm_part(spec, pod) := spec.prefill if {
	"prefill" in pod.path
} else := spec.router.scheduler if {
	"scheduler" in pod.path
} else := spec

llm_peak(part, pods) := amounts.larger(amounts.whole(part, ["scaling", "maxReplicas"], "unbounded"), pods) if {
	part.scaling
} else := pods

# A replica over several nodes is a leader and its workers.
llm_size(part, pod) := amounts.larger(amounts.added(llm_nodes(part), -1), 0) if {
	pod.path[count(pod.path) - 1] == "worker"
} else := 1

llm_nodes(part) := ceil(part.parallelism.data / part.parallelism.dataLocal) if {
	is_number(part.parallelism.data)
	is_number(part.parallelism.dataLocal)
	part.parallelism.dataLocal > 0
} else := amounts.whole(part, ["parallelism", "pipeline"], "unknown")

knative(value, path) := {"pods": pods, "peak": bound(peak, pods), "why": "autoscaling.knative.dev/max-scale"} if {
	annotations := given_object(value, path)
	pods := either(annotations, "autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/minScale", 1)
	peak := either(annotations, "autoscaling.knative.dev/max-scale", "autoscaling.knative.dev/maxScale", 0)
}

either(holder, name, old, otherwise) := amounts.whole(holder, [name], amounts.whole(holder, [old], otherwise))

given_object(value, path) := found if {
	found := object.get(value, path, {})
	is_object(found)
} else := {}

spark(spec, pod) := spark_executors(spec) if {
	"executor" in pod.path
} else := same(1, "one pod")

spark_executors(spec) := {"pods": pods, "peak": amounts.larger(pods, peak), "why": "executor.instances and dynamicAllocation"} if {
	pods := amounts.whole(spec, ["executor", "instances"], 1)
	peak := spark_most(spec)
}

spark_most(spec) := amounts.whole(spec, ["dynamicAllocation", "maxExecutors"], "unbounded") if {
	spec.dynamicAllocation.enabled == true
} else := 0

# What stands outside of a pod spec: the trainer of a TrainJob, containers of Cloud Run.
outside("trainer.kubeflow.org/TrainJob", value) := same(amounts.whole(value, ["spec", "trainer", "numNodes"], "unknown"), "spec.trainer.numNodes")

outside("run.cnrm.cloud.google.com/RunService", value) := same(
	bound(amounts.whole(value, ["spec", "template", "scaling", "maxInstanceCount"], 0), 1),
	"spec.template.scaling.maxInstanceCount",
)

outside("run.cnrm.cloud.google.com/RunJob", value) := same(
	amounts.whole(value, ["spec", "template", "taskCount"], 1),
	"spec.template.taskCount",
)

# A Workflow runs as many pods at a time as its steps fan out to, or as it allows itself.
outside(name, value) := same(amounts.whole(value, ["spec", "parallelism"], "unknown"), "spec.parallelism") if name == "argoproj.io/Workflow"

# How many of an embedded object there are: an experiment's trials at a time, each event of a sensor.
outer_pods(path) := 1 if {
	count(workloads.objects) == 1
} else := amounts.times(factor_at(path, 0), amounts.times(factor_at(path, 1), factor_at(path, 2)))

factor_at(path, number) := factor if {
	around := [found | some found in workloads.objects; within(path, found.path); found.path != path]

	# The innermost object holds the pod itself; the ones around it are embedding.
	outer := [found | some found in around; found.path != object_at(path).path]
	factor := embedding(outer[number].name, outer[number].value)
} else := 1

embedding("kubeflow.org/Experiment", value) := amounts.whole(value, ["spec", "parallelTrialCount"], 3)

embedding("argoproj.io/Sensor", _) := "unbounded"
