package lib.lockgate.workloads_test

import data.lib.lockgate.workloads

images_of(thing) := {concat(".", [sprintf("%v", [element]) | some element in path]) |
	some path in workloads.image_paths with input as {"review": {"object": thing}}
}

spec := {"containers": [{"image": "a"}]}

templated := {"template": {"spec": spec}}

object_of(version, kind, body) := {"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, "spec": body}

cluster := {"headGroupSpec": templated, "workerGroupSpecs": [templated, templated]}

# Kind and body, and where the images are.
kinds := [
	["v1", "Pod", spec, {"spec.containers.0.image"}],
	["v1", "ReplicationController", templated, {"spec.template.spec.containers.0.image"}],
	["apps/v1", "DaemonSet", templated, {"spec.template.spec.containers.0.image"}],
	["apps/v1", "Deployment", templated, {"spec.template.spec.containers.0.image"}],
	["apps/v1", "ReplicaSet", templated, {"spec.template.spec.containers.0.image"}],
	["apps/v1", "StatefulSet", templated, {"spec.template.spec.containers.0.image"}],
	["apps/v1beta2", "Deployment", templated, {"spec.template.spec.containers.0.image"}],
	["extensions/v1beta1", "Deployment", templated, {"spec.template.spec.containers.0.image"}],
	["batch/v1", "Job", templated, {"spec.template.spec.containers.0.image"}],
	["batch/v1", "CronJob", {"jobTemplate": {"spec": templated}}, {"spec.jobTemplate.spec.template.spec.containers.0.image"}],
	["batch.volcano.sh/v1alpha1", "Job", {"tasks": [templated]}, {"spec.tasks.0.template.spec.containers.0.image"}],
	[
		"jobset.x-k8s.io/v1alpha2", "JobSet",
		{"replicatedJobs": [{"template": {"spec": templated}}]},
		{"spec.replicatedJobs.0.template.spec.template.spec.containers.0.image"},
	],
	[
		"leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet",
		{"leaderWorkerTemplate": {"leaderTemplate": {"spec": spec}, "workerTemplate": {"spec": spec}}},
		{
			"spec.leaderWorkerTemplate.leaderTemplate.spec.containers.0.image",
			"spec.leaderWorkerTemplate.workerTemplate.spec.containers.0.image",
		},
	],
	[
		"kubeflow.org/v1", "PyTorchJob",
		{"pytorchReplicaSpecs": {"Master": templated, "Worker": templated}},
		{
			"spec.pytorchReplicaSpecs.Master.template.spec.containers.0.image",
			"spec.pytorchReplicaSpecs.Worker.template.spec.containers.0.image",
		},
	],
	["kubeflow.org/v1", "TFJob", {"tfReplicaSpecs": {"PS": templated}}, {"spec.tfReplicaSpecs.PS.template.spec.containers.0.image"}],
	["kubeflow.org/v1", "XGBoostJob", {"xgbReplicaSpecs": {"W": templated}}, {"spec.xgbReplicaSpecs.W.template.spec.containers.0.image"}],
	["kubeflow.org/v1", "JAXJob", {"jaxReplicaSpecs": {"W": templated}}, {"spec.jaxReplicaSpecs.W.template.spec.containers.0.image"}],
	["kubeflow.org/v1", "PaddleJob", {"paddleReplicaSpecs": {"W": templated}}, {"spec.paddleReplicaSpecs.W.template.spec.containers.0.image"}],
	["kubeflow.org/v2beta1", "MPIJob", {"mpiReplicaSpecs": {"Launcher": templated}}, {"spec.mpiReplicaSpecs.Launcher.template.spec.containers.0.image"}],
	["kueue.x-k8s.io/v1beta2", "Workload", {"podSets": [templated]}, {"spec.podSets.0.template.spec.containers.0.image"}],
	["kubeflow.org/v1", "Notebook", templated, {"spec.template.spec.containers.0.image"}],
	[
		"ray.io/v1", "RayCluster", cluster,
		{
			"spec.headGroupSpec.template.spec.containers.0.image",
			"spec.workerGroupSpecs.0.template.spec.containers.0.image",
			"spec.workerGroupSpecs.1.template.spec.containers.0.image",
		},
	],
	[
		"ray.io/v1alpha1", "RayService", {"rayClusterConfig": cluster},
		{
			"spec.rayClusterConfig.headGroupSpec.template.spec.containers.0.image",
			"spec.rayClusterConfig.workerGroupSpecs.0.template.spec.containers.0.image",
			"spec.rayClusterConfig.workerGroupSpecs.1.template.spec.containers.0.image",
		},
	],
	[
		"ray.io/v1", "RayJob", {"rayClusterSpec": {"headGroupSpec": templated}, "submitterPodTemplate": {"spec": spec}},
		{
			"spec.rayClusterSpec.headGroupSpec.template.spec.containers.0.image",
			"spec.submitterPodTemplate.spec.containers.0.image",
		},
	],
	[
		"ray.io/v1", "RayCronJob", {"jobTemplate": {"rayClusterSpec": {"headGroupSpec": templated}}},
		{"spec.jobTemplate.rayClusterSpec.headGroupSpec.template.spec.containers.0.image"},
	],
	[
		"ray.io/v1", "RayCluster", {"historyServerOptions": {"collectorOptions": {"image": "a"}}},
		{"spec.historyServerOptions.collectorOptions.image"},
	],
	[
		"serving.kserve.io/v1beta1", "InferenceService",
		{
			"predictor": {"model": {"image": "a"}, "workerSpec": spec, "initContainers": [{"image": "a"}]},
			"transformer": spec,
			"explainer": {"art": {"image": "a"}},
		},
		{
			"spec.predictor.model.image",
			"spec.predictor.workerSpec.containers.0.image",
			"spec.predictor.initContainers.0.image",
			"spec.transformer.containers.0.image",
			"spec.explainer.art.image",
		},
	],
	["serving.kserve.io/v1beta1", "InferenceService", {"predictor": {"sklearn": {"image": "a"}}}, {"spec.predictor.sklearn.image"}],
	[
		"serving.kserve.io/v1alpha1", "LLMInferenceService",
		{"template": spec, "worker": spec, "prefill": {"template": spec, "worker": spec}, "router": {"scheduler": {"template": spec}}},
		{
			"spec.template.containers.0.image",
			"spec.worker.containers.0.image",
			"spec.prefill.template.containers.0.image",
			"spec.prefill.worker.containers.0.image",
			"spec.router.scheduler.template.containers.0.image",
		},
	],
	["serving.kserve.io/v1alpha1", "ClusterServingRuntime", spec, {"spec.containers.0.image"}],
	["serving.kserve.io/v1alpha1", "ServingRuntime", {"workerSpec": spec}, {"spec.workerSpec.containers.0.image"}],
	["serving.knative.dev/v1", "Service", templated, {"spec.template.spec.containers.0.image"}],
	["serving.knative.dev/v1", "Configuration", templated, {"spec.template.spec.containers.0.image"}],
	["serving.knative.dev/v1", "Revision", spec, {"spec.containers.0.image"}],
	[
		"trainer.kubeflow.org/v1alpha1", "TrainJob",
		{
			"trainer": {"image": "a"},
			"podTemplateOverrides": [{"spec": {"initContainers": [{"image": "a"}]}}],
			"runtimePatches": [{"trainingRuntimeSpec": {"template": {"spec": {"replicatedJobs": [{"template": {"spec": templated}}]}}}}],
		},
		{
			"spec.trainer.image",
			"spec.podTemplateOverrides.0.spec.initContainers.0.image",
			"spec.runtimePatches.0.trainingRuntimeSpec.template.spec.replicatedJobs.0.template.spec.template.spec.containers.0.image",
		},
	],
	[
		"trainer.kubeflow.org/v1alpha1", "ClusterTrainingRuntime",
		{"template": {"spec": {"replicatedJobs": [{"template": {"spec": templated}}]}}},
		{"spec.template.spec.replicatedJobs.0.template.spec.template.spec.containers.0.image"},
	],
	["argoproj.io/v1alpha1", "Rollout", templated, {"spec.template.spec.containers.0.image"}],
	["argoproj.io/v1alpha1", "Experiment", {"templates": [templated]}, {"spec.templates.0.template.spec.containers.0.image"}],
	[
		"argoproj.io/v1alpha1", "AnalysisTemplate",
		{"metrics": [{"provider": {"job": {"spec": templated}}}, {"provider": {"web": {}}}]},
		{"spec.metrics.0.provider.job.spec.template.spec.containers.0.image"},
	],
	[
		"argoproj.io/v1alpha1", "Workflow",
		{
			"templateDefaults": {"container": {"image": "a"}},
			"templates": [
				{"container": {"image": "a"}, "sidecars": [{"image": "a"}], "initContainers": [{"image": "a"}]},
				{"script": {"image": "a"}},
				{"containerSet": {"containers": [{"image": "a"}]}},
				{"dag": {"tasks": [{"inline": {"container": {"image": "a"}}}]}},
				{"steps": [[{}, {"inline": {"script": {"image": "a"}}}]]},
			],
		},
		{
			"spec.templateDefaults.container.image",
			"spec.templates.0.container.image",
			"spec.templates.0.sidecars.0.image",
			"spec.templates.0.initContainers.0.image",
			"spec.templates.1.script.image",
			"spec.templates.2.containerSet.containers.0.image",
			"spec.templates.3.dag.tasks.0.inline.container.image",
			"spec.templates.4.steps.0.1.inline.script.image",
		},
	],
	[
		"argoproj.io/v1alpha1", "CronWorkflow",
		{"workflowSpec": {"templates": [{"container": {"image": "a"}}]}},
		{"spec.workflowSpec.templates.0.container.image"},
	],
	["run.cnrm.cloud.google.com/v1beta1", "RunService", {"template": {"containers": [{"image": "a"}]}}, {"spec.template.containers.0.image"}],
	[
		"run.cnrm.cloud.google.com/v1beta1", "RunJob",
		{"template": {"template": {"containers": [{"image": "a"}]}}},
		{"spec.template.template.containers.0.image"},
	],
	["lambda.services.k8s.aws/v1alpha1", "Function", {"code": {"imageURI": "a"}}, {"spec.code.imageURI"}],
	[
		"sagemaker.services.k8s.aws/v1alpha1", "Model",
		{"primaryContainer": {"image": "a"}, "containers": [{"image": "a"}]},
		{"spec.primaryContainer.image", "spec.containers.0.image"},
	],
	[
		"kubeflow.org/v1beta1", "Experiment",
		{"trialTemplate": {"trialSpec": object_of("batch/v1", "Job", templated)}},
		{"spec.trialTemplate.trialSpec.spec.template.spec.containers.0.image"},
	],
	[
		"argoproj.io/v1alpha1", "Sensor",
		{"triggers": [{"template": {"k8s": {"source": {"resource": object_of("v1", "Pod", spec)}}}}], "template": {"container": {"image": "a"}}},
		{
			"spec.triggers.0.template.k8s.source.resource.spec.containers.0.image",
			"spec.template.container.image",
		},
	],
	["example.com/v1", "Anything", templated, {"spec.template.spec.containers.0.image"}],
	["example.com/v1", "Server", {"deployment": {"spec": templated}}, {"spec.deployment.spec.template.spec.containers.0.image"}],
	["serving.kserve.io/v1alpha1", "ClusterStorageContainer", {"container": {"image": "a"}}, {"spec.container.image"}],
	[
		"sparkoperator.k8s.io/v1beta2",
		"SparkApplication",
		{"image": "a", "driver": {"image": "a"}, "executor": {"image": "a"}},
		{"spec.image", "spec.driver.image", "spec.executor.image"},
	],
	["tekton.dev/v1", "Task", {"steps": [{"image": "a"}], "sidecars": [{"image": "a"}]}, {"spec.steps.0.image", "spec.sidecars.0.image"}],
	[
		"argoproj.io/v1alpha1", "AnalysisRun", {"metrics": [{"provider": {"job": {"spec": templated}}}]},
		{"spec.metrics.0.provider.job.spec.template.spec.containers.0.image"},
	],
	[
		"argoproj.io/v1alpha1", "ClusterAnalysisTemplate", {"metrics": [{"provider": {"job": {"spec": templated}}}]},
		{"spec.metrics.0.provider.job.spec.template.spec.containers.0.image"},
	],
	["argoproj.io/v1alpha1", "WorkflowTemplate", {"templates": [{"script": {"image": "a"}}]}, {"spec.templates.0.script.image"}],
	["argoproj.io/v1alpha1", "ClusterWorkflowTemplate", {"templates": [{"script": {"image": "a"}}]}, {"spec.templates.0.script.image"}],
	["serving.kserve.io/v1alpha2", "LLMInferenceServiceConfig", {"worker": spec}, {"spec.worker.containers.0.image"}],
	["serving.kubeflow.org/v1beta1", "InferenceService", {"predictor": spec}, {"spec.predictor.containers.0.image"}],
	["serving.kubeflow.org/v1beta1", "InferenceService", {"predictor": {"triton": {"image": "a"}}}, {"spec.predictor.triton.image"}],
	[
		"trainer.kubeflow.org/v1alpha1", "TrainingRuntime",
		{"template": {"spec": {"replicatedJobs": [{"template": {"spec": templated}}]}}},
		{"spec.template.spec.replicatedJobs.0.template.spec.template.spec.containers.0.image"},
	],
	[
		"kubeflow.org/v1beta1", "Experiment", {"metricsCollectorSpec": {"collector": {"customCollector": {"image": "a"}}}},
		{"spec.metricsCollectorSpec.collector.customCollector.image"},
	],
	[
		"ray.io/v1", "RayJob", {"rayClusterSpec": {"historyServerOptions": {"collectorOptions": {"image": "a"}}}},
		{"spec.rayClusterSpec.historyServerOptions.collectorOptions.image"},
	],
	[
		"ray.io/v1", "RayService", {"rayClusterConfig": {"historyServerOptions": {"collectorOptions": {"image": "a"}}}},
		{"spec.rayClusterConfig.historyServerOptions.collectorOptions.image"},
	],
	[
		"ray.io/v1", "RayCronJob",
		{"jobTemplate": {
			"rayClusterSpec": {"historyServerOptions": {"collectorOptions": {"image": "a"}}, "workerGroupSpecs": [templated]},
			"submitterPodTemplate": {"spec": spec},
		}},
		{
			"spec.jobTemplate.rayClusterSpec.historyServerOptions.collectorOptions.image",
			"spec.jobTemplate.rayClusterSpec.workerGroupSpecs.0.template.spec.containers.0.image",
			"spec.jobTemplate.submitterPodTemplate.spec.containers.0.image",
		},
	],
	[
		"sagemaker.services.k8s.aws/v1alpha1", "ModelPackage", {"inferenceSpecification": {"containers": [{"image": "a"}]}},
		{"spec.inferenceSpecification.containers.0.image"},
	],
	[
		"sparkoperator.k8s.io/v1beta2", "ScheduledSparkApplication",
		{"template": {"image": "a", "driver": {"image": "a"}, "executor": {"image": "a"}}},
		{"spec.template.image", "spec.template.driver.image", "spec.template.executor.image"},
	],
	["ray.io/v1", "RayCluster", {"autoscalerOptions": {"image": "a"}}, {"spec.autoscalerOptions.image"}],
	[
		"ray.io/v1", "RayJob", {"rayClusterSpec": {"autoscalerOptions": {"image": "a"}}},
		{"spec.rayClusterSpec.autoscalerOptions.image"},
	],
	[
		"ray.io/v1", "RayService", {"rayClusterConfig": {"autoscalerOptions": {"image": "a"}}},
		{"spec.rayClusterConfig.autoscalerOptions.image"},
	],
	[
		"ray.io/v1", "RayCronJob", {"jobTemplate": {"rayClusterSpec": {"autoscalerOptions": {"image": "a"}}}},
		{"spec.jobTemplate.rayClusterSpec.autoscalerOptions.image"},
	],
	[
		"sparkoperator.k8s.io/v1beta2", "SparkApplication",
		{
			"volumes": [{"image": {"reference": "a"}}],
			"driver": {"sidecars": [{"image": "a"}], "template": {"spec": spec}},
			"executor": {"initContainers": [{"image": "a"}], "sidecars": [{"image": "a"}], "template": {"spec": spec}},
		},
		{
			"spec.volumes.0.image.reference", "spec.driver.sidecars.0.image", "spec.driver.template.spec.containers.0.image",
			"spec.executor.initContainers.0.image", "spec.executor.sidecars.0.image",
			"spec.executor.template.spec.containers.0.image",
		},
	],
	[
		"sparkoperator.k8s.io/v1beta2", "ScheduledSparkApplication",
		{"template": {
			"driver": {"initContainers": [{"image": "a"}], "sidecars": [{"image": "a"}], "template": {"spec": spec}},
			"executor": {"sidecars": [{"image": "a"}], "template": {"spec": spec}},
		}},
		{
			"spec.template.driver.initContainers.0.image", "spec.template.driver.sidecars.0.image",
			"spec.template.driver.template.spec.containers.0.image", "spec.template.executor.sidecars.0.image",
			"spec.template.executor.template.spec.containers.0.image",
		},
	],
	["kubeflow.org/v1", "MXJob", {"mxReplicaSpecs": {"Worker": templated}}, {"spec.mxReplicaSpecs.Worker.template.spec.containers.0.image"}],
	["kubeflow.org/v1alpha1", "PVCViewer", {"podSpec": spec}, {"spec.podSpec.containers.0.image"}],
	[
		"kubeflow.org/v1alpha1", "PodDefault", {"initContainers": [{"image": "a"}], "sidecars": [{"image": "a"}]},
		{"spec.initContainers.0.image", "spec.sidecars.0.image"},
	],
	[
		"kubeflow.org/v1beta1", "Trial",
		{
			"runSpec": {"apiVersion": "batch/v1", "kind": "Job", "spec": templated},
			"metricsCollector": {"collector": {"customCollector": {"image": "a"}}},
		},
		{"spec.runSpec.spec.template.spec.containers.0.image", "spec.metricsCollector.collector.customCollector.image"},
	],
	# The same fields under a kind that means something else by them.
	["example.com/v1", "Other", {"predictor": {"model": {"image": "a"}}, "code": {"imageURI": "a"}}, set()],
	["v1", "ConfigMap", {}, set()],
]

# In parts, since opa gives each test five seconds.
test_kinds if all_found(array.slice(kinds, 0, 25))

test_more_kinds if all_found(array.slice(kinds, 25, 50))

test_other_kinds if all_found(array.slice(kinds, 50, count(kinds)))

all_found(cases) if {
	every case in cases {
		[version, kind, body, expected] := case
		images_of(object_of(version, kind, body)) == expected
	}
}

test_pod_template if {
	images_of({"apiVersion": "v1", "kind": "PodTemplate", "template": {"spec": spec}}) == {"template.spec.containers.0.image"}
}

test_everything_in_a_pod if {
	images_of(object_of("v1", "Pod", {
		"containers": [{"image": "a"}, {"name": "no image"}, {"image": null}, {"image": 7}],
		"initContainers": [{"image": "a"}],
		"ephemeralContainers": [{"image": "a"}],
		"volumes": [{"name": "v"}, {"image": {"reference": "a"}}],
	})) == {
		"spec.containers.0.image",
		"spec.containers.3.image",
		"spec.initContainers.0.image",
		"spec.ephemeralContainers.0.image",
		"spec.volumes.1.image.reference",
	}
}

# Values of every wrong type must not stop the evaluation, nor hide what stands beside them.
test_wrong_types if {
	every wrong in [null, 1, true, "text", [], {}, ["text"], [null], {"a": null}] {
		images_of(object_of("v1", "Pod", {"containers": wrong, "initContainers": [{"image": "a"}], "volumes": wrong})) == {
			"spec.initContainers.0.image",
		}
		images_of(object_of("v1", "Pod", wrong)) == set()
		images_of(object_of("ray.io/v1", "RayCluster", {"headGroupSpec": wrong, "workerGroupSpecs": wrong})) == set()
		images_of(object_of("argoproj.io/v1alpha1", "Workflow", {"templates": wrong})) == set()
		images_of({"apiVersion": wrong, "kind": "Deployment", "spec": templated}) == {"spec.template.spec.containers.0.image"}
	}
}

test_containers_written_as_an_object if {
	images_of(object_of("v1", "Pod", {"containers": {"first": {"image": "a"}}})) == {"spec.containers.first.image"}
}

test_texts if {
	workflow := object_of("argoproj.io/v1alpha1", "Workflow", {
		"podSpecPatch": "containers: []",
		"templates": [{"resource": {"manifest": "kind: Pod"}}, {"podSpecPatch": "x"}],
	})
	found := workloads.text_paths with input as {"review": {"object": workflow}}
	found == [
		["spec", "podSpecPatch"],
		["spec", "templates", 0, "resource", "manifest"],
		["spec", "templates", 1, "podSpecPatch"],
	]
}

# What a kind of somebody's own holds, wherever it is.
foreign(version, spec) := {"apiVersion": version, "kind": "Fleet", "metadata": {"name": "f"}, "spec": spec}

test_kinds_of_others_are_searched_whole if {
	inner := {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": {"spec": {"containers": [{"image": "a"}]}}}}
	thing := foreign("example.com/v1", {"parts": [{"pod": {"containers": [{"image": "b"}]}}, {"server": {"image": "c", "env": [{"name": "A"}]}}, {"object": inner}]})
	{path | some path in workloads.image_paths} == {
		["spec", "parts", 0, "pod", "containers", 0, "image"],
		["spec", "parts", 1, "server", "image"],
		["spec", "parts", 2, "object", "spec", "template", "spec", "containers", 0, "image"],
	} with input as {"review": {"object": thing}}
	count(workloads.pods) == 2 with input as {"review": {"object": thing}}
}

# An object at the top of its holder is found too, and one inside of it is a part of it.
test_objects_at_the_top_of_others if {
	job := {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"template": {"spec": {"containers": [{"image": "a"}]}}}}
	thing := object.union(foreign("example.com/v1", {}), {"job": job})
	[at.path | some at in workloads.objects] == [[], ["job"]] with input as {"review": {"object": thing}}
	workloads.pod_paths == [["job", "spec", "template", "spec"]] with input as {"review": {"object": thing}}
}

test_policies_and_kubernetes_kinds_are_not_searched if {
	some version in ["constraints.gatekeeper.sh/v1beta1", "rbac.authorization.k8s.io/v1", "v1"]
	thing := foreign(version, {"parts": [{"containers": [{"image": "b"}]}]})
	workloads.image_paths == [] with input as {"review": {"object": thing}}
}

# A reference to an object is none.
test_references_hold_nothing if {
	thing := foreign("example.com/v1", {"target": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}})
	count(workloads.objects) == 1 with input as {"review": {"object": thing}}
}
