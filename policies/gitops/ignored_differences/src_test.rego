package lockgate.gitops.ignored_differences_test

import data.lockgate.gitops.ignored_differences as rule

found(judged, parameters) := count({violation.details.path |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
})

app(entry) := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "a"}, "spec": {"ignoreDifferences": [object.union({"group": "apps", "kind": "Deployment"}, entry)]}}

pointer(text) := app({"jsonPointers": [text]})

jq(text) := app({"jqPathExpressions": [text]})

test_pointers if {
	every text in [
		"/spec/template/spec/containers/0/image", "/spec", "", "/", "/spec/template/spec/containers", "/spec/template/spec/containers/0", "/spec/predictor/model/storageUri",
		"/spec/predictor", "/spec/template/spec/containers/0/env", "/spec/template/spec/volumes/0/image/reference", "/spec/model/uri", 7, null,
	] {
		found(pointer(text), {}) == 1
	}
	every text in [
		"/spec/replicas", "/metadata/annotations", "/webhooks/0/clientConfig/caBundle", "/spec/template/spec/containers/0/resources", "/data/image~1x",
		"/status", "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt", "/spec/predictor/minReplicas",
	] {
		found(pointer(text), {}) == 0
	}
}

test_expressions if {
	every text in [
		".spec.template.spec.containers[].image", `.spec.template.spec.containers[] | select(.name == "server")`, ".spec", ".", ".spec.replicas, .spec.template.spec.containers[0].image",
		`.spec.template.spec.containers[] | select(.name | test("a(b)")) | .image`, `.spec["template"]`,
	] {
		found(jq(text), {}) == 1
	}
	every text in [
		".spec.replicas", ".webhooks[]?.clientConfig.caBundle", `.spec.template.spec.containers[] | select(.image == "x") | .resources`,
		`.spec.template.spec.initContainers[] | select(.name == "injected") | .resources.limits`, ".spec.template.metadata.annotations",
	] {
		found(jq(text), {}) == 0
	}
}

test_managers if {
	found(app({"managedFieldsManagers": ["kubectl-edit", "kube-controller-manager", "kubectl-client-side-apply", "*"]}), {}) == 3
}

test_flux if {
	release := {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "a"}, "spec": {"driftDetection": {"mode": "enabled", "ignore": [
		{"paths": ["/spec/replicas", "/spec/template/spec/containers/0/image"]},
		{"paths": ["/metadata/annotations/prometheus-operator-validated"]},
	]}}}
	found(release, {}) == 1
}

test_templates_and_further_fields if {
	set_of := {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": "a"}, "spec": {"template": {"spec": {"ignoreDifferences": [{"jsonPointers": ["/spec/replicas", "/spec"]}]}}}}
	found(set_of, {}) == 1
	found(set_of, {"fields": ["replicas"]}) == 2
}

test_odd_shapes if {
	every value in [null, "", 7, {}, [7], [null], [{"jsonPointers": "x"}]] {
		found({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "spec": {"ignoreDifferences": value}}, {}) == 0
	}
}

test_updates_that_change_nothing if {
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": pointer("/spec"), "oldObject": pointer("/spec")}}
}
