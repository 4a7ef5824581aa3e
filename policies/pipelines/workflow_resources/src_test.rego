package lockgate.pipelines.workflow_resources_test

import data.lockgate.pipelines.workflow_resources as rule

workflow(resource) := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"templates": [{"name": "a", "resource": resource}]}}

said(resource, parameters) := [split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {"review": {"object": workflow(resource)}, "parameters": parameters}
]

isvc := "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: {{inputs.parameters.name}}}"

job := "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: a-}"

made := "objects are made past the repository by create"

test_kinds if {
	said({"action": "create", "manifest": isvc}, {}) == [made]
	said({"action": "create", "manifest": job}, {}) == []
	said({"action": "create", "manifest": concat("\n---\n", [job, isvc])}, {}) == [made]
	said({"action": "create", "manifest": "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding"}, {}) == [made]
	said({"action": "create", "manifest": "apiVersion: argoproj.io/v1alpha1\nkind: Workflow"}, {}) == []
	said({"action": "create", "manifest": "apiVersion: argoproj.io/v1alpha1\nkind: Rollout"}, {}) == [made]
}

test_actions if {
	every action in ["create", "apply", "patch", "replace", "delete", "PATCH", "odd"] {
		count(said({"action": action, "manifest": isvc}, {})) == 1
	}
	count(said({"manifest": isvc}, {})) == 1
	count(said({"action": 7, "manifest": isvc}, {})) == 1
	said({"action": "get", "manifest": isvc}, {}) == []
}

test_own_kinds if {
	given := {"kinds": ["apps/Deployment"]}
	said({"action": "create", "manifest": isvc}, given) == []
	said({"action": "create", "manifest": "apiVersion: apps/v1\nkind: Deployment"}, given) == [made]
}

unknown := "object is known only when it is made"

test_undecided if {
	every resource in [
		{"action": "create", "manifest": "{{inputs.parameters.manifest}}"},
		{"action": "create", "manifestFrom": {"artifact": {"name": "m"}}},
		{"action": "create"},
	] {
		said(resource, {}) == [unknown]
		said(resource, {"undecidable": "allow"}) == []
	}
	said({"action": "create", "manifest": concat("\n---\n", [isvc, "a: ["])}, {"undecidable": "allow"}) == [made]
}

trigger(source) := {"template": {"name": "t", "k8s": {"operation": "patch", "source": source}}}

test_sensors if {
	served := {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "spec": {}}
	judged := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Sensor", "spec": {"triggers": [
		trigger({"resource": served}), trigger({"inline": isvc}), trigger({"git": {}}), trigger({"resource": {"apiVersion": "v1", "kind": "Pod"}}),
	]}}
	found := {violation.details.path | some violation in rule.violation with input as {"review": {"object": judged}}}
	found == {
		["spec", "triggers", 0, "template", "k8s", "source", "resource"],
		["spec", "triggers", 1, "template", "k8s", "source", "inline"],
		["spec", "triggers", 2, "template", "k8s", "source"],
	}
}

test_updates if {
	judged := workflow({"action": "create", "manifest": isvc})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(judged, {"status": {}}), "oldObject": judged}}
	count(rule.violation) == 0 with input as {"review": {"operation": "DELETE", "object": judged}}
}
