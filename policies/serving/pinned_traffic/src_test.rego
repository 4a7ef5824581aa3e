package lockgate.serving.pinned_traffic_test

import data.lockgate.serving.pinned_traffic as rule

# Where what is said of an object in production.
said(judged, parameters) := {concat(".", [sprintf("%v", [step]) | some step in violation.details.path]) |
	labelled := object.union({"metadata": {"labels": {"env": "prod"}}}, judged)
	some violation in rule.violation with input as {"review": {"object": labelled}, "parameters": parameters}
}

knative(kind, traffic) := {"apiVersion": "serving.knative.dev/v1", "kind": kind, "metadata": {"name": "k"}, "spec": {"traffic": traffic}}

test_knative if {
	every kind in ["Route", "Service"] {
		said(knative(kind, [{"revisionName": "k-1", "percent": 100}]), {}) == set()
		said(knative(kind, [{"revisionName": "k-1", "percent": 80}, {"latestRevision": true, "percent": 20}]), {}) == set()
		said(knative(kind, [{"revisionName": "k-1", "percent": 79}, {"latestRevision": true, "percent": 21}]), {}) == {"spec.traffic.1"}
		said(knative(kind, [{"revisionName": "k-1", "percent": 79}, {"latestRevision": true, "percent": 21}]), {"latestPercent": 50}) == set()
		said(knative(kind, [{"revisionName": "k-1", "percent": 100}, {"latestRevision": true, "tag": "next"}]), {}) == set()
		said(knative(kind, [{"percent": 100}]), {}) == {"spec.traffic.0"}
		said(knative(kind, [{"configurationName": "k", "percent": 100}]), {}) == {"spec.traffic.0"}
	}
}

test_no_traffic if {
	every traffic in [null, [], {}, "all", 7] {
		said(knative("Service", traffic), {}) == {"spec.traffic"}
	}
	said({"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {}, "spec": {}}, {}) == {"spec.traffic"}
	said({"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {}, "spec": "x"}, {}) == {"spec.traffic"}
}

test_odd_targets if {
	every target in ["latest", null, 3, [], {"percent": "100"}, {"revisionName": "", "percent": 100}, {"revisionName": null, "percent": 100}] {
		said(knative("Service", [target]), {}) == {"spec.traffic.0"}
	}
}

test_placeholders if {
	every traffic in ["${TRAFFIC}", ["${TARGET}"], [{"revisionName": "${REVISION}", "percent": 100}], [{"latestRevision": true, "percent": "${PERCENT}"}], [{"latestRevision": "${X}", "percent": 100}]] {
		said(knative("Service", traffic), {}) == set()
	}
}

test_controlled if {
	owned := {"metadata": {"ownerReferences": [{"kind": "InferenceService", "controller": true}]}}
	said(object.union(knative("Service", null), owned), {}) == set()
}

run(traffic) := {"apiVersion": "run.cnrm.cloud.google.com/v1beta1", "kind": "RunService", "metadata": {}, "spec": {"traffic": traffic}}

test_cloud_run if {
	said(run([{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": "r-1", "percent": 100}]), {}) == set()
	said(run([{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}]), {}) == {"spec.traffic.0"}
	said(run([{"type": "${TYPE}", "percent": 100}]), {}) == set()
	said(run(null), {}) == {"spec.traffic"}
}

lambda(kind, spec) := {"apiVersion": "lambda.services.k8s.aws/v1alpha1", "kind": kind, "metadata": {}, "spec": spec}

test_aliases if {
	said(lambda("Alias", {"functionVersion": "7"}), {}) == set()
	said(lambda("Alias", {"functionVersion": "$FUNCTION_VERSION"}), {}) == set()
	every value in ["$LATEST", "", null, 7, [], "latest"] {
		said(lambda("Alias", {"functionVersion": value}), {}) == {"spec.functionVersion"}
	}
	said(lambda("Alias", "x"), {}) == {"spec.functionVersion"}
	said(lambda("Alias", {"functionVersion": "7", "routingConfig": {"additionalVersionWeights": {"8": 0.1}}}), {}) == set()
	said(lambda("Alias", {"functionVersion": "7", "routingConfig": {"additionalVersionWeights": {"$LATEST": 0.1}}}), {}) == {"spec.routingConfig.additionalVersionWeights.$LATEST"}
}

test_urls if {
	said(lambda("FunctionURLConfig", {"qualifier": "live"}), {}) == set()
	said(lambda("FunctionURLConfig", {"qualifier": "${ALIAS}"}), {}) == set()
	every value in ["$LATEST", "", null, 7] {
		said(lambda("FunctionURLConfig", {"qualifier": value}), {}) == {"spec.qualifier"}
	}
}

test_tiers if {
	every namespace, number in {"shop-prod": 1, "shop": 0, "shop-dev": 0} {
		count(rule.violation) == number with input as {"review": {"namespace": namespace, "object": knative("Service", null)}, "parameters": {}}
	}
}

test_updates if {
	following := knative("Service", null)
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "namespace": "prod", "object": object.union(following, {"metadata": {"finalizers": ["x"]}}), "oldObject": following}, "parameters": {}}
}
