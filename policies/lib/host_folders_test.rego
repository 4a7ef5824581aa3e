package lib.lockgate.host_folders_test

import data.lib.lockgate.host_folders

pod(folder, mounts) := {"apiVersion": "v1", "kind": "Pod", "spec": {
	"containers": [{"name": "c", "volumeMounts": mounts}],
	"volumes": [{"name": "v", "hostPath": {"path": folder}}],
}}

volumes(judged) := [[volume.path, volume.folder, volume.how, volume.read_only] |
	some volume in host_folders.volumes with input as {"review": {"object": judged}}
]

dangerous(judged) if {
	some volume in host_folders.volumes with input as {"review": {"object": judged}}
	host_folders.dangerous(volume)
}

test_volumes if {
	path := ["spec", "volumes", 0, "hostPath", "path"]
	volumes(pod("/data", [])) == [[path, "/data", "hostPath", false]]
	volumes(pod("/data", [{"name": "v", "readOnly": true}, {"name": "w"}])) == [[path, "/data", "hostPath", true]]
	volumes(pod("/data", [{"name": "v", "readOnly": true}, {"name": "v"}])) == [[path, "/data", "hostPath", false]]
	volumes(pod(null, null)) == [[path, null, "hostPath", false]]
	every odd in [null, 7, "x", [null], [7], [{"hostPath": null}], {"a": {}}] {
		volumes({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [], "volumes": odd}}) == []
	}
	volumes({"apiVersion": "v1", "kind": "Pod", "spec": {"volumes": [{"hostPath": "/etc"}]}}) == [[path, null, "hostPath", false]]
	local := {"apiVersion": "v1", "kind": "PersistentVolume", "spec": {"local": {"path": "/mnt/disks/1"}}}
	volumes(local) == [[["spec", "local", "path"], "/mnt/disks/1", "local", false]]
}

test_volumes_of_workflows if {
	container := {"image": "x", "volumeMounts": [{"name": "v", "readOnly": true}]}
	workflow := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {
		"volumes": [{"name": "v", "hostPath": {"path": "/usr"}}],
		"templates": [{"name": "a", "container": container}, {"name": "b", "podSpecPatch": `{"volumes": [{"hostPath": {"path": "/etc"}}]}`}],
	}}
	volumes(workflow) == [
		[["spec", "volumes", 0, "hostPath", "path"], "/usr", "hostPath", true],
		[["spec", "templates", 1, "podSpecPatch"], "/etc", "hostPath", false],
	]
}

test_dangerous if {
	every folder in [
		"/", "", "/etc", "/etc/", "//etc//kubernetes", "/./etc", "/etc/shadow", "/root", "/home", "/home/user/.ssh", "/proc", "/var", "/var/lib", "/var/lib/kubelet",
		"/var/lib/kubelet/pki", "/var/run/docker.sock", "/run/containerd/containerd.sock", "/srv/app.sock", "/var/log", "/usr/bin", "/lib", "/sys", "/opt", "/opt/cni/bin", "/bin", "/boot", "/var/spool/cron",
		"/var/lib/etcd", "/var/lib/rancher/k3s", "/run",
	] {
		dangerous(pod(folder, []))
	}
	every folder in [
		"/mnt/disks/models", "/data", "/tmp/x", "/etc/localtime", "/etc/ssl/certs", "/home/kubernetes/bin/nvidia", "/var/lib/kubelet/pod-resources", "/var/lib/models", "/opt/models",
		"/varlib", "/etcd",
	] {
		not dangerous(pod(folder, []))
	}
}

test_read_only if {
	every folder in ["/usr/bin", "/lib/modules", "/sys", "/opt/cni/bin"] {
		not dangerous(pod(folder, [{"name": "v", "readOnly": true}]))
	}
	every folder in ["/", "/etc", "/root", "/var/run/docker.sock", "/opt/x.sock"] {
		dangerous(pod(folder, [{"name": "v", "readOnly": true}]))
	}
}

test_readable if {
	every folder in ["/", "/a/b", "a", ""] { host_folders.readable(folder) }
	every folder in [null, 7, ["/"], "/a/../etc", ".."] { not host_folders.readable(folder) }
}
