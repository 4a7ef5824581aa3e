# METADATA
# title: What is put into pods behind their backs is asked for by them
# description: |
#   Kubeflow's webhook adds what a PodDefault holds to every pod that its selector selects, after whoever wrote the pod looked at it. A PodDefault whose
#   selector is empty adds it to every pod of the namespace: where it brings secrets, an account or a command, its selector must name a label, which a pod then asks by. No key may stand in it as a value (`env` whose name ends in key, password, secret
#   or token), and it may not set `serviceAccountName`, nor turn `automountServiceAccountToken` on. With `allowedSecrets` it may bring these Secrets only.
#
#   Placeholders are accepted. An update that changes nothing but metadata and status is not judged.
#
#   Not covered: keys under other names, what a ConfigMap holds, and who may set the label.
# related_resources:
#   - ref: https://github.com/kubeflow/kubeflow/tree/master/components/admission-webhook
#     description: PodDefaults
# custom:
#   id: LG-P021
#   severity: medium
#   external: false
#   controls:
#     - NIST SP 800-53 AC-6 (least privilege)
#     - NIST SP 800-53 IA-5 (authenticator management)
#   systems: [kubeflow-notebooks]
package lockgate.pipelines.injected_secrets

import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "secrets go into every pod of the namespace", brought, why, fix) if {
	not updates.unchanged
	some added in defaults
	path := array.concat(added.path, ["spec", "selector"])
	not selects(workloads.value_at(path))
	brought := concat(", ", sort({one.what | some one in powers(added)}))
	brought != ""
	why := "an empty selector selects all, and no pod asked for it"
	fix := "set selector.matchLabels to a label that pods ask by, as example.com/with-secret: \"true\""
}

violation contains report.violation(path, "a key stands in a PodDefault", variable.name, why, fix) if {
	not updates.unchanged
	some added in defaults
	some path in [array.concat(found, ["value"]) | some found in workloads.below(array.concat(added.path, ["spec", "env"]), [])]
	variable := workloads.value_at(array.slice(path, 0, count(path) - 1))
	is_string(variable.name)
	regex.match(`(?i)(key|passwd|password|secret|token)$`, variable.name)
	settings.literal(variable.value)
	why := "everybody who may read the object has it"
	fix := "take it from a Secret (valueFrom.secretKeyRef), and replace the key"
}

violation contains report.violation(one.path, "a PodDefault changes the account of pods", one.what, why, fix) if {
	not updates.unchanged
	some added in defaults
	some one in accounts(added)
	why := "whoever may set a label gets the rights of that account"
	fix := "leave it out, and let pods name their account"
}

violation contains report.violation(one.path, "a PodDefault brings a secret that is not approved", one.name, why, fix) if {
	not updates.unchanged
	is_array(review.parameters.allowedSecrets)
	allowed := {name | some name in review.parameters.allowedSecrets}
	some added in defaults
	some one in secrets(added)
	not one.name in allowed
	why := sprintf("approved are: %s", [report.names(allowed)])
	fix := "leave it out, or have the secret approved"
}

defaults := [at | some at in workloads.objects; at.name == "kubeflow.org/PodDefault"]

selects(selector) if {
	is_object(selector.matchLabels)
	count(selector.matchLabels) > 0
}

selects(selector) if {
	is_array(selector.matchExpressions)
	count(selector.matchExpressions) > 0
}

# What no pod should get unasked.
powers(added) := array.concat(
	array.concat([{"what": sprintf("Secret %v", [one.name])} | some one in secrets(added)], accounts(added)),
	[{"what": field} |
		some field in ["args", "command"]
		not workloads.value_at(array.concat(added.path, ["spec", field])) in {null, []}
	],
)

accounts(added) := array.concat(
	[{"path": path, "what": "serviceAccountName"} |
		path := array.concat(added.path, ["spec", "serviceAccountName"])
		not workloads.value_at(path) in {null, ""}
	],
	[{"path": path, "what": "automountServiceAccountToken"} |
		path := array.concat(added.path, ["spec", "automountServiceAccountToken"])
		not workloads.value_at(path) in {null, false}
	],
)

# Volumes, projected ones too, and variables, of the pod and of what is put beside it.
secrets(added) := [{"path": array.concat(array.concat(added.path, ["spec"]), array.concat(inner, [field[0], field[1]])), "name": name} |
	is_object(added.value.spec)
	walk(added.value.spec, [inner, value])
	is_object(value)
	some field in [["secret", "secretName"], ["secret", "name"], ["secretKeyRef", "name"], ["secretRef", "name"]]
	name := value[field[0]][field[1]]
]
