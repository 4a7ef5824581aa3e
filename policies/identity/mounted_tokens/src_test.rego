package lockgate.identity.mounted_tokens_test

import data.lockgate.identity.mounted_tokens as rule

found(judged, parameters) := {concat(".", [sprintf("%v", [step]) | some step in violation.details.path]) |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

deployment(spec) := {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": {"spec": spec}}}

gpu := {"containers": [{"name": "c", "image": "i", "resources": {"limits": {"nvidia.com/gpu": 1}}}]}

service(predictor) := {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "s"}, "spec": {"predictor": predictor}}

test_pods if {
	place := {"spec.template.spec.automountServiceAccountToken"}
	found(deployment(gpu), {}) == place
	every value in [true, "false", null, 7] {
		found(deployment(object.union(gpu, {"automountServiceAccountToken": value})), {}) == place
	}
	every value in [false, "${TOKEN}"] {
		found(deployment(object.union(gpu, {"automountServiceAccountToken": value})), {}) == set()
	}
	found(deployment({"containers": [{"name": "c", "image": "i"}]}), {}) == set()
	found(deployment(object.union(gpu, {"serviceAccountName": "operator"})), {"accounts": ["operator"]}) == set()
	found(deployment(object.union(gpu, {"serviceAccountName": "operator"})), {"accounts": ["other"]}) == place
}

test_models if {
	found(service({"model": {}}), {}) == {"spec.predictor.automountServiceAccountToken"}
	found(service({"model": {}, "automountServiceAccountToken": false}), {}) == set()
	ray := {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "r"}, "spec": {"headGroupSpec": {"template": {"spec": gpu}}}}
	found(ray, {}) == set()
	token := {"volumes": [{"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]}
	found(object.union(ray, {"spec": {"headGroupSpec": {"template": {"spec": token}}}}), {}) == set()
}

test_pods_of_controllers if {
	pod := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": gpu}
	found(pod, {}) == {"spec.automountServiceAccountToken"}
	found(object.union(pod, {"metadata": {"ownerReferences": [{"controller": true}]}}), {}) == set()
}

projected(token) := deployment({"volumes": [null, {"name": "t", "projected": {"sources": [null, {"serviceAccountToken": token}]}}]})

test_projected_tokens if {
	place := "spec.template.spec.volumes.1.projected.sources.1.serviceAccountToken"
	every token in [{"path": "t"}, {"path": "t", "audience": ""}, {"path": "t", "audience": null}] {
		found(projected(token), {}) == {place}
	}
	found(projected({"path": "t", "audience": "vault", "expirationSeconds": 3600}), {}) == set()
	found(projected({"path": "t", "audience": "vault", "expirationSeconds": 604800}), {}) == {sprintf("%s.expirationSeconds", [place])}
	found(projected({"path": "t", "audience": "vault", "expirationSeconds": 7200}), {"maxSeconds": 3600}) == {sprintf("%s.expirationSeconds", [place])}
	every token in [null, 7, "t"] {
		found(projected(token), {}) == set()
	}
	found(deployment({"volumes": [{"name": "kube-api-access-x", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]}), {}) == set()
}

test_updates if {
	old := deployment(gpu)
	marked := object.union(old, {"status": {"replicas": 1}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": marked, "oldObject": old}}
	count(rule.violation) == 1 with input as {"review": {"operation": "CREATE", "object": old}}
}
