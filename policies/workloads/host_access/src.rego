# METADATA
# title: Pods stay apart from their node
# description: |
#   A pod in the node's network, processes or IPC sees what other pods do and send, and reaches what listens on the node alone; a folder of the node
#   that is mounted can be read, and often written, past all that isolates pods. Refused are `hostNetwork`, `hostPID` and `hostIPC`, host processes of
#   Windows, and volumes of `hostPath`, in every kind of workload, in PersistentVolumes, in specs of Argo's workflows, and in pods that are written as text.
#
#   With `refuse: dangerous` only those folders are refused by which a node is taken over or its secrets are read, with what is above and below them: `/boot`, `/etc`, `/home`, `/proc`,
#   `/root`, `/run`, `/var/log`, `/var/run`, `/var/spool/cron` and the folders of Kubernetes and of container runtimes in `/var/lib`, a socket anywhere, and, unless every mount of the volume is
#   `readOnly`, programs and settings of the host (`/bin`, `/lib`, `/lib64`, `/opt/cni`, `/sbin`, `/sys`, `/usr`). Let through then are files that say nothing secret (`/etc/localtime`,
#   `/etc/machine-id`, `/etc/os-release`, …), certificates of authorities, features for node-feature-discovery, the kubelet's socket that tells which pod has which device, and
#   what GKE puts below `/home/kubernetes/bin`.
#
#   `allowedPaths` names folders that may be mounted (`/mnt/models`, with all that is below), and `allowed` ways that are not judged: `hostNetwork`, for jobs
#   whose network libraries need it. Agents of the node are let through: DaemonSets in `agentNamespaces`, with their pods and static pods there, and pods all of whose images are
#   from `agentImages`. Placeholders are left for when they are filled in.
#
#   Not covered: privileged containers and folders in which devices are reached (`claims/undeclared_device_access`), capabilities
#   (`workloads/container_rights`), ports of the node (`hostPort`), `local` PersistentVolumes, and links on the node that lead elsewhere.
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
#   systems: [argo-events, argo-workflows, katib, knative, kserve, kubeflow-notebooks, kubeflow-trainer, kubernetes, node-problem-detector, ray]
package lockgate.workloads.host_access

import data.lib.lockgate.device_access
import data.lib.lockgate.host_folders
import data.lib.lockgate.paths
import data.lib.lockgate.pod_settings
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.system_agents
import data.lib.lockgate.updates

violation contains report.violation(found.path, sprintf("pod shares the node's %s", [what]), shown(found.value), why, fix) if {
	not updates.unchanged
	some field, what in shared
	not field in allowed
	some found in pod_settings.of_pods([field])
	said(found)
	why := reasons[field]
	fix := sprintf("remove %s%s", [field, where(found)])
}

violation contains report.violation(found.path, "container is a process of the node", shown(found.value), why, fix) if {
	not updates.unchanged
	not "hostProcess" in allowed
	some found in pod_settings.of_both(["securityContext", "windowsOptions", "hostProcess"])
	said(found)
	why := "nothing keeps it apart from the node"
	fix := sprintf("remove hostProcess%s", [where(found)])
}

violation contains report.violation(volume.path, "folder of the node is mounted", shown(volume.folder), why, fix) if {
	not updates.unchanged
	not "hostPath" in allowed
	some volume in host_folders.volumes
	volume.how == "hostPath"
	not settings.unknown(volume.folder)
	not system_agents.covers(volume.path)
	not told_as_device(volume)
	refused(volume)
	not below_allowed(volume.folder)
	why := "what lies there belongs to the node and to other pods"
	fix := "use an emptyDir, a PersistentVolumeClaim or an image volume; or have the folder put on the list"
}

shared := {"hostIPC": "IPC", "hostNetwork": "network", "hostPID": "processes"}

reasons := {
	"hostIPC": "memory that other processes share there can be read and written",
	"hostNetwork": "network policies do not hold for it, and it reaches what listens on the node alone",
	"hostPID": "it sees the processes of the node and of other pods, with their environments and files",
}

said(found) if {
	found.value != false
	not settings.unknown(found.value)
	not system_agents.covers(found.path)
}

where(found) := sprintf(" in the text of %s", [paths.field(found.path)]) if {
	found.text
} else := ""

shown(value) := value if {
	is_string(value)
} else := json.marshal(value)

# The other rule reads fields, and no text.
told_as_device(volume) if {
	not volume.text
	device_access.reaches(device_access.parts(volume.folder))
}

refused(_) if object.get(review.parameters, "refuse", "all") == "all"

refused(volume) if not host_folders.readable(volume.folder)

refused(volume) if host_folders.dangerous(volume)

below_allowed(value) if {
	host_folders.readable(value)
	some folder in object.get(review.parameters, "allowedPaths", [])
	count(host_folders.parts(folder)) > 0
	host_folders.below(value, folder)
}

allowed := {way | some way in object.get(review.parameters, "allowed", [])}
