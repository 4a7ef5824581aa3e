package lockgate.cost.scale_to_zero_test

import data.lockgate.cost.scale_to_zero as rule

# What is said of an object in an environment: where, and the number that is asked for.
said(judged, environment, parameters) := {[violation.details.path[count(violation.details.path) - 1], split(violation.details.fix, " to ")[1]] |
	labelled := object.union({"metadata": {"labels": {"env": environment}}}, judged)
	some violation in rule.violation with input as {"review": {"object": labelled}, "parameters": parameters}
}

prod(judged) := said(judged, "prod", {})

dev(judged) := said(judged, "dev", {})

gpu := {"limits": {"nvidia.com/gpu": 1}}

service(annotations, predictor) := {
	"apiVersion": "serving.kserve.io/v1beta1",
	"kind": "InferenceService",
	"metadata": {"name": "s", "annotations": annotations},
	"spec": {"predictor": predictor},
}

model(minimum, resources) := service({}, {"minReplicas": minimum, "model": {"resources": resources}})

test_kserve_in_production if {
	prod(service({}, {})) == set()
	prod(model(1, gpu)) == set()
	prod(model("${MIN}", gpu)) == set()
	every value in [0, -1, 0.5, "1", true, [], {}] {
		prod(model(value, {})) == {["minReplicas", "1"]}
	}
	said(model(1, {}), "prod", {"minimum": 2}) == {["minReplicas", "2"]}
	said(model(0, {}), "prod", {"minimum": 0}) == set()
}

test_kserve_in_development if {
	dev(service({}, {})) == set()
	dev(model(1, {})) == set()
	dev(model(2, {})) == {["minReplicas", "1"]}
	dev(model(null, gpu)) == {["minReplicas", "0"]}
	dev(model(1, gpu)) == {["minReplicas", "0"]}
	dev(model(0, gpu)) == set()
	dev(model("2", {})) == {["minReplicas", "1"]}
	said(model(1, gpu), "dev", {"idleWithDevices": 1}) == set()
	said(model(3, {}), "dev", {"idle": 3}) == set()
}

test_kserve_modes if {
	every mode in ["RawDeployment", "Standard"] {
		dev(service({"serving.kserve.io/deploymentMode": mode}, {"model": {"resources": gpu}})) == set()
		dev(service({"serving.kserve.io/deploymentMode": mode}, {"minReplicas": 2, "model": {"resources": gpu}})) == {["minReplicas", "1"]}
		dev(service({"serving.kserve.io/deploymentMode": mode, "serving.kserve.io/autoscalerClass": "keda"}, {"model": {"resources": gpu}})) == {["minReplicas", "0"]}
	}
	every class in ["external", "none"] {
		dev(service({"serving.kserve.io/autoscalerClass": class}, {"minReplicas": 5})) == set()
	}
	dev(service(null, {"minReplicas": 5})) == {["minReplicas", "1"]}
}

generative(spec) := {"apiVersion": "serving.kserve.io/v1alpha2", "kind": "LLMInferenceService", "metadata": {"name": "l"}, "spec": spec}

test_generative if {
	prod(generative({"replicas": 0})) == set()
	prod(generative({"scaling": {"minReplicas": 0, "keda": {}}})) == {["minReplicas", "1"]}
	prod(generative({"scaling": {"minReplicas": 1}})) == set()
	template := {"containers": [{"name": "main", "resources": gpu}]}
	dev(generative({"scaling": {"minReplicas": 1}, "template": template})) == set()
	dev(generative({"scaling": {"minReplicas": 1, "keda": {}}, "template": template})) == {["minReplicas", "0"]}
	dev(generative({"scaling": {"wva": {"keda": {}}}, "template": template})) == {["minReplicas", "0"]}
	dev(generative({"prefill": {"scaling": {"minReplicas": 4, "wva": {"hpa": {}}}}})) == {["minReplicas", "1"]}
	dev(generative({"scaling": "on", "prefill": {"scaling": null}})) == set()
}

knative(kind, annotations, resources) := {
	"apiVersion": "serving.knative.dev/v1",
	"kind": kind,
	"metadata": {"name": "k"},
	"spec": {"template": {"metadata": {"annotations": annotations}, "spec": {"containers": [{"resources": resources}]}}},
}

