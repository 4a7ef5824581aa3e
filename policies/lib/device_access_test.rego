package lib.lockgate.device_access_test

import data.lib.lockgate.device_access

found(object) := {[one.how, concat(".", [sprintf("%v", [element]) | some element in one.path])] |
	some one in device_access.accesses with input as {"review": {"object": object}}
}

pod(spec) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}

variable(value) := pod({"containers": [{"env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": value}]}]})

test_variables if {
	every value in ["all", "0", "GPU-5", "${x}"] {
		found(variable(value)) == {["environment", "spec.containers.0.env.0"]}
	}
	every value in ["", "none", "void", null] {
		found(variable(value)) == set()
	}
	count(found(pod({"containers": [{"env": [{"name": "NVIDIA_VISIBLE_DEVICES", "valueFrom": {"configMapKeyRef": {}}}]}]}))) == 1
	found(pod({"ephemeralContainers": [{"env": [{"name": "HABANA_VISIBLE_DEVICES", "value": "all"}, {"name": "PATH", "value": "all"}]}]})) == {
		["environment", "spec.ephemeralContainers.0.env.0"],
	}
}

test_privileged if {
	found(pod({"initContainers": [{"securityContext": {"privileged": true}}]})) == {
		["privileged", "spec.initContainers.0.securityContext.privileged"],
	}
	found(pod({"containers": [{"securityContext": {"privileged": false}}, {"securityContext": {}}, {}]})) == set()
	count(found(pod({"containers": [{"securityContext": {"privileged": "true"}}]}))) == 1
}

volume(path) := pod({"volumes": [{"name": "v", "hostPath": {"path": path}}]})

reaching := [
	"/", "/dev", "/dev/", "//dev", "/./dev", "/dev/nvidia0", "/dev/shm", "/var", "/var/lib/kubelet",
	"/var/lib/kubelet/device-plugins", "/var/lib/kubelet/plugins/gpu.nvidia.com", "/var/lib/kubelet/plugins_registry",
	"/etc/cdi", "/var/run/cdi", "/run/containerd/containerd.sock", "/var/run/docker.sock", "/proc", "/sys/bus/pci/drivers",
	"/data/../dev", "/etc", "/run",
]

test_host_paths if {
	every path in reaching {
		found(volume(path)) == {["host path", "spec.volumes.0.hostPath.path"]}
	}
	every path in ["/data", "/developers", "/var/log", "/var/lib/kubelet2", "/sys/fs/cgroup", 7, null] {
		found(volume(path)) == set()
	}
}

test_host_paths_of_persistent_volumes if {
	found({"apiVersion": "v1", "kind": "PersistentVolume", "spec": {"hostPath": {"path": "/dev"}}}) == {["host path", "spec.hostPath.path"]}
	found({"apiVersion": "v1", "kind": "PersistentVolume", "spec": {"local": {"path": "/dev/nvidia0"}}}) == {["host path", "spec.local.path"]}
}

test_runtime_classes if {
	found(pod({"runtimeClassName": "nvidia"})) == {["runtime class", "spec.runtimeClassName"]}
	found(pod({"runtimeClassName": ""})) == set()
}

annotated(annotations) := {"metadata": {"annotations": annotations}, "spec": {"containers": []}}

test_annotations if {
	found(object.union(pod({}), annotated({"cdi.k8s.io/vendor": "nvidia.com/gpu=0"}))) == {
		["annotation", "metadata.annotations.cdi.k8s.io/vendor"],
	}
	found({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": annotated({"nvidia.cdi.k8s.io/x": "y", "a": "b"})}}) == {
		["annotation", "spec.template.metadata.annotations.nvidia.cdi.k8s.io/x"],
	}
	found({"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "spec": {"predictor": {"annotations": {"cdi.k8s.io/x": "y"}}}}) == {
		["annotation", "spec.predictor.annotations.cdi.k8s.io/x"],
	}
	found({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"templates": [annotated({"devices.nri.io/pod": "x"})]}}) == {
		["annotation", "spec.templates.0.metadata.annotations.devices.nri.io/pod"],
	}
}

test_wrong_types if {
	every wrong in [null, 1, true, "text", [], {}, ["text"], [null], {"a": null}] {
		found(pod({"containers": [{"env": wrong, "securityContext": wrong}], "volumes": wrong})) == set()
		found({"apiVersion": "v1", "kind": "Pod", "metadata": wrong, "spec": wrong}) == set()
	}
}
