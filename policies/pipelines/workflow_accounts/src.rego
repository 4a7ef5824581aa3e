# METADATA
# title: Workflows and sensors run under an account of their own
# description: |
#   Pods of a workflow without `serviceAccountName` run under the account `default` of their namespace, which all that names no account shares: what one
#   of them is granted, all have. Workflow and CronWorkflow must name an account, or each of their templates that makes pods must; a Sensor must name one
#   (`spec.template.serviceAccountName`) where its triggers create objects. Nobody may name one of `deniedAccounts`, `default` unless given.
#   With `approvedAccounts` the account must be one of them.
#
#   WorkflowTemplates are libraries whose users say who runs them, and a workflow with `workflowTemplateRef` takes the account of its template:
#   they are judged by what they write. Placeholders are known only when the workflow runs, and accepted. An update that changes nothing but metadata
#   and status is not judged.
#
#   Not covered: what the account is granted, and an account that the controller's configuration (`workflowDefaults`) or the server fills in.
# related_resources:
#   - ref: https://argo-workflows.readthedocs.io/en/latest/service-accounts/
#     description: Service accounts of workflows
#   - ref: https://argoproj.github.io/argo-events/service-accounts/
#     description: Service accounts of sensors
# custom:
#   id: LG-P002
#   severity: medium
#   external: false
#   controls:
#     - NIST SP 800-53 AC-6 (least privilege)
#     - CIS Kubernetes 5.1.5 (default service accounts)
#   systems: [argo-events, argo-workflows, kubeflow-pipelines]
package lockgate.pipelines.workflow_accounts

import data.lib.lockgate.argo
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "no account is named", "default", why, fix) if {
	not updates.unchanged
	some path in nameless
	why := "its pods run under the account that all pods of the namespace share"
	fix := "set serviceAccountName to an account of its own, with the rights that its steps need"
}

violation contains report.violation(named.path, "account is one that others share", named.value, why, fix) if {
	not updates.unchanged
	some named in written
	named.value in denied
	why := sprintf("nobody may run under: %s", [report.names(denied)])
	fix := "name an account of its own, with the rights that its steps need"
}

violation contains report.violation(named.path, "account is not approved", named.value, why, fix) if {
	not updates.unchanged
	is_array(review.parameters.approvedAccounts)
	approved := {name | some name in review.parameters.approvedAccounts}
	some named in written
	not named.value in denied
	not named.value in approved
	not settings.unknown(named.value)
	why := sprintf("approved are: %s", [report.names(approved)])
	fix := "name one of the approved accounts"
}

violation contains report.too_deep(path) if {
	not updates.unchanged
	some path in workloads.too_deep
}

denied := {name | some name in object.get(review.parameters, "deniedAccounts", ["default"])}

runs := {"argoproj.io/CronWorkflow", "argoproj.io/Workflow"}

nameless contains array.concat(workflow.path, ["serviceAccountName"]) if {
	some workflow in argo.workflows
	workflow.name in runs
	not workflow.value.workflowTemplateRef
	empty(workflow.value)
	empty(object.get(workflow.value, "templateDefaults", {}))
	some template in argo.templates
	template.workflow == workflow.path
	argo.makes_pods(template.value)
	empty(template.value)
}

nameless contains array.concat(trigger.sensor, ["spec", "template", "serviceAccountName"]) if {
	some trigger in argo.triggers
	trigger.doer in {"argoWorkflow", "k8s"}
	empty(workloads.value_at(array.concat(trigger.sensor, ["spec", "template"])))
}

empty(holder) if {
	is_object(holder)
	object.get(holder, "serviceAccountName", null) in {null, ""}
}

empty(holder) if not is_object(holder)

# Every place where an account is named.
written := [{"path": path, "value": value} |
	some holder in holders
	some field in [["serviceAccountName"], ["executor", "serviceAccountName"]]
	path := array.concat(holder, field)
	value := workloads.value_at(path)
	not value in {null, ""}
]

holders := array.concat([one.path | some one in array.concat(argo.workflows, argo.templates)], [path |
	some at in workloads.objects
	at.name == "argoproj.io/Sensor"
	path := array.concat(at.path, ["spec", "template"])
])
