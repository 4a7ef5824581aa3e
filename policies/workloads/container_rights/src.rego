# METADATA
# title: Containers have no rights over the kernel
# description: |
#   With capabilities such as `SYS_ADMIN`, `SYS_PTRACE` or `NET_RAW` a container can do to its node, or to the pods beside it, what isolation is there to
#   prevent. Refused are capabilities that `capabilities.add` names beyond those that runtimes give anyway (`ALL` too), seccomp and AppArmor
#   turned off (in fields and in the annotations of before), an unmasked `/proc`, sysctls that are the whole node's, and `allowPrivilegeEscalation` where it is
#   said to be true. In pods that are written as text (`podSpecPatch`, manifests of resources, objects of Sensors) capabilities, `/proc`, escalation and privileged containers are read too.
#
#   By default the capabilities of Kubernetes' baseline standard are allowed, and `IPC_LOCK`, which RDMA and many jobs of several GPUs need;
#   `allowedCapabilities` is a list in their place. Names are compared in capital letters and without `CAP_`.
#
#   With `requireNonRoot` a container must say, itself or by its pod, that it does not run as root, and with `requireNoEscalation` that it gains no rights
#   (`allowPrivilegeEscalation: false`). With `requireDropAll` containers of pods that are written whole drop `ALL` and add what they need.
#
#   Agents of the node are let through: DaemonSets in `agentNamespaces`, with their pods and static pods there, and pods all of whose images are from `agentImages`.
#   Placeholders are left for when they are filled in.
#
#   Not covered: privileged containers (`claims/undeclared_device_access`), the node's namespaces and folders (`workloads/host_access`), seccomp,
#   AppArmor and sysctls in text, and which seccomp profile is used in place of none.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/
#     description: Pod Security Standards
#   - ref: https://man7.org/linux/man-pages/man7/capabilities.7.html
#     description: Capabilities of Linux
# custom:
#   id: LG-W003
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-190 4.4.3 (container privileges)
#     - NIST SP 800-53 AC-6 (least privilege)
#   systems: [argo-events, argo-workflows, katib, knative, kserve, kubeflow-notebooks, kubeflow-trainer, kubernetes, ray]
package lockgate.workloads.container_rights

import data.lib.lockgate.paths
import data.lib.lockgate.pod_settings
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.system_agents
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "container has a capability over the kernel", value, why, fix) if {
	not updates.unchanged
	some container in containers
	added := object.get(settings.fields(object.get(container.context, "capabilities", {})), "add", [])
	is_array(added)
	some i, value in added
	not capability(value) in capabilities
	not settings.unknown(value)
	path := array.concat(container.path, ["securityContext", "capabilities", "add", i])
	why := "it may do to the node and to other pods what isolation prevents"
	fix := sprintf("remove it, or have it put on the list; allowed are: %s", [report.names(capabilities)])
}

violation contains report.violation(path, "capabilities are not readable", value, why, fix) if {
	not updates.unchanged
	some container in containers
	value := container.context.capabilities.add
	not is_array(value)
	value != null
	path := array.concat(container.path, ["securityContext", "capabilities", "add"])
	why := "what it may do cannot be told"
	fix := "write a list of names"
}

violation contains report.violation(path, sprintf("%s is off", [what]), value, why, fix) if {
	not updates.unchanged
	some holder in array.concat(containers, pods)
	some field, what in {"appArmorProfile": "AppArmor", "seccompProfile": "seccomp"}
	value := holder.context[field].type
	unconfined(value)
	path := array.concat(holder.path, ["securityContext", field, "type"])
	why := "every call of the kernel is open to it"
	fix := "write RuntimeDefault"
}

violation contains report.violation(path, "isolation is off by an annotation", value, why, fix) if {
	not updates.unchanged
	some at in annotated
	some name, value in settings.fields(at.value)
	some prefix in ["container.apparmor.security.beta.kubernetes.io/", "container.seccomp.security.alpha.kubernetes.io/", "seccomp.security.alpha.kubernetes.io/pod"]
	startswith(name, prefix)
	unconfined(value)
	path := array.concat(at.path, [name])
	why := "every call of the kernel is open to it"
	fix := "remove the annotation, or write runtime/default"
}

violation contains report.violation(path, "/proc is not masked", value, why, fix) if {
	not updates.unchanged
	some container in containers
	value := container.context.procMount
	not value in {null, "", "Default"}
	not settings.unknown(value)
	path := array.concat(container.path, ["securityContext", "procMount"])
	why := "settings of the kernel can be read and written there"
	fix := "remove procMount"
}

violation contains report.violation(path, "setting of the node's kernel is changed", name, why, fix) if {
	not updates.unchanged
	some pod in pods
	some i, sysctl in pod.context.sysctls
	name := object.get(settings.fields(sysctl), "name", null)
	not safe(name)
	path := array.concat(pod.path, ["securityContext", "sysctls", i, "name"])
	why := "it may hold for other pods of the node too"
	fix := "remove it, or set it on the node"
}

violation contains report.violation(path, "container may run as root", shown(value), why, fix) if {
	not updates.unchanged
	review.parameters.requireNonRoot == true
	some container in in_pods
	value := effective(container, "runAsNonRoot")
	value != true
	path := array.concat(container.path, ["securityContext", "runAsNonRoot"])
	why := "who breaks out of it is root on the node"
	fix := "set runAsNonRoot: true for the container or its pod, and an image that has a user"
}

