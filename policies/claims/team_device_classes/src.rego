# METADATA
# title: Each team asks for the DeviceClasses approved for it
# description: |
#   Every request for devices must name a DeviceClass that a grant approves for the object's namespace: by the name of the namespace,
#   by its labels (the label that says whose it is), or by both. What several grants say adds up; a namespace that is in none may ask
#   for nothing. All ways to ask are read, as in `claims/approved_device_classes`, which approves classes for a whole cluster and needs
#   no namespace. An extended resource that some grant names may be asked for only where a grant approves it.
#
#   In CI the labels are those of the Namespaces among the files, or given; where the namespace is not known the rule is not evaluated.
#   In engines that know no namespace only grants by name alone count.
#
#   Not covered: who may label namespaces (`claims/guarded_namespaces`), and what a pod's reference points to, which is judged where it
#   is created, so match claims and templates too.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
#     description: Dynamic Resource Allocation
# custom:
#   id: LG-C017
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 AC-3 (access enforcement)
#     - NIST SP 800-53 CM-7 (least functionality)
#   systems: [dra]
package lockgate.claims.team_device_classes

import data.lib.lockgate.claims
import data.lib.lockgate.extended_resources
import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.unreadable
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(asked.path, what, asked.class, why, fix) if {
	not updates.unchanged
	some asked in claims.classes
	not asked.class in approved
	what := "DeviceClass is not approved for the namespace"
	why := sprintf("approved in %s are: %s", [place, report.names(approved)])
	fix := sprintf("set %s to an approved class, or have the class approved for the team", [paths.field(asked.path)])
}

violation contains report.violation(found.path, what, found.resource, why, fix) if {
	not updates.unchanged
	some found in extended_resources.extended
	found.kind != "implicit"
	found.resource in granted_somewhere
	not found.resource in approved_resources
	what := "extended resource is not approved for the namespace"
	why := sprintf("approved in %s are: %s", [place, report.names(approved_resources)])
	fix := sprintf("remove %s, or have the resource approved for the team", [paths.field(found.path)])
}

violation contains report.violation(path, problem.what, workloads.value_at(path), why, problem.fix) if {
	not updates.unchanged
	some problem in unreadable.unreadable
	not problem.field in accepted_fields
	path := problem.path
	why := "what cannot be read cannot be approved"
}

violation contains report.too_deep(path) if {
	not updates.unchanged
	some path in workloads.too_deep
}

grants := [grant |
	some grant in object.get(review.parameters, "grants", [])
	is_named(grant)
	is_labelled(grant)
]

approved := {class | some grant in grants; some class in grant.allowedDeviceClasses}

approved_resources := {name | some grant in grants; some name in grant.allowedExtendedResources}

granted_somewhere := {name |
	some grant in object.get(review.parameters, "grants", [])
	some name in grant.allowedExtendedResources
}

accepted_fields := {field | some field in object.get(review.parameters, "acceptedRequestFields", [])} - {""}

# A grant that names neither is for every namespace.
is_named(grant) if not grant.namespaces

is_named(grant) if {
	some pattern in grant.namespaces
	glob.match(pattern, [], namespace)
}

is_labelled(grant) if object.get(grant, "namespaceLabels", {}) == {}

is_labelled(grant) if {
	count(grant.namespaceLabels) > 0
	every name, value in grant.namespaceLabels {
		input.review.namespaceObject.metadata.labels[name] == value
	}
}

# The namespace of the request; of a file that no server has seen, that of the object.
namespace := input.review.namespace if {
	input.review.namespace != ""
} else := name if {
	name := review.target.metadata.namespace
	is_string(name)
} else := ""

place := namespace if {
	namespace != ""
} else := "no namespace"
