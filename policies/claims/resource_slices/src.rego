# METADATA
# title: ResourceSlices are written by their drivers
# description: |
#   A ResourceSlice says which devices there are, and selectors of DeviceClasses believe it: who writes one under another driver's name
#   has claims allocated to devices that do not exist, or to theirs. A slice must be written by an account that `drivers` lists for its
#   driver, or by one in `administrators`. An account that is bound to a node (its token says so) may write slices of that node alone.
#
#   Devices that add CPU or memory to a pod (`nodeAllocatableResources`) are refused unless `nodeAllocatable` is `allow`: ResourceQuota does
#   not count them.
#
#   Not covered: what a driver says of its own devices. In CI the account is not known unless it is given (`--user`).
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/security/hardening-guide/dynamic-resource-allocation/
#     description: Hardening guide for Dynamic Resource Allocation
#   - ref: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
#     description: Dynamic Resource Allocation
# custom:
#   id: LG-C012
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 AC-3 (access enforcement)
#   systems: [dra]
package lockgate.claims.resource_slices

import data.lib.lockgate.report
import data.lib.lockgate.requester
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "ResourceSlice is not written by its driver", shown(driver), why, fix) if {
	not updates.unchanged
	some slice in slices
	path := array.concat(slice, ["spec", "driver"])
	driver := workloads.value_at(path)
	not writes(driver)
	why := sprintf("claims would be allocated to what it says, and %s does not run that driver", [requester.user])
	fix := "have the driver write it, or have the account approved for the driver"
}

violation contains report.violation(path, "ResourceSlice is of another node than its driver's", shown(node), why, fix) if {
	not updates.unchanged
	some slice in slices
	path := array.concat(slice, ["spec", "nodeName"])
	node := workloads.value_at(path)
	own := input.review.userInfo.extra["authentication.kubernetes.io/node-name"]
	not requester.user in administrators
	not node in {name | some name in own}
	why := sprintf("the account is bound to the node %s", [report.names({name | some name in own})])
	fix := "have the driver of that node write it"
}

violation contains report.violation(path, "device adds CPU or memory to pods", "nodeAllocatableResources", why, fix) if {
	not updates.unchanged
	not review.parameters.nodeAllocatable == "allow"
	some slice in slices
	some i, device in workloads.children(array.concat(slice, ["spec", "devices"]))
	some [holder, place] in [[device, []], [object.get(device, "basic", {}), ["basic"]]]
	is_object(holder.nodeAllocatableResources)
	path := array.concat(array.concat(slice, ["spec", "devices", i]), array.concat(place, ["nodeAllocatableResources"]))
	why := "ResourceQuota does not count what a claim gives"
	fix := "turn it off in the driver, or allow it with nodeAllocatable"
}

slices := [at.path | some at in workloads.objects; at.name == "resource.k8s.io/ResourceSlice"]

writes(_) if requester.user in administrators

writes(driver) if {
	some entry in object.get(review.parameters, "drivers", [])
	entry.driver == driver
	requester.user in {name | some name in entry.users}
}

administrators := {name | some name in object.get(review.parameters, "administrators", [])}

shown(value) := value if {
	is_string(value)
} else := "none"
