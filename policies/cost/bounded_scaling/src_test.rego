package lockgate.cost.bounded_scaling_test

import data.lockgate.cost.bounded_scaling as rule

said(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

# How an object is judged: without a maximum, and with one of 10.
free(judged) := said(judged, {})

bound(judged) := said(judged, {"maximum": 10})

unbounded(judged, place) if {
	found := free(judged)
	count(found) == 1
	some message in found
	startswith(message, sprintf("scaling has no upper bound at %s (", [place]))
}

too_far(judged, place) if {
	found := bound(judged)
	count(found) == 1
	some message in found
	startswith(message, sprintf("scaling goes further than is allowed at %s (", [place]))
}

service(annotations, predictor) := {
	"apiVersion": "serving.kserve.io/v1beta1",
	"kind": "InferenceService",
	"metadata": {"name": "s", "annotations": annotations},
	"spec": {"predictor": predictor},
}

test_kserve if {
	free(service({}, {"maxReplicas": 3})) == set()
	bound(service({}, {"maxReplicas": 10})) == set()
	free(service({}, {"maxReplicas": "${MAX}"})) == set()
	too_far(service({}, {"maxReplicas": 11}), "spec.predictor.maxReplicas")
	every value in [0, -1, 1.5, "3", true, null, [], {}] {
		unbounded(service({}, {"maxReplicas": value}), "spec.predictor.maxReplicas")
	}
	unbounded(service(null, {"minReplicas": 1}), "spec.predictor.maxReplicas")
	count(free(object.union(service({}, {}), {"spec": {"transformer": {}, "explainer": {"maxReplicas": 1}}}))) == 2
}

test_kserve_modes if {
	every mode in ["RawDeployment", "Standard"] {
		free(service({"serving.kserve.io/deploymentMode": mode}, {})) == set()
		unbounded(service({"serving.kserve.io/deploymentMode": mode}, {"maxReplicas": 0}), "spec.predictor.maxReplicas")
		too_far(service({"serving.kserve.io/deploymentMode": mode}, {"maxReplicas": 11}), "spec.predictor.maxReplicas")
	}
	unbounded(service({"serving.kserve.io/deploymentMode": "Knative"}, {}), "spec.predictor.maxReplicas")
	every class in ["external", "none"] {
		free(service({"serving.kserve.io/autoscalerClass": class}, {})) == set()
	}
	unbounded(service({"serving.kserve.io/autoscalerClass": "hpa"}, {}), "spec.predictor.maxReplicas")
}

generative(spec) := {"apiVersion": "serving.kserve.io/v1alpha1", "kind": "LLMInferenceService", "metadata": {"name": "l"}, "spec": spec}

test_generative if {
	free(generative({"replicas": 3})) == set()
	free(generative({"scaling": {"maxReplicas": 3}, "prefill": {"scaling": {"maxReplicas": 2}}})) == set()
	unbounded(generative({"scaling": {"minReplicas": 1}}), "spec.scaling.maxReplicas")
	unbounded(generative({"scaling": "on"}), "spec.scaling.maxReplicas")
	unbounded(generative({"prefill": {"scaling": {}}}), "spec.prefill.scaling.maxReplicas")
	too_far(generative({"scaling": {"maxReplicas": 11}}), "spec.scaling.maxReplicas")
}

knative(kind, metadata) := {
	"apiVersion": "serving.knative.dev/v1",
	"kind": kind,
	"metadata": {"name": "k"},
	"spec": {"template": {"metadata": metadata, "spec": {"containers": []}}},
}

max_scale(name, value) := {"annotations": {sprintf("autoscaling.knative.dev/%s", [name]): value}}

test_knative if {
	place := `spec.template.metadata.annotations["autoscaling.knative.dev/max-scale"]`
	former := `spec.template.metadata.annotations["autoscaling.knative.dev/maxScale"]`
	every kind in ["Configuration", "Service"] {
		free(knative(kind, max_scale("max-scale", "5"))) == set()
		free(knative(kind, max_scale("maxScale", "5"))) == set()
		free(knative(kind, max_scale("max-scale", "${MAX}"))) == set()
		unbounded(knative(kind, {}), place)
		unbounded(knative(kind, null), place)
		too_far(knative(kind, max_scale("max-scale", "11")), place)
		too_far(knative(kind, max_scale("maxScale", "011")), former)
		every value in ["0", "-1", "", "five", "1e3", "12345678901"] {
			unbounded(knative(kind, max_scale("max-scale", value)), place)
		}
		unbounded(knative(kind, max_scale("maxScale", "0")), former)
	}

	# The name as it is now counts where both are there.
	both := object.union(max_scale("maxScale", "5"), max_scale("max-scale", "0"))
	unbounded(knative("Service", both), place)
	revision := {"apiVersion": "serving.knative.dev/v1", "kind": "Revision", "metadata": max_scale("max-scale", "0"), "spec": {}}
	unbounded(revision, `metadata.annotations["autoscaling.knative.dev/max-scale"]`)
	owned := {"metadata": {"ownerReferences": [{"kind": "Configuration", "controller": true}]}}
	free(object.union(revision, owned)) == set()
}

test_cloud if {
	run := {"apiVersion": "run.cnrm.cloud.google.com/v1beta1", "kind": "RunService", "metadata": {"name": "r"}, "spec": {"template": {}}}
	unbounded(run, "spec.template.scaling.maxInstanceCount")
	scaled := {"spec": {"template": {"scaling": {"maxInstanceCount": 11}}}}
	free(object.union(run, scaled)) == set()
	too_far(object.union(run, scaled), "spec.template.scaling.maxInstanceCount")
	lambda := {"apiVersion": "lambda.services.k8s.aws/v1alpha1", "kind": "Function", "metadata": {"name": "f"}, "spec": {}}
	unbounded(lambda, "spec.reservedConcurrentExecutions")
	bound(object.union(lambda, {"spec": {"reservedConcurrentExecutions": 0}})) == set()
	unbounded(object.union(lambda, {"spec": {"reservedConcurrentExecutions": -1}}), "spec.reservedConcurrentExecutions")
	too_far(object.union(lambda, {"spec": {"reservedConcurrentExecutions": 11}}), "spec.reservedConcurrentExecutions")
}

pool(spec) := {"apiVersion": "container.cnrm.cloud.google.com/v1beta1", "kind": "ContainerNodePool", "metadata": {"name": "p"}, "spec": spec}

test_node_pools if {
	free(pool({"nodeCount": 3})) == set()
	free(pool({"autoscaling": {"maxNodeCount": 3}})) == set()
	unbounded(pool({"autoscaling": {"minNodeCount": 1}}), "spec.autoscaling.maxNodeCount")
	unbounded(pool({"autoscaling": true}), "spec.autoscaling.maxNodeCount")
	too_far(pool({"autoscaling": {"totalMaxNodeCount": 11}}), "spec.autoscaling.totalMaxNodeCount")
}

ray(spec) := {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "r"}, "spec": spec}

