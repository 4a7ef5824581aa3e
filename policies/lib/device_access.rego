# METADATA
# title: Ways to devices without a claim
# description: |
#   What lets a container reach a device that nobody allocated to it: environment variables that container runtimes act on,
#   privileged containers, volumes of the host, runtime classes and annotations of the Container Device Interface.
package lib.lockgate.device_access

import data.lib.lockgate.paths
import data.lib.lockgate.workloads

# METADATA
# description: |
#   The places, as `{"path", "how", "value"}`; `how` is `environment`, `privileged`, `host path`, `runtime class` or `annotation`.
#   All runtime classes are listed, whatever their name.
accesses := array.concat(
	array.concat(environment, privileged),
	array.concat(array.concat(host_paths, runtime_classes), annotations),
)

# Hooks of vendors' runtimes give the devices that these name. https://github.com/NVIDIA/nvidia-container-toolkit
device_variables := {
	"AMD_VISIBLE_DEVICES", "ASCEND_VISIBLE_DEVICES", "AWS_NEURON_VISIBLE_DEVICES", "CAMBRICON_VISIBLE_DEVICES",
	"HABANA_VISIBLE_DEVICES", "IX_VISIBLE_DEVICES", "METAX_VISIBLE_DEVICES", "MTHREADS_VISIBLE_DEVICES",
	"NVIDIA_IMEX_CHANNELS", "NVIDIA_MIG_CONFIG_DEVICES", "NVIDIA_MIG_MONITOR_DEVICES", "NVIDIA_VISIBLE_DEVICES",
}

environment := [{"path": array.concat(container.path, ["env", i]), "how": "environment", "value": text} |
	some container in workloads.containers
	some i, variable in container.value.env
	variable.name in device_variables
	value := object.get(variable, "value", null)
	not harmless(variable, value)
	text := sprintf("%s=%s", [variable.name, shown(value)])
]

# With these values no device is given. A value taken from elsewhere may be any.
harmless(variable, value) if {
	value in {null, "", "none", "void"}
	not variable.valueFrom
}

shown(value) := value if {
	is_string(value)
} else := "(from elsewhere)"

privileged := [{"path": array.concat(container.path, ["securityContext", "privileged"]), "how": "privileged", "value": value} |
	some container in workloads.containers
	value := container.value.securityContext.privileged
	not value in {false, null}
]

volume_holders := array.concat(
	[{"path": array.concat(pod.path, ["volumes", i, "hostPath"]), "value": volume.hostPath} |
		some pod in workloads.pods
		some i, volume in pod.value.volumes
	],
	array.concat(
		[{"path": array.concat(template, ["volumes", i, "hostPath"]), "value": volume.hostPath} |
			some template in array.concat(workloads.workflow_paths, workloads.workflow_templates)
			some i, volume in workloads.value_at(template).volumes
		],
		[{"path": array.concat(at.path, ["spec", field]), "value": value} |
			some at in workloads.objects
			at.name == "/PersistentVolume"
			some field in ["hostPath", "local"]
			value := at.value.spec[field]
		],
	),
)

host_paths := [{"path": array.concat(holder.path, ["path"]), "how": "host path", "value": holder.value.path} |
	some holder in volume_holders
	reaches(parts(holder.value.path))
]

parts(path) := [part | some part in split(path, "/"); not part in {"", "."}] if is_string(path)

# Devices, where drivers register, where injection of devices is described, and the sockets of container runtimes: by the
# first part, what follows it.
device_roots := {
	"dev": [[]],
	"proc": [[]],
	"sys": [["bus", "pci"], ["class"], ["devices"]],
	"etc": [["cdi"]],
	"opt": [["nri"]],
	"run": [["cdi"], ["containerd"], ["crio"], ["docker.sock"], ["nri"]],
	"var": [
		["run", "cdi"], ["run", "containerd"], ["run", "crio"], ["run", "docker.sock"], ["run", "nri"],
		["lib", "kubelet", "device-plugins"], ["lib", "kubelet", "plugins"], ["lib", "kubelet", "plugins_registry"],
	],
}

# A path above one of them reaches it, and so does one below.
reaches(path) if path == []

reaches(path) if {
	some root in device_roots[path[0]]
	shorter := min([count(path) - 1, count(root)])
	array.slice(path, 1, shorter + 1) == array.slice(root, 0, shorter)
}

reaches(path) if ".." in path

runtime_classes := [{"path": array.concat(pod.path, ["runtimeClassName"]), "how": "runtime class", "value": value} |
	some pod in workloads.pods
	value := pod.value.runtimeClassName
	not value in {"", null}
]

# Where annotations of pods stand: beside a pod spec, in one that a controller writes inline, and on the object itself,
# since controllers hand theirs on.
annotation_holders := array.concat(
	array.concat(
		[{"path": array.concat(paths.parent(pod.path), ["metadata", "annotations"]), "value": annotations} |
			some pod in workloads.pods
			pod.path[count(pod.path) - 1] == "spec"
			pod.path != array.concat(pod.object.path, ["spec"]) # beside it are the object's own
			annotations := workloads.value_at(array.concat(paths.parent(pod.path), ["metadata", "annotations"]))
		],
		[{"path": array.concat(pod.path, ["annotations"]), "value": pod.value.annotations} | some pod in workloads.pods],
	),
	array.concat(
		[{"path": array.concat(at.path, ["metadata", "annotations"]), "value": at.value.metadata.annotations} |
			some at in workloads.objects
		],
		[{"path": path, "value": workloads.value_at(path)} |
			some template in workloads.workflow_templates
			path := array.concat(template, ["metadata", "annotations"])
		],
	),
)

device_annotations := ["cdi.k8s.io/", "nvidia.cdi.k8s.io/", "devices.nri.io", "cdi-devices.nri.io", "devices.noderesource.dev", "cdi-devices.noderesource.dev"]

annotations := [{"path": array.concat(holder.path, [name]), "how": "annotation", "value": value} |
	some holder in annotation_holders
	some name, value in holder.value
	is_string(name)
	some prefix in device_annotations
	startswith(name, prefix)
]
