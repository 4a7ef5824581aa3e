# METADATA
# title: Pods stay apart from their node
# description: |
#   A pod in the node's network, processes or IPC sees what other pods do and send, and reaches what listens on the node alone; a folder of the node
#   that is mounted can be read, and often written, past all that isolates pods. Refused are `hostNetwork`, `hostPID` and `hostIPC`, host processes of
#   Windows, and volumes of `hostPath`, in every kind of workload, in PersistentVolumes and in specs of Argo's workflows.
#
#   `allowedPaths` names folders that may be mounted (`/mnt/models`, with all that is below), and `allowed` ways that are not judged: `hostNetwork`, for jobs
#   whose network libraries need it. Agents of the node (monitors, network plugins, drivers) need an exemption, or a namespace that the constraint leaves
#   out; an API server asks about kube-system not at all where Lockgate is installed as it comes.
#
#   Not covered: privileged containers and folders in which devices are reached (`claims/undeclared_device_access`), capabilities
#   (`workloads/container_rights`), patches in text (`pipelines/workflow_patches`), and ports of the node (`hostPort`).
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/
#     description: Pod Security Standards
# custom:
#   id: LG-W002
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-190 4.5.1 (host isolation)
#     - NIST SP 800-53 AC-6 (least privilege)
#   systems: [kubernetes]
package lockgate.workloads.host_access

import data.lib.lockgate.device_access
import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, sprintf("pod shares the node's %s", [what]), shown(value), why, fix) if {
	not updates.unchanged
	some holder in holders
	some field, what in shared
	not field in allowed
	value := workloads.value_at(array.concat(holder, [field]))
	not value in {false, null}
	path := array.concat(holder, [field])
	why := reasons[field]
	fix := sprintf("remove %s", [paths.field(path)])
}

violation contains report.violation(path, "container is a process of the node", shown(value), why, fix) if {
	not updates.unchanged
	some holder in array.concat(holders, workloads.container_paths)
	path := array.concat(holder, ["securityContext", "windowsOptions", "hostProcess"])
	not "hostProcess" in allowed
	value := workloads.value_at(path)
	not value in {false, null}
	why := "nothing keeps it apart from the node"
	fix := sprintf("remove %s", [paths.field(path)])
}

violation contains report.violation(path, "folder of the node is mounted", shown(value), why, fix) if {
	not updates.unchanged
	not "hostPath" in allowed
	some holder in device_access.volume_holders
	path := array.concat(holder.path, ["path"])
	holder.path[count(holder.path) - 1] == "hostPath"
	value := object.get(holder.value, "path", null)
	not told_as_device(value)
	not below_allowed(value)
	why := "what lies there belongs to the node and to other pods"
	fix := "use an emptyDir, a PersistentVolumeClaim or an image volume; or have the folder put on the list"
}

shared := {"hostIPC": "IPC", "hostNetwork": "network", "hostPID": "processes"}

reasons := {
	"hostIPC": "memory that other processes share there can be read and written",
	"hostNetwork": "network policies do not hold for it, and it reaches what listens on the node alone",
	"hostPID": "it sees the processes of the node and of other pods, with their environments and files",
}

holders := array.concat([pod.path | some pod in workloads.pods], workloads.workflow_paths)

shown(value) := value if {
	is_string(value)
} else := json.marshal(value)

told_as_device(value) if device_access.reaches(device_access.parts(value))

below_allowed(value) if {
	is_string(value)
	parts := device_access.parts(value)
	not ".." in parts
	some folder in object.get(review.parameters, "allowedPaths", [])
	base := device_access.parts(folder)
	count(base) > 0
	array.slice(parts, 0, count(base)) == base
}

allowed := {way | some way in object.get(review.parameters, "allowed", [])}
