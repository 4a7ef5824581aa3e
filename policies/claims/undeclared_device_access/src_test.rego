package lockgate.claims.undeclared_device_access_test

import data.lockgate.claims.undeclared_device_access as rule

pod(spec) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}

said(judged, parameters) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

variable := {"env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}]}

ways := {
	"environment": [pod({"containers": [variable]}), "environment asks the runtime for devices"],
	"privileged": [pod({"initContainers": [{"securityContext": {"privileged": true}}]}), "container is privileged"],
	"host path": [
		pod({"volumes": [{"name": "v", "hostPath": {"path": "/dev/nvidia0"}}]}),
		"volume is a directory of the host with devices",
	],
	"runtime class": [pod({"runtimeClassName": "nvidia"}), "runtime class gives out devices"],
	"annotation": [
		{"apiVersion": "v1", "kind": "Pod", "metadata": {"annotations": {"cdi.k8s.io/x": "nvidia.com/gpu=all"}}, "spec": {}},
		"annotation asks for devices",
	],
}

test_every_way if {
	every how, row in ways {
		said(row[0], {}) == {row[1]}
		said(row[0], {"exempt": [how]}) == set()
	}
}

test_ephemeral_containers if {
	said(pod({"ephemeralContainers": [variable]}), {}) == {"environment asks the runtime for devices"}
}

test_runtime_classes if {
	said(pod({"runtimeClassName": "gvisor"}), {}) == set()
	said(pod({"runtimeClassName": "gpu"}), {"refusedRuntimeClasses": ["gpu"]}) == {"runtime class gives out devices"}
}

test_a_runtime_class_hands_out_what_is_asked_for if {
	asking := {"runtimeClassName": "nvidia", "containers": [{"resources": {"limits": {"nvidia.com/gpu": 1}}}]}
	said(pod(asking), {}) == set()
	said(pod(object.union(asking, {"containers": [{"resources": {"limits": {"cpu": 1}}}]})), {}) == {"runtime class gives out devices"}
	said(pod(object.union(asking, {"containers": [variable]})), {}) & {"environment asks the runtime for devices"} != set()
}

driver(kind, namespace) := {
	"apiVersion": "apps/v1",
	"kind": kind,
	"metadata": {"name": "d", "namespace": namespace},
	"spec": {"template": {"spec": {"containers": [{"securityContext": {"privileged": true}}]}}},
}

with_volume(path) := {"spec": {"template": {"spec": {"volumes": [{"name": "v", "hostPath": {"path": path}}]}}}}

test_drivers if {
	trusted := {"driverNamespaces": ["gpu-operator"]}
	said(driver("DaemonSet", "gpu-operator"), trusted) == set()
	every judged in [driver("DaemonSet", "team"), driver("Deployment", "gpu-operator")] {
		said(judged, trusted) == {"container is privileged"}
	}
	said(driver("DaemonSet", "gpu-operator"), {}) == {"container is privileged"}
	every path in ["/dev", "/dev/", "/dev/kmsg", "/sys", "/var/lib/kubelet/device-plugins", "/var/run/cdi"] {
		said(object.union(driver("DaemonSet", "gpu-operator"), with_volume(path)), trusted) == set()
	}
	every path in ["/", "/etc", "/var/lib/kubelet", "/run/containerd/containerd.sock", "/dev/../etc", "/var/run/docker.sock"] {
		said(object.union(driver("DaemonSet", "gpu-operator"), with_volume(path)), trusted) == {"volume is a directory of the host with devices"}
	}
}

test_honest_pods if {
	every spec in [
		{"containers": [{"env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"}]}]},
		{"containers": [{"securityContext": {"privileged": false}}]},
		{"volumes": [{"name": "v", "hostPath": {"path": "/mnt/models"}}]},
	] {
		said(pod(spec), {}) == set()
	}
}
