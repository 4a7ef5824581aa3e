package lib.lockgate.multiplicity_test

import data.lib.lockgate.multiplicity
import data.lib.lockgate.workloads

spec := {"containers": [{"name": "c"}]}

pod := {"spec": spec}

templated(fields) := object.union(fields, {"template": pod})

# Pods and peak of each pod spec, by path.
many(version, kind, body) := {name: [found.pods, found.peak] |
	thing := {"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, "spec": body}
	some place in workloads.pod_paths with input as {"review": {"object": thing}}
	found := multiplicity.at(place) with input as {"review": {"object": thing}}
	name := concat(".", [sprintf("%v", [element]) | some element in place])
}

one(version, kind, body) := found if {
	[found] := [found | some found in many(version, kind, body)]
}

test_replicas if {
	one("v1", "Pod", spec) == [1, 1]
	one("v1", "ReplicationController", templated({"replicas": 3})) == [3, 3]
	one("apps/v1", "StatefulSet", templated({})) == [1, 1]
	one("apps/v1", "StatefulSet", templated({"replicas": 0})) == [0, 0]
	one("apps/v1", "StatefulSet", templated({"replicas": "{{ .n }}"})) == ["unknown", "unknown"]
	one("apps/v1", "DaemonSet", templated({})) == ["unknown", "unknown"]
	one("example.com/v1", "Server", templated({"replicas": 3})) == [3, "unknown"]
}

test_surge if {
	one("apps/v1", "Deployment", templated({"replicas": 8})) == [8, 10]
	one("apps/v1", "Deployment", templated({"replicas": 1})) == [1, 2]
	one("apps/v1", "Deployment", templated({"replicas": 8, "strategy": {"type": "Recreate"}})) == [8, 8]
	one("apps/v1", "Deployment", templated({"replicas": 8, "strategy": {"rollingUpdate": {"maxSurge": 3}}})) == [8, 11]
	one("apps/v1", "Deployment", templated({"replicas": 8, "strategy": {"rollingUpdate": {"maxSurge": "100%"}}})) == [8, 16]
	one("argoproj.io/v1alpha1", "Rollout", templated({"replicas": 4, "strategy": {"blueGreen": {}}})) == [4, 8]
	one("argoproj.io/v1alpha1", "Rollout", templated({"replicas": 4, "strategy": {"canary": {}}})) == [4, 5]
}

test_jobs if {
	one("batch/v1", "Job", templated({})) == [1, 1]
	one("batch/v1", "Job", templated({"parallelism": 4, "completions": 2})) == [2, 2]
	one("batch/v1", "Job", templated({"parallelism": 4})) == [4, 4]
	one("batch/v1", "Job", templated({"completions": 9})) == [1, 1]
	one("batch/v1", "CronJob", {"jobTemplate": {"spec": templated({"parallelism": 4})}}) == [4, "unbounded"]
	one("batch/v1", "CronJob", {"concurrencyPolicy": "Forbid", "jobTemplate": {"spec": templated({"parallelism": 4})}}) == [4, 4]
	one("jobset.x-k8s.io/v1alpha2", "JobSet", {"replicatedJobs": [{"replicas": 3, "template": {"spec": templated({"parallelism": 2, "completions": 2})}}]}) == [6, 6]
}

test_parts if {
	many("kubeflow.org/v2beta1", "MPIJob", {"mpiReplicaSpecs": {"Launcher": templated({}), "Worker": templated({"replicas": 4})}}) == {
		"spec.mpiReplicaSpecs.Launcher.template.spec": [1, 1],
		"spec.mpiReplicaSpecs.Worker.template.spec": [4, 4],
	}
	many("kubeflow.org/v1", "PyTorchJob", {
		"elasticPolicy": {"maxReplicas": 8},
		"pytorchReplicaSpecs": {"Master": templated({}), "Worker": templated({"replicas": 4})},
	}) == {
		"spec.pytorchReplicaSpecs.Master.template.spec": [1, 1],
		"spec.pytorchReplicaSpecs.Worker.template.spec": [4, 8],
	}
	one("batch.volcano.sh/v1alpha1", "Job", {"tasks": [templated({"replicas": 5})]}) == [5, 5]
	one("argoproj.io/v1alpha1", "Experiment", {"templates": [templated({"replicas": 2})]}) == [2, 2]
	one("kueue.x-k8s.io/v1beta2", "Workload", {"podSets": [templated({"count": 6})]}) == [6, 6]
}

test_groups_of_leaders_and_workers if {
	many("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", {"replicas": 2, "leaderWorkerTemplate": {"size": 4, "leaderTemplate": pod, "workerTemplate": pod}}) == {
		"spec.leaderWorkerTemplate.leaderTemplate.spec": [2, 2],
		"spec.leaderWorkerTemplate.workerTemplate.spec": [6, 6],
	}
	one("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", {"replicas": 2, "leaderWorkerTemplate": {"size": 4, "workerTemplate": pod}}) == [8, 8]
	one("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", {
		"replicas": 2, "leaderWorkerTemplate": {"size": 4, "workerTemplate": pod},
		"rolloutStrategy": {"rollingUpdateConfiguration": {"maxSurge": 1}},
	}) == [8, 12]
}

workers(fields) := {"headGroupSpec": {"template": pod}, "workerGroupSpecs": [templated(fields)]}

test_ray if {
	many("ray.io/v1", "RayCluster", workers({"replicas": 2, "maxReplicas": 5, "numOfHosts": 4})) == {
		"spec.headGroupSpec.template.spec": [1, 1],
		"spec.workerGroupSpecs.0.template.spec": [8, 20],
	}
	workers_of("RayCluster", workers({"replicas": 2})) == [2, 2]
	workers_of("RayCluster", workers({"minReplicas": 3, "replicas": 2})) == [3, 3]
	workers_of("RayCluster", object.union(workers({"replicas": 2}), {"enableInTreeAutoscaling": true})) == [2, "unbounded"]
	workers_of("RayService", {"rayClusterConfig": workers({"replicas": 2})}) == [2, 4]
	workers_of("RayService", {"upgradeStrategy": {"type": "None"}, "rayClusterConfig": workers({"replicas": 2})}) == [2, 2]
	workers_of("RayJob", {"rayClusterSpec": workers({"replicas": 2})}) == [2, 2]
	workers_of("RayCronJob", {"jobTemplate": {"rayClusterSpec": workers({"replicas": 2})}}) == [2, "unbounded"]
}

workers_of(kind, body) := found if {
	some name, found in many("ray.io/v1", kind, body)
	contains(name, "workerGroupSpecs")
}

test_kserve if {
	one("serving.kserve.io/v1beta1", "InferenceService", {"predictor": {"minReplicas": 2, "maxReplicas": 5}}) == [2, 5]
	one("serving.kserve.io/v1beta1", "InferenceService", {"predictor": {"minReplicas": 2}}) == [2, "unbounded"]
	many("serving.kserve.io/v1beta1", "InferenceService", {"predictor": {"maxReplicas": 2, "workerSpec": {"pipelineParallelSize": 4}}}) == {
		"spec.predictor": [1, 2], "spec.predictor.workerSpec": [3, 6],
	}
	many("serving.kserve.io/v1alpha1", "LLMInferenceService", {
		"replicas": 3, "template": spec, "worker": spec, "parallelism": {"data": 8, "dataLocal": 2},
		"prefill": {"replicas": 2, "template": spec}, "router": {"scheduler": {"template": spec}},
	}) == {
		"spec.template": [3, 3], "spec.worker": [9, 9], "spec.prefill.template": [2, 2],
		"spec.router.scheduler.template": [1, 1],
	}
	one("serving.kserve.io/v1alpha1", "LLMInferenceService", {"template": spec, "scaling": {"maxReplicas": 4}}) == [1, 4]
	one("serving.kserve.io/v1alpha1", "ServingRuntime", spec) == ["unknown", "unknown"]
}

test_knative if {
	one("serving.knative.dev/v1", "Service", templated({})) == [1, "unbounded"]
	one("serving.knative.dev/v1", "Service", knative({"autoscaling.knative.dev/max-scale": "3"})) == [1, 3]
	one("serving.knative.dev/v1", "Service", knative({"autoscaling.knative.dev/maxScale": "3", "autoscaling.knative.dev/minScale": "2"})) == [2, 3]
	one("serving.knative.dev/v1", "Service", knative({"autoscaling.knative.dev/max-scale": "0"})) == [1, "unbounded"]
}

knative(annotations) := {"template": {"metadata": {"annotations": annotations}, "spec": spec}}

test_spark if {
	body := {"driver": {"template": pod}, "executor": {"instances": 4, "template": pod}, "dynamicAllocation": {"enabled": true, "maxExecutors": 9}}
	found := many("sparkoperator.k8s.io/v1beta2", "SparkApplication", body)
	found["spec.driver.template.spec"] == [1, 1]
	found["spec.executor.template.spec"] == [4, 9]
}

test_outside_of_pods if {
	thing := {"apiVersion": "trainer.kubeflow.org/v1alpha1", "kind": "TrainJob", "spec": {"trainer": {"numNodes": 4}}}
	found := multiplicity.at(["spec", "trainer"]) with input as {"review": {"object": thing}}
	found.peak == 4
	workflow := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"parallelism": 5, "templates": [{}]}}
	steps := multiplicity.at(["spec", "templates", 0]) with input as {"review": {"object": workflow}}
	steps.peak == 5
}

test_objects_in_objects if {
	job := {"apiVersion": "batch/v1", "kind": "Job", "spec": templated({"parallelism": 2})}
	one("kubeflow.org/v1beta1", "Experiment", {"parallelTrialCount": 4, "trialTemplate": {"trialSpec": job}}) == [8, 8]
	one("kubeflow.org/v1beta1", "Experiment", {"trialTemplate": {"trialSpec": job}}) == [6, 6]
	one("workload.codeflare.dev/v1beta2", "AppWrapper", {"components": [{"template": job}]}) == [2, 2]
	one("argoproj.io/v1alpha1", "Sensor", {"triggers": [{"template": {"k8s": {"source": {"resource": job}}}}]}) == ["unbounded", "unbounded"]
}
