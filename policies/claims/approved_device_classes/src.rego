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
#   list the ones you approve in `allowedExtendedResources`; without that parameter they are not judged.
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
package lockgate.claims.approved_device_classes

import data.lib.lockgate.claims
import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.workloads

violation contains report.violation(path, what, class, why, class_fix(path)) if {
	some path in claims.class_paths
	class := workloads.value_at(path)
	not class in approved
	what := "DeviceClass is not approved"
	why := approved_text
}

violation contains report.violation(path, what, class, why, fix) if {
	some path in claims.resource_paths
	class := claims.implicit_class(path)
	not class in approved
	what := "resource asks for a DeviceClass that is not approved"
	why := approved_text
	fix := resource_fix(path)
}

violation contains report.violation(path, what, resource, why, fix) if {
	list := review.parameters.allowedExtendedResources
	listed := {name | some name in list}
	some path in claims.extended_resource_paths
	resource := path[count(path) - 1]
	not resource in listed
	what := "extended resource is not approved"
	why := sprintf("approved are: %s", [report.names(listed)])
	fix := sprintf("remove %s, or have the resource approved", [paths.field(path)])
}

violation contains report.violation(path, problem.what, workloads.value_at(path), why, problem.fix) if {
	some problem in claims.unreadable
	not problem.field in accepted_fields
	path := problem.path
	why := "what cannot be read cannot be approved"
}

violation contains report.violation(path, what, "an embedded object", why, fix) if {
	some path in workloads.too_deep
	what := "objects are embedded too deep"
	why := "only two levels of objects inside objects are read"
	fix := "create the inner object by itself"
}

approved := {class | some class in object.get(review.parameters, "allowedDeviceClasses", [])}

accepted_fields := {field | some field in object.get(review.parameters, "acceptedRequestFields", [])} - {""}

approved_text := sprintf("approved are: %s", [report.names(approved)])

class_fix(path) := sprintf("set %s to %s, or remove this alternative", [paths.field(path), choice]) if {
	"firstAvailable" in path
} else := sprintf("set %s to %s", [paths.field(path), choice])

resource_fix(path) := sprintf("replace %s by %s%s", [
	paths.field(path), claims.implicit_prefix, choice,
]) if {
	count(approved) == 1
} else := sprintf("remove %s, or name in it %s", [paths.field(path), choice])

# What to write instead, short enough for a message.
choice := report.names(approved) if {
	count(approved) == 1
} else := sprintf("one of %s", [report.names(approved)]) if {
	count(approved) in {2, 3, 4}
} else := "an approved class"