test_knative if {
	every kind in ["Configuration", "Service"] {
		prod(knative(kind, {}, {})) == {["autoscaling.knative.dev/min-scale", `"1"`]}
		prod(knative(kind, null, {})) == {["autoscaling.knative.dev/min-scale", `"1"`]}
		prod(knative(kind, {"autoscaling.knative.dev/min-scale": "1"}, {})) == set()
		prod(knative(kind, {"autoscaling.knative.dev/minScale": "0"}, {})) == {["autoscaling.knative.dev/minScale", `"1"`]}
		prod(knative(kind, {"autoscaling.knative.dev/minScale": "1", "autoscaling.knative.dev/min-scale": "0"}, {})) == {["autoscaling.knative.dev/min-scale", `"1"`]}
		prod(knative(kind, {"autoscaling.knative.dev/min-scale": "one"}, {})) == {["autoscaling.knative.dev/min-scale", `"1"`]}
		dev(knative(kind, {"autoscaling.knative.dev/min-scale": "1"}, gpu)) == {["autoscaling.knative.dev/min-scale", `"0"`]}
		dev(knative(kind, {}, gpu)) == set()
	}
}

test_revisions_of_others if {
	revision := {"apiVersion": "serving.knative.dev/v1", "kind": "Revision", "metadata": {"name": "k-1"}, "spec": {}}
	prod(revision) == {["autoscaling.knative.dev/min-scale", `"1"`]}
	prod(object.union(revision, {"metadata": {"ownerReferences": [{"kind": "Configuration", "controller": true}]}})) == set()
}

run(template) := {"apiVersion": "run.cnrm.cloud.google.com/v1beta1", "kind": "RunService", "metadata": {}, "spec": {"template": template}}

test_cloud_run if {
	prod(run({})) == {["minInstanceCount", "1"]}
	prod(run({"scaling": {"minInstanceCount": 1}})) == set()
	dev(run({"scaling": {"minInstanceCount": 1}})) == set()
	dev(run({"scaling": {"minInstanceCount": 1}, "nodeSelector": {"accelerator": "nvidia-l4"}})) == {["minInstanceCount", "0"]}
	dev(run({"scaling": {"minInstanceCount": 2}, "nodeSelector": null})) == {["minInstanceCount", "1"]}
}

worker(minimum) := {"minReplicas": minimum, "template": {"spec": {"containers": [{"resources": gpu}]}}}

cluster(on, minimum) := {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {}, "spec": {"enableInTreeAutoscaling": on, "workerGroupSpecs": [worker(minimum)]}}

test_ray if {
	dev(cluster(true, 2)) == {["minReplicas", "0"]}
	dev(cluster(true, null)) == set()
	dev(cluster(false, 2)) == set()
	prod(cluster(true, 0)) == set()
}

scaler(version, kind, spec) := {"apiVersion": version, "kind": kind, "metadata": {}, "spec": spec}

test_autoscalers if {
	dev(scaler("autoscaling/v2", "HorizontalPodAutoscaler", {"minReplicas": 3})) == {["minReplicas", "1"]}
	said(scaler("autoscaling/v2", "HorizontalPodAutoscaler", {}), "dev", {"idle": 0}) == set()
	dev(scaler("keda.sh/v1alpha1", "ScaledObject", {"minReplicaCount": 2})) == {["minReplicaCount", "1"]}
	dev(scaler("keda.sh/v1alpha1", "ScaledObject", {})) == set()
	prod(scaler("keda.sh/v1alpha1", "ScaledObject", {"minReplicaCount": 0})) == set()
}

test_tiers if {
	said(model(0, {}), "staging", {}) == set()
	said(model(0, {}), "staging", {"assumed": "production"}) == {["minReplicas", "1"]}
	said(model(5, {}), "batch", {"tiers": {"development": ["batch"]}}) == {["minReplicas", "1"]}
}

counted(new, old) := found if {
	found := count(rule.violation) with input as {"review": {"operation": "UPDATE", "namespace": "prod", "object": new, "oldObject": old}, "parameters": {}}
}

test_updates if {
	asleep := model(0, {})
	counted(object.union(asleep, {"metadata": {"finalizers": ["x"]}}), asleep) == 0
	counted(asleep, model(1, {})) == 1
	counted(object.union(asleep, {"metadata": {"labels": {"env": "prod"}}}), asleep) == 1
}
