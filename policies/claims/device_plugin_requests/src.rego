# METADATA
# title: Devices are asked for by claims where a DeviceClass serves them
# description: |
#   A resource such as `nvidia.com/gpu` says how many devices and nothing else: no product, no sharing, no topology, and no policy about
#   classes sees it. Where a DeviceClass serves the same devices (`classes`), this rule says which claim to write instead. It is meant
#   for `enforcementAction: warn`.
#
#   Requests and limits of one container are told once. Not covered: resources that are not listed, and whether a class serves the
#   resource by `extendedResourceName` already, so that the scheduler makes a claim of it (`claims/approved_device_classes` judges
#   those names).
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
#     description: Dynamic Resource Allocation
#   - ref: https://github.com/kubernetes/enhancements/tree/master/keps/sig-scheduling/5004-dra-extended-resource
#     description: KEP-5004
# custom:
#   id: LG-C009
#   severity: low
#   external: false
#   controls:
#     - NIST SP 800-53 CM-6 (configuration settings)
#   systems: [dra, kubernetes]
package lockgate.claims.device_plugin_requests

import data.lib.lockgate.extended_resources
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates

violation contains report.violation(found.path, what, found.resource, why, fix) if {
	not updates.unchanged
	some found in extended_resources.extended
	not told_by_limits(found)
	class := classes[found.resource]
	what := "device is asked for as a resource of a device plugin"
	why := sprintf("the DeviceClass %s serves it, and a claim says which device is meant and how it is shared", [class])
	fix := sprintf(
		"remove it, add a ResourceClaimTemplate with spec.spec.devices.requests: [{name: gpu, exactly: {deviceClassName: %s, count: %v}}], name it in the pod's resourceClaims, and take it in the container's resources.claims",
		[class, counted(found.count)],
	)
}

classes := {entry.resource: entry.class | some entry in object.get(review.parameters, "classes", [])}

told_by_limits(found) if {
	found.field == "requests"
	some other in extended_resources.extended
	other.field == "limits"
	other.container == found.container
	other.resource == found.resource
}

counted(number) := number if {
	is_number(number)
} else := 1
