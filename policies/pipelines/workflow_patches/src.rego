# METADATA
# title: Patches of a workflow's pods leave alone what was judged
# description: |
#   Argo puts the text in `podSpecPatch` over each pod that it makes, so what stands there overrules the template that was read and judged. A patch
#   may set resources, node selectors, tolerations and the like, and neither images, accounts and commands, nor what opens the node to
#   the pod (`privileged`, `hostPath`, `hostNetwork`, capabilities, user 0), nor may it delete parts of the pod (`$patch`).
#   Fields in `allowedFields` are allowed. Capital letters make no difference. A patch that is neither YAML nor JSON is a violation.
#
#   A patch with a placeholder (`{{…}}`) is known only when the workflow runs: a violation unless `undecidable` is `allow`, which fits where the pods
#   are judged when they are created. What is written beside the placeholder is judged all the same.
#
#   An update that changes nothing but metadata and status is not judged.
#
#   Not covered: patches that a step makes by its own access to the API, and defaults of workflows in the controller's configuration.
# related_resources:
#   - ref: https://argo-workflows.readthedocs.io/en/latest/fields/#workflowspec
#     description: podSpecPatch
# custom:
#   id: LG-P001
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 CM-3 (configuration change control)
#     - NIST SP 800-190 4.4.4 (container runtime vulnerabilities)
#   systems: [argo-events, argo-workflows, katib, kubeflow-pipelines]
package lockgate.pipelines.workflow_patches

import data.lib.lockgate.argo
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(patch.path, what, patch.value, why, fix) if {
	not updates.unchanged
	some patch in patches
	found := sort(changed(patch))
	count(found) > 0
	what := sprintf("patch of pods sets %s", [concat(", ", found)])
	why := "it overrules the template that was judged"
	fix := sprintf("write %s in the template itself, and leave the patch to resources and placement", [found[0]])
}

violation contains report.violation(patch.path, "patch of pods cannot be read", patch.value, why, fix) if {
	not updates.unchanged
	some patch in patches
	not holds_placeholder(patch.value)
	not readable(patch.value)
	why := "what it changes cannot be told"
	fix := "write it as a YAML or JSON object in a string"
}

violation contains report.violation(patch.path, "patch of pods is known only when it runs", patch.value, why, fix) if {
	not updates.unchanged
	not review.parameters.undecidable == "allow"
	some patch in patches
	holds_placeholder(patch.value)
	count(changed(patch)) == 0
	why := "what is filled in may change anything of the pod"
	fix := "write the fields in the template, each with its own parameter"
}

violation contains report.too_deep(path) if {
	not updates.unchanged
	some path in workloads.too_deep
}

patches := [{"path": path, "value": value} |
	some holder in array.concat(argo.workflows, argo.templates)
	value := holder.value.podSpecPatch
	not value in {null, ""}
	path := array.concat(holder.path, ["podSpecPatch"])
]

holds_placeholder(value) if {
	is_string(value)
	contains(value, "{{")
}

# Placeholders are read as a word, so that what is beside them can be.
plain(text) := regex.replace(text, `\{\{[^{}]*\}\}`, argo.placeholder)

readable(value) if is_object(read(value))

read(value) := yaml.unmarshal(plain(value)) if {
	is_string(value)
	yaml.is_valid(plain(value))
}

changed(patch) := {name |
	walk(read(patch.value), [inner, value])
	name := inner[count(inner) - 1]
	is_string(name)
	lower(name) in guarded
	not harmless(lower(name), value)
	not lower(name) in allowed
}

allowed := {lower(name) | some name in object.get(review.parameters, "allowedFields", [])}

# Names of fields in small letters: Go reads them without regard to capitals.
guarded := (always | {"add", "ephemeralcontainers", "hostpath", "procmount", "runasgroup", "runasnonroot", "runasuser"}) | switches

always := {"$patch", "$retainkeys", "args", "command", "image", "serviceaccount", "serviceaccountname"}

switches := {"allowprivilegeescalation", "automountserviceaccounttoken", "hostipc", "hostnetwork", "hostpid", "privileged"}

harmless(name, value) if {
	name in switches
	value in {false, null}
}

harmless(name, value) if {
	name in {"add", "ephemeralcontainers", "hostpath"}
	value in {null, []}
}

harmless("procmount", value) if value in {"Default", null}

harmless("runasnonroot", true)

harmless(name, value) if {
	name in {"runasgroup", "runasuser"}
	is_number(value)
	value > 0
}
