# METADATA
# title: Devices are reached by claims alone
# description: |
#   A container can reach devices that nobody allocated to it: by environment variables that container runtimes act on
#   (`NVIDIA_VISIBLE_DEVICES=all`, which images of CUDA set by themselves), as a privileged container, through directories of the host
#   (`/dev`, where drivers and plugins register, the sockets of container runtimes), and by annotations of the Container Device
#   Interface. Quota, taints and policies about claims see none of it. All containers are judged, ephemeral ones too, in every kind of
#   workload, and PersistentVolumes of the host.
#
#   Runtime classes in `refusedRuntimeClasses` are refused for pods that ask for no device; by default those that give out GPUs. Where a device is asked
#   for, such a class hands out that one.
#
#   Drivers and monitors must reach devices that nobody gave them. They run on each node: a DaemonSet (and its pods) in one of `driverNamespaces` is
#   let through, but not with the host's root folder, other folders above devices, or a runtime's socket. `exempt` names ways that are not judged anywhere.
#
#   Not covered: devices that a node's runtime gives to every container, and capabilities (`CAP_SYS_ADMIN`).
# related_resources:
#   - ref: https://github.com/NVIDIA/nvidia-container-toolkit
#     description: NVIDIA Container Toolkit
#   - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/
#     description: Pod Security Standards
# custom:
#   id: LG-C008
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-190 4.4.3 (container privileges)
#     - NIST SP 800-53 AC-6 (least privilege)
#   systems: [dra, kubernetes]
package lockgate.claims.undeclared_device_access

import data.lib.lockgate.device_access
import data.lib.lockgate.devices
import data.lib.lockgate.paths
import data.lib.lockgate.placed
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates

violation contains report.violation(access.path, whats[access.how], access.value, why, fix) if {
	not updates.unchanged
	some access in device_access.accesses
	not access.how in exempt
	not of_a_driver(access)
	refused(access)
	why := "it reaches devices that were not allocated to the pod"
	fix := sprintf("remove %s, and ask for the device by a claim; a driver or a monitor belongs in a DaemonSet of a namespace that is named in driverNamespaces", [paths.field(access.path)])
}

whats := {
	"environment": "environment asks the runtime for devices",
	"privileged": "container is privileged",
	"host path": "volume is a directory of the host with devices",
	"runtime class": "runtime class gives out devices",
	"annotation": "annotation asks for devices",
}

refused(access) if access.how != "runtime class"

refused(access) if {
	access.value in runtime_classes
	not devices.asked_for(paths.parent(access.path))
}

of_a_driver(access) if {
	placed.agent_in(driver_namespaces)
	is_for_drivers(access)
}

is_for_drivers(access) if access.how != "host path"

is_for_drivers(access) if {
	not contains(access.value, "..")
	some folder in driver_folders
	startswith(concat("/", [trim_right(access.value, "/"), ""]), folder)
}

# Where devices are, where drivers register, and where injection of devices is described.
driver_folders := {
	"/dev/", "/etc/cdi/", "/opt/nri/", "/proc/driver/", "/run/cdi/", "/run/nri/", "/sys/", "/var/lib/kubelet/device-plugins/",
	"/var/lib/kubelet/plugins/", "/var/lib/kubelet/plugins_registry/", "/var/run/cdi/", "/var/run/nri/",
}

driver_namespaces := {name | some name in object.get(review.parameters, "driverNamespaces", [])}

exempt := {how | some how in object.get(review.parameters, "exempt", [])}

runtime_classes := {name |
	some name in object.get(review.parameters, "refusedRuntimeClasses", [
		"amd", "ascend", "habana", "nvidia", "nvidia-cdi", "nvidia-legacy",
	])
}
