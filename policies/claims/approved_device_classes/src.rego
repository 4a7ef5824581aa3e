# METADATA
# title: Device requests name approved DeviceClasses only
# description: |
#   Every request for devices must name a DeviceClass that this constraint approves. All ways to ask are read:
#   ResourceClaim and ResourceClaimTemplate in every version of resource.k8s.io, each alternative of `firstAvailable`, KServe's
#   `exp-dra-device-class` annotation, and resources of the form `deviceclass.resource.kubernetes.io/<class>` in the pods of every
#   kind of workload. A request of unknown shape is a violation, since Kubernetes tells clients to refuse what they do not know.
#   Without `allowedDeviceClasses` no class is approved.
#
#   Not covered: what a pod's `resourceClaimName` or `resourceClaimTemplateName` points to (that object is judged where it is
#   created, so match both kinds), and what a DeviceClass selects (who may change a DeviceClass may widen an approved one).
#   A resource such as `nvidia.com/gpu` may be served by a DeviceClass or by a device plugin, which only the cluster knows:
#   list the ones you approve in `allowedExtendedResources`; without that parameter they are not judged. Texts of which a workflow makes
#   pods (Argo's `podSpecPatch` and manifests of resources) are judged as the pods that come of them; `undecidable: deny` refuses them.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
#     description: Dynamic Resource Allocation
# custom:
#   id: LG-C001
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 CM-7 (least functionality)
#     - NIST SP 800-53 SC-6 (resource availability)
#   systems: [dra, kserve]
package lockgate.claims.approved_device_classes

import data.lib.lockgate.claims
import data.lib.lockgate.extended_resources
import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.unreadable
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(asked.path, what, asked.class, why, class_fix(asked)) if {
	not updates.unchanged
	some asked in claims.classes
	not asked.class in approved
	what := whats[asked.how]
	why := approved_text
}

violation contains report.violation(found.path, what, found.resource, why, fix) if {
	not updates.unchanged
	list := review.parameters.allowedExtendedResources
	listed := {name | some name in list}
	some found in extended_resources.extended
	found.kind != "implicit"
	not found.resource in listed
	what := "extended resource is not approved"
	why := sprintf("approved are: %s", [report.names(listed)])
	fix := sprintf("remove %s, or have the resource approved", [paths.field(found.path)])
}

violation contains report.violation(path, problem.what, workloads.value_at(path), why, problem.fix) if {
	not updates.unchanged
	some problem in unreadable.unreadable
	not problem.field in accepted_fields
	path := problem.path
	why := "what cannot be read cannot be approved"
}

violation contains report.violation(path, what, "a text", why, fix) if {
	not updates.unchanged
	review.parameters.undecidable == "deny"
	some path in workloads.text_paths
	what := "devices of a text cannot be told"
	why := "pods are made of it when the workflow runs, and what they ask for is known then"
	fix := "write the pod or object in fields, or have the workflow rendered before it is checked"
}

violation contains report.too_deep(path) if {
	not updates.unchanged
	some path in workloads.too_deep
}

approved := {class | some class in object.get(review.parameters, "allowedDeviceClasses", [])}

accepted_fields := {field | some field in object.get(review.parameters, "acceptedRequestFields", [])} - {""}

approved_text := sprintf("approved are: %s", [report.names(approved)])

request_what := "DeviceClass is not approved"

whats := {
	"request": request_what,
	"alternative": request_what,
	"claim": request_what,
	"annotation": request_what,
	"resource": "resource asks for a DeviceClass that is not approved",
}

class_fix(asked) := sprintf("set %s to %s, or remove this alternative", [paths.field(asked.path), choice]) if {
	asked.how == "alternative"
} else := resource_fix(asked.path) if {
	asked.how == "resource"
} else := sprintf("set %s to %s", [paths.field(asked.path), choice])

resource_fix(path) := sprintf("replace %s by %s%s", [
	paths.field(path), extended_resources.implicit_prefix, choice,
]) if {
	count(approved) == 1
} else := sprintf("remove %s, or name in it %s", [paths.field(path), choice])

# What to write instead, short enough for a message.
choice := report.names(approved) if {
	count(approved) == 1
} else := sprintf("one of %s", [report.names(approved)]) if {
	count(approved) in {2, 3, 4}
} else := "an approved class"
