package lockgate.gitops.suspended_reconciliation_test

import data.lockgate.gitops.suspended_reconciliation as rule

found(judged, parameters) := {concat(".", violation.details.path) |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

flux(spec) := {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "k"}, "spec": spec}

marked(annotations) := {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "annotations": annotations}}

test_flux if {
	every value in [true, "true", 1] {
		found(flux({"suspend": value}), {}) == {"spec.suspend"}
	}
	every value in [false, null, "${SUSPEND}"] {
		found(flux({"suspend": value}), {}) == set()
	}
	found({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "spec": {"driftDetection": {"mode": "disabled"}}}, {}) == {"spec.driftDetection.mode"}
	found({"apiVersion": "batch/v1", "kind": "CronJob", "spec": {"suspend": true}}, {}) == set()
	found(flux(null), {}) == set()
}

test_annotations if {
	every name, value in {"configmanagement.gke.io/managed": "disabled", "kustomize.toolkit.fluxcd.io/reconcile": "Disabled", "argocd.argoproj.io/skip-reconcile": "true"} {
		found(marked({name: value}), {}) == {sprintf("metadata.annotations.%s", [name])}
	}
	found(marked({"configmanagement.gke.io/managed": "enabled"}), {}) == set()
	found(marked("odd"), {}) == set()
	found(marked({"configmanagement.gke.io/managed": 7}), {}) == set()
}

test_reasons if {
	given := {"reasonAnnotation": "example.com/why"}
	judged(reason) == set()
	found(marked({"configmanagement.gke.io/managed": "disabled", "example.com/why": " "}), given) != set()
	found(marked({"configmanagement.gke.io/managed": "disabled", "example.com/why": "x"}), {}) != set()
}

reason := "INC-7, until it is mended"

judged(text) := found(marked({"configmanagement.gke.io/managed": "disabled", "example.com/why": text}), {"reasonAnnotation": "example.com/why"})

test_updates if {
	old := flux({"suspend": true})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": old, "oldObject": old}}
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": marked({"configmanagement.gke.io/managed": "disabled"}), "oldObject": marked({})}}
}
