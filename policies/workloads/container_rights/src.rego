# METADATA
# title: Containers have no rights over the kernel
# description: |
#   With capabilities such as `SYS_ADMIN`, `SYS_PTRACE` or `NET_RAW` a container can do to its node, or to the pods beside it, what isolation is there to
#   prevent. Refused are capabilities that `capabilities.add` names beyond those that runtimes give anyway (`ALL` too), seccomp and AppArmor
#   turned off (in fields and in the annotations of before), an unmasked `/proc`, and sysctls that are the whole node's.
#
#   By default the capabilities of Kubernetes' baseline standard are allowed, and `IPC_LOCK`, which RDMA and many jobs of several GPUs need;
#   `allowedCapabilities` is a list in their place. Names are compared in capital letters and without `CAP_`.
#
#   With `requireNonRoot` a container must say, itself or by its pod, that it does not run as root, and with `requireNoEscalation` that it gains no rights
#   (`allowPrivilegeEscalation: false`).
#
#   Not covered: privileged containers (`claims/undeclared_device_access`), the node's namespaces and folders (`workloads/host_access`), patches in
#   text (`pipelines/workflow_patches`), and which seccomp profile is used in place of none.
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
#   systems: [kubernetes]
package lockgate.workloads.container_rights

import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "container has a capability over the kernel", value, why, fix) if {
	not updates.unchanged
	some container in containers
	added := object.get(settings.fields(object.get(container.context, "capabilities", {})), "add", [])
	is_array(added)
	some i, value in added
	not capability(value) in capabilities
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

containers := [{"path": container.path, "pod": container.pod, "context": settings.fields(object.get(container.value, "securityContext", {}))} |
	some container in workloads.containers
]

# What stands outside of any pod takes what its controller writes.
in_pods := [container | some container in containers; container.pod != null]

pods := array.concat(
	[{"path": pod.path, "context": settings.fields(object.get(pod.value, "securityContext", {}))} | some pod in workloads.pods],
	[{"path": path, "context": settings.fields(object.get(workloads.value_at(path), "securityContext", {}))} |
		some path in array.concat(workloads.workflow_paths, workloads.workflow_templates)
	],
)

effective(container, field) := container.context[field] if {
	not object.get(container.context, field, null) == null
} else := workloads.value_at(array.concat(container.pod, ["securityContext", field]))

# Annotations stand on the object, and beside the pod specs in it.
annotated := array.concat(
	[{"path": array.concat(at.path, ["metadata", "annotations"]), "value": object.get(at.value, ["metadata", "annotations"], {})} | some at in workloads.objects],
	[{"path": path, "value": workloads.value_at(path)} |
		some pod in workloads.pods
		count(pod.path) > count(pod.object.path) + 1
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
