package lockgate.serving.public_exposure_test

import data.lockgate.serving.public_exposure as rule

made(version, kind, spec) := {"apiVersion": version, "kind": kind, "metadata": {"name": "s"}, "spec": spec}

said(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

dangerous := {"requireInternal": "nothing"}

url(value) := made("lambda.services.k8s.aws/v1alpha1", "FunctionURLConfig", {"authType": value})

test_function_urls if {
	every value in ["AWS_IAM", "${AUTH_TYPE}"] {
		said(url(value), dangerous) == set()
	}
	every value in ["NONE", "none", null, 7, ["AWS_IAM"]] {
		found := said(url(value), dangerous)
		count(found) == 1
		some message in found
		startswith(message, "function answers anybody at spec.authType (")
	}
}

granted(permission) := made("lambda.services.k8s.aws/v1alpha1", "Alias", {"permissions": [permission]})

test_permissions if {
	some message in said(granted({"principal": "*", "action": "lambda:InvokeFunctionUrl"}), dangerous)
	startswith(message, "permission is for everybody at spec.permissions[0].principal (*)")
	said(granted({"principal": "events.amazonaws.com"}), dangerous) == set()
	said(granted({"principal": "*", "principalOrgID": "o-1"}), dangerous) == set()
	count(said(granted({"principal": "*", "principalOrgID": ""}), dangerous)) == 1
}

connector(spec) := made("run.cnrm.cloud.google.com/v1beta1", "RunService", spec)

annotated(annotations) := object.union(
	made("serving.knative.dev/v1", "Service", {}),
	{"metadata": {"annotations": annotations}},
)

test_invokers if {
	every value in [true, "true", "yes", ["x"]] {
		some message in said(annotated({"run.googleapis.com/invoker-iam-disabled": value}), dangerous)
		startswith(message, "service does not check who invokes it at metadata.annotations[")
		count(said(connector({"invokerIAMDisabled": value}), dangerous)) == 1
	}
	every value in [false, "false", null, "${DISABLED}"] {
		said(connector({"invokerIAMDisabled": value}), dangerous) == set()
	}
}

test_ingress if {
	every value in ["INGRESS_TRAFFIC_INTERNAL_ONLY", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER", "${INGRESS}"] {
		said(connector({"ingress": value}), {}) == set()
	}
	every value in ["INGRESS_TRAFFIC_ALL", "ingress_traffic_internal_only", null, 7] {
		some message in said(connector({"ingress": value}), {})
		startswith(message, "service of Cloud Run is open to the internet at spec.ingress (")
		endswith(message, "set ingress to INGRESS_TRAFFIC_INTERNAL_ONLY")
	}
	count(said(connector({}), {})) == 1
	count(said(connector({}), {"requireInternal": "cloud-run"})) == 1
	said(connector({}), dangerous) == set()
	said(made("run.cnrm.cloud.google.com/v1beta1", "RunJob", {}), {}) == set()
	said(annotated({"run.googleapis.com/ingress": "internal"}), {}) == set()
	some message in said(annotated({"run.googleapis.com/ingress": "all"}), {})
	endswith(message, "set run.googleapis.com/ingress to internal")
	count(said(annotated({"run.googleapis.com/cpu-throttling": "false"}), {})) == 1
}

labelled(judged, labels) := object.union(judged, {"metadata": {"labels": labels}})

in_cluster := [
	made("serving.knative.dev/v1", "Service", {}),
	made("serving.knative.dev/v1", "Route", {}),
	made("serving.kserve.io/v1beta1", "InferenceService", {}),
]

test_visibility if {
	every judged in in_cluster {
		said(labelled(judged, {"networking.knative.dev/visibility": "cluster-local"}), {}) == set()
		said(labelled(judged, {"networking.kserve.io/visibility": "cluster-local"}), {}) == set()
		said(judged, dangerous) == set()
		said(judged, {"requireInternal": "cloud-run"}) == set()
		said(labelled(judged, {"networking.knative.dev/visibility": "${VISIBILITY}"}), {}) == set()
		every labels in [{}, null, "x", {"networking.knative.dev/visibility": "public"}, {"networking.knative.dev/visibility": ["cluster-local"]}] {
			found := said(labelled(judged, labels), {})
			count(found) == 1
			some message in found
			startswith(message, "service is published outside of the cluster at metadata.labels[")
		}
	}
	owner := {"metadata": {"ownerReferences": [{"kind": "InferenceService", "controller": true}]}}
	said(object.union(in_cluster[0], owner), {}) == set()
	count(said(object.union(in_cluster[0], {"metadata": {"ownerReferences": [{"kind": "Other", "controller": true}]}}), {})) == 1
}

head(fields) := made("ray.io/v1", "RayCluster", {"headGroupSpec": fields})

test_ray if {
	every fields in [
		{"serviceType": "LoadBalancer"},
		{"serviceType": "NodePort"},
		{"headService": {"spec": {"type": "LoadBalancer"}}},
		{"enableIngress": true},
	] {
		found := said(head(fields), dangerous)
		count(found) == 1
		some message in found
		startswith(message, "Ray's head is exposed without a token at spec.headGroupSpec.")
		said(object.union(head(fields), {"spec": {"authOptions": {"mode": "token"}}}), dangerous) == set()
	}
	every fields in [{}, {"serviceType": "ClusterIP"}, {"enableIngress": false}, "x"] {
		said(head(fields), dangerous) == set()
	}
}

updated(old, new) := {"review": {"operation": "UPDATE", "object": new, "oldObject": old}}

test_updates if {
	every judged in [url("NONE"), in_cluster[2], head({"enableIngress": true})] {
		count(rule.violation) == 0 with input as updated(judged, object.union(judged, {"status": {"ready": true}}))
		count(rule.violation) == 1 with input as updated(object.union(judged, {"spec": {"x": 1}}), judged)
	}
	hidden := labelled(in_cluster[2], {"networking.knative.dev/visibility": "cluster-local"})
	count(rule.violation) == 1 with input as updated(hidden, in_cluster[2])
	checked := annotated({"run.googleapis.com/ingress": "internal"})
	count(rule.violation) == 1 with input as updated(checked, annotated({"run.googleapis.com/ingress": "all"}))
	autoscaled := object.union(head({"enableIngress": true}), {"metadata": {"labels": {"a": "b"}}, "spec": {"suspend": true}})
	count(rule.violation) == 0 with input as updated(head({"enableIngress": true}), autoscaled)
}