test_ray if {
	free(ray({"workerGroupSpecs": [{"replicas": 2}]})) == set()
	scaling := {"enableInTreeAutoscaling": true}
	free(ray(object.union(scaling, {"workerGroupSpecs": [{"maxReplicas": 0}, {"maxReplicas": 4}]}))) == set()
	unbounded(ray(object.union(scaling, {"workerGroupSpecs": [{"maxReplicas": 1}, {}]})), "spec.workerGroupSpecs[1].maxReplicas")
	too_far(ray(object.union(scaling, {"workerGroupSpecs": [{"maxReplicas": 11}]})), "spec.workerGroupSpecs[0].maxReplicas")
}

test_autoscalers if {
	hpa := {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}, "spec": {"maxReplicas": 11}}
	free(hpa) == set()
	too_far(hpa, "spec.maxReplicas")
	every kind in ["ScaledJob", "ScaledObject"] {
		keda := {"apiVersion": "keda.sh/v1alpha1", "kind": kind, "metadata": {"name": "k"}, "spec": {}}
		free(keda) == set()
		too_far(keda, "spec.maxReplicaCount")
		bound(object.union(keda, {"spec": {"maxReplicaCount": 10}})) == set()
	}
}

test_updates if {
	old := service({}, {"model": {}})
	marked := object.union(old, {"status": {"ready": true}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": marked, "oldObject": old}}
	changed := object.union(old, {"spec": {"predictor": {"minReplicas": 2}}})
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": changed, "oldObject": old}}
}

test_others if {
	free({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {}}) == set()
	free({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": 900}}) == set()
}
