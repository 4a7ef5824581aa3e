package lockgate.pipelines.workflow_accounts_test

import data.lockgate.pipelines.workflow_accounts as rule

object_of(kind, spec) := {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "spec": spec}

said(judged, parameters) := [[split(violation.msg, " at ")[0], violation.details.path] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
]

step := {"name": "a", "container": {"image": "x"}}

nameless := "no account is named"

test_workflows if {
	said(object_of("Workflow", {"templates": [step]}), {}) == [[nameless, ["spec", "serviceAccountName"]]]
	said(object_of("Workflow", {"serviceAccountName": "", "templates": [step]}), {}) == [[nameless, ["spec", "serviceAccountName"]]]
	said(object_of("CronWorkflow", {"workflowSpec": {"templates": [step]}}), {}) == [[nameless, ["spec", "workflowSpec", "serviceAccountName"]]]
	every spec in [
		{"serviceAccountName": "a", "templates": [step]},
		{"templateDefaults": {"serviceAccountName": "a"}, "templates": [step]},
		{"templates": [object.union(step, {"serviceAccountName": "a"})]},
		{"templates": [{"name": "a", "suspend": {}}, {"name": "b", "steps": [[{"template": "a"}]]}]},
		{"workflowTemplateRef": {"name": "t"}},
		{"serviceAccountName": "{{workflow.parameters.account}}", "templates": [step]},
	] {
		said(object_of("Workflow", spec), {}) == []
	}
	said(object_of("WorkflowTemplate", {"templates": [step]}), {}) == []
}

test_inline_templates if {
	inline := {"name": "a", "serviceAccountName": "a", "container": {}, "dag": {"tasks": [{"name": "b", "inline": {"script": {}}}]}}
	said(object_of("Workflow", {"templates": [inline]}), {}) == [[nameless, ["spec", "serviceAccountName"]]]
}

shared := "account is one that others share"

test_denied_accounts if {
	said(object_of("WorkflowTemplate", {"serviceAccountName": "default"}), {}) == [[shared, ["spec", "serviceAccountName"]]]
	said(object_of("Workflow", {"serviceAccountName": "a", "executor": {"serviceAccountName": "default"}, "templates": []}), {}) == [[shared, ["spec", "executor", "serviceAccountName"]]]
	said(object_of("Workflow", {"serviceAccountName": "default", "templates": [step]}), {"deniedAccounts": ["admin"]}) == []
	said(object_of("Workflow", {"serviceAccountName": "admin", "templates": [step]}), {"deniedAccounts": ["admin"]}) == [[shared, ["spec", "serviceAccountName"]]]
}

test_approved_accounts if {
	given := {"approvedAccounts": ["trainer"]}
	judged := {account: said(object_of("Workflow", {"serviceAccountName": account, "templates": [step]}), given) |
		some account in ["trainer", "other", "default", "{{x}}", 7]
	}
	judged.trainer == []
	judged["{{x}}"] == []
	judged.other == [["account is not approved", ["spec", "serviceAccountName"]]]
	judged[7] == [["account is not approved", ["spec", "serviceAccountName"]]]
	judged["default"] == [[shared, ["spec", "serviceAccountName"]]]
}

trigger(doer) := {"template": {"name": "t", doer: {"source": {}}}}

test_sensors if {
	path := ["spec", "template", "serviceAccountName"]
	said(object_of("Sensor", {"triggers": [trigger("k8s")]}), {}) == [[nameless, path]]
	said(object_of("Sensor", {"template": "odd", "triggers": [trigger("argoWorkflow")]}), {}) == [[nameless, path]]
	said(object_of("Sensor", {"triggers": [trigger("http")]}), {}) == []
	said(object_of("Sensor", {"template": {"serviceAccountName": "a"}, "triggers": [trigger("k8s")]}), {}) == []
	said(object_of("Sensor", {"template": {"serviceAccountName": "default"}, "triggers": [trigger("k8s")]}), {}) == [[shared, path]]
}

test_updates if {
	judged := object_of("Workflow", {"templates": [step]})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(judged, {"status": {"phase": "Running"}}), "oldObject": judged}}
	count(rule.violation) == 0 with input as {"review": {"operation": "DELETE", "object": judged}}
}
