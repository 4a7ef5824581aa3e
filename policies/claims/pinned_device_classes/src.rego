# METADATA
# title: DeviceClasses are what was approved
# description: |
#   A DeviceClass may be changed after it was approved: its selectors may reach other devices, its parameters other settings, and of
#   two classes with the same `extendedResourceName` the one that was made later serves `nvidia.com/gpu`. Each DeviceClass must be in
#   `classes` with the digest of its spec, and may serve the extended resource that stands there alone. The digest is SHA-256 over the
#   spec as JSON with sorted keys and no spaces; the message tells it.
#
#   With `driver` in its entry, one of the class's selectors must keep it to that driver: `device.driver == "..."`, by itself or followed by
#   `&&` and conditions without `||` and `?`. A class may be widened by its approver's mistake then, and not beyond the driver.
#
#   A class without selectors matches every device of every driver and is refused even where its digest is pinned, unless the entry
#   says `everyDevice: allow`.
#
#   Not covered: what selectors reach, which the slices of the cluster decide.
# related_resources:
#   - ref: https://github.com/kubernetes/enhancements/tree/master/keps/sig-scheduling/5004-dra-extended-resource
#     description: KEP-5004
#   - ref: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
#     description: Dynamic Resource Allocation
# custom:
#   id: LG-C011
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 CM-5 (access restrictions for change)
#     - NIST SP 800-53 SI-7 (software integrity)
#   systems: [dra]
package lockgate.claims.pinned_device_classes

import data.lib.lockgate.device_classes
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(class.path, "DeviceClass is not approved", class.name, why, fix) if {
	not updates.unchanged
	some class in device_classes.device_classes
	not class.name in names
	why := "whoever makes a class decides which devices claims of its name are given"
	fix := sprintf("have the class approved with the digest %s", [digest(class)])
}

violation contains report.violation(class.path, "DeviceClass is not what was approved", digest(class), why, fix) if {
	not updates.unchanged
	some class in device_classes.device_classes
	class.name in names
	not digest(class) in {entry.digest | some entry in entries; entry.name == class.name}
	why := "it may reach other devices than the approved one"
	fix := "restore its spec, or have the new digest approved"
}

violation contains report.violation(path, "DeviceClass serves an extended resource that is not approved for it", served, why, fix) if {
	not updates.unchanged
	some class in device_classes.device_classes
	served := class.extended_resource
	served != ""
	not served in {entry.extendedResource | some entry in entries; entry.name == class.name}
	path := array.concat(class.path, ["extendedResourceName"])
	why := "of two classes with one name the later serves it, so every pod that asks for it would be given these devices"
	fix := "remove extendedResourceName, or have it approved for the class"
}

violation contains report.violation(path, "DeviceClass matches every device", "no selector", why, fix) if {
	not updates.unchanged
	some class in device_classes.device_classes
	without_selectors(class)
	not class.name in {entry.name | some entry in entries; entry.everyDevice == "allow"}
	path := array.concat(class.path, ["selectors"])
	why := "a class without selectors gives out the devices of every driver"
	fix := "add a selector, such as cel.expression: device.driver == \"gpu.nvidia.com\""
}

violation contains report.violation(path, "DeviceClass is not kept to the driver that was approved", driver, why, fix) if {
	not updates.unchanged
	some class in device_classes.device_classes
	drivers := {entry.driver | some entry in entries; entry.name == class.name; entry.driver != ""}
	some driver in drivers
	not kept_to(class, drivers)
	path := array.concat(class.path, ["selectors"])
	why := "none of its selectors alone says that devices are of this driver"
	fix := sprintf("add the selector device.driver == %q", [driver])
}

# All selectors have to hold. What follows `&&` cannot widen the first condition: nothing but `||` and `? :` binds less.
kept_to(class, drivers) if {
	some selector in class.selectors
	some found in regex.find_all_string_submatch_n(driver_first, selector.cel.expression, 1)
	some driver in array.slice(found, 1, 3)
	driver in drivers
}

driver_first := `^\s*device\.driver\s*==\s*(?:"([^"\\]+)"|'([^'\\]+)')\s*(?:&&[^|?]*)?$`

without_selectors(class) if not is_array(class.selectors)

without_selectors(class) if class.selectors == []

entries := [entry | some entry in object.get(review.parameters, "classes", [])]

names := {entry.name | some entry in entries}

digest(class) := crypto.sha256(json.marshal(workloads.value_at(class.path)))