violation contains report.violation(path, "container may gain rights", shown(value), why, fix) if {
	not updates.unchanged
	review.parameters.requireNoEscalation == true
	some container in in_pods
	value := object.get(container.context, "allowPrivilegeEscalation", null)
	value != false
	path := array.concat(container.path, ["securityContext", "allowPrivilegeEscalation"])
	why := "a program that is owned by root gives it root's rights"
	fix := "set allowPrivilegeEscalation: false"
}

violation contains report.violation(found.path, "container may gain rights", shown(found.value), why, fix) if {
	not updates.unchanged
	some found in pod_settings.of_containers(["securityContext", "allowPrivilegeEscalation"])
	not found.value in {null, false}
	required_elsewhere(found)
	not settings.unknown(found.value)
	not system_agents.covers(found.path)
	why := "a program that is owned by root gives it root's rights"
	fix := "set allowPrivilegeEscalation: false"
}

violation contains report.violation(found.path, what, shown(found.value), why, fix) if {
	not updates.unchanged
	some field, what in {"privileged": "container is privileged", "procMount": "/proc is not masked"}
	some found in pod_settings.of_containers(["securityContext", field])
	found.text
	not found.value in {null, "", "Default", false}
	not settings.unknown(found.value)
	why := "it reaches the node's kernel past all that isolates pods"
	fix := sprintf("remove %s in the text of %s", [field, paths.field(found.path)])
}

violation contains report.violation(found.path, "container has a capability over the kernel", shown(value), why, fix) if {
	not updates.unchanged
	some found in pod_settings.of_containers(["securityContext", "capabilities", "add"])
	found.text
	some value in listed(found.value)
	not capability(value) in capabilities
	not settings.unknown(value)
	why := "it may do to the node and to other pods what isolation prevents"
	fix := sprintf("remove it in the text of %s; allowed are: %s", [paths.field(found.path), report.names(capabilities)])
}

violation contains report.violation(path, "capabilities are not dropped", "no ALL", why, fix) if {
	not updates.unchanged
	review.parameters.requireDropAll == true
	some container in pod_settings.whole_containers
	not system_agents.covers(container.path)
	path := array.concat(container.path, ["securityContext", "capabilities", "drop"])
	not drops_all(object.get(container.value, ["securityContext", "capabilities", "drop"], []))
	why := "the runtime gives every container some that few need"
	fix := "set drop: [ALL], and add what is needed"
}

# Where it is required in every pod, that is told once.
required_elsewhere(found) if found.text

required_elsewhere(_) if not review.parameters.requireNoEscalation == true

required_elsewhere(found) if {
	path := array.slice(found.path, 0, count(found.path) - 2)
	not path in {container.path | some container in in_pods}
}

drops_all(list) if {
	is_array(list)
	some value in list
	capability(value) == "ALL"
}

listed(value) := value if {
	is_array(value)
} else := [value]

containers := [{"path": container.path, "pod": container.pod, "context": settings.fields(object.get(container.value, "securityContext", {}))} |
	some container in workloads.containers
	not system_agents.covers(container.path)
]

# What stands outside of any pod takes what its controller writes.
in_pods := [container | some container in containers; container.pod != null]

pods := array.concat(
	[{"path": pod.path, "context": settings.fields(object.get(pod.value, "securityContext", {}))} |
		some pod in workloads.pods
		not system_agents.covers(pod.path)
	],
	[{"path": path, "context": settings.fields(object.get(workloads.value_at(path), "securityContext", {}))} |
		some path in array.concat(workloads.workflow_paths, workloads.workflow_templates)
	],
)

effective(container, field) := container.context[field] if {
	not object.get(container.context, field, null) == null
} else := workloads.value_at(array.concat(container.pod, ["securityContext", field]))

# Annotations stand on the object, and beside the pod specs in it.
annotated := array.concat(
	[{"path": array.concat(at.path, ["metadata", "annotations"]), "value": object.get(at.value, ["metadata", "annotations"], {})} | some at in workloads.objects; not system_agents.covers(array.concat(at.path, ["metadata"]))],
	[{"path": path, "value": workloads.value_at(path)} |
		some pod in workloads.pods
		count(pod.path) > count(pod.object.path) + 1
		not system_agents.covers(pod.path)
		path := array.concat(paths.parent(pod.path), ["metadata", "annotations"])
	],
)

capability(value) := trim_prefix(upper(trim_space(value)), "CAP_") if {
	is_string(value)
} else := null

capabilities := {capability(name) | some name in object.get(review.parameters, "allowedCapabilities", common)}

# https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
common := [
	"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "IPC_LOCK", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP",
	"SETUID", "SYS_CHROOT",
]

unconfined(value) if {
	is_string(value)
	lower(trim_space(value)) == "unconfined"
}

# Those that are a pod's own. https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/
safe(name) if name in {
	"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports", "net.ipv4.ip_unprivileged_port_start",
	"net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
	"net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_wmem",
}

shown(value) := "not set" if {
	value == null
} else := value if {
	is_string(value)
} else := json.marshal(value)
