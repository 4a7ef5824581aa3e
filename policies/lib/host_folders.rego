# METADATA
# title: Folders of the host
# description: Volumes that are folders or files of the node, and what can be done to the node by them.
package lib.lockgate.host_folders

import data.lib.lockgate.device_access
import data.lib.lockgate.paths
import data.lib.lockgate.texts
import data.lib.lockgate.workloads

# METADATA
# description: |
#   `{"path", "folder", "how", "read_only", "text"}`: `how` is `hostPath` or `local` (a PersistentVolume's); `read_only` is whether there are containers that mount
#   it, and all of them read it only. `folder` is as written, null where nothing is. Of a volume in a text the path is that of the string, and `text` is true.
volumes := array.concat(
	[{"path": path, "folder": folder, "how": how, "read_only": read_only(holder), "text": false} |
		some holder in device_access.volume_holders
		holder.value != null
		how := holder.path[count(holder.path) - 1]
		path := array.concat(holder.path, ["path"])
		folder := object.get({"at": holder.value}, ["at", "path"], null)
	],
	[{"path": found.path, "folder": folder, "how": "hostPath", "read_only": false, "text": true} |
		some found in texts.texts
		walk(found.value, [_, inner])
		folder := inner.hostPath.path
	],
)

# What mounts a volume stands beside or below the list of volumes, whose holder is two steps up.
read_only(holder) if {
	volume := paths.parent(holder.path)
	name := workloads.value_at(array.concat(volume, ["name"]))
	start := array.slice(volume, 0, count(volume) - 2)
	mounts := [mount |
		some container in workloads.containers
		array.slice(container.path, 0, count(start)) == start
		some mount in container.value.volumeMounts
		mount.name == name
	]
	count(mounts) > 0
	every mount in mounts { mount.readOnly == true }
} else := false

# METADATA
# description: Whether a value is a path that can be told; one with `..` is none.
readable(folder) if {
	is_string(folder)
	not ".." in parts(folder)
}

# METADATA
# description: The parts of a path; `.` and empty ones are none.
parts(folder) := [part | some part in split(folder, "/"); not part in {"", "."}]

# METADATA
# description: Whether a path is the other one or below it.
below(folder, outer) if {
	start := parts(outer)
	array.slice(parts(folder), 0, count(start)) == start
}

# METADATA
# description: Whether who mounts the volume can take over the node, or read what is secret on it.
dangerous(volume) if {
	not harmless(volume)
	some outer in secret_folders
	near(volume.folder, outer)
}

dangerous(volume) if {
	not harmless(volume)
	not volume.read_only
	some outer in program_folders
	near(volume.folder, outer)
}

dangerous(volume) if {
	not harmless(volume)
	endswith(trim_right(volume.folder, "/"), ".sock")
}

# What is above a folder holds it.
near(folder, outer) if below(folder, outer)

near(folder, outer) if below(outer, folder)

# Keys, tokens, what is started at boot, and sockets that obey whoever writes to them.
secret_folders := [
	"/boot", "/etc", "/home", "/proc", "/root", "/run", "/var/lib/cni", "/var/lib/containerd", "/var/lib/containers", "/var/lib/cri-dockerd",
	"/var/lib/crio", "/var/lib/docker", "/var/lib/dockershim", "/var/lib/etcd", "/var/lib/k0s", "/var/lib/kubelet", "/var/lib/minikube",
	"/var/lib/rancher", "/var/lib/systemd", "/var/log", "/var/run", "/var/spool/cron",
]

# What the host runs or is set by: to read it does no harm.
program_folders := ["/bin", "/lib", "/lib64", "/opt/cni", "/sbin", "/sys", "/usr"]

harmless(volume) if {
	some outer in harmless_folders
	below(volume.folder, outer)
}

harmless_folders := [
	"/etc/ca-certificates", "/etc/hostname", "/etc/kubernetes/node-feature-discovery/features.d", "/etc/localtime", "/etc/machine-id", "/etc/os-release",
	"/etc/pki/ca-trust", "/etc/pki/tls/certs", "/etc/ssl/certs", "/etc/timezone", "/home/kubernetes/bin", "/usr/lib/os-release",
	"/usr/share/zoneinfo", "/var/lib/kubelet/pod-resources",
]
