# METADATA
# title: Extended resources
# description: |
#   Devices that containers ask for as resources. `deviceclass.resource.kubernetes.io/<class>` works for every DeviceClass
#   (KEP-5004): the scheduler makes the claim. Any other name with a domain is served by a DeviceClass with that
#   `extendedResourceName`, or by a device plugin, which only the cluster knows.
package lib.lockgate.extended_resources

import data.lib.lockgate.workloads

implicit_prefix := "deviceclass.resource.kubernetes.io/"

# Where a container, a pod or a TrainJob's trainer says what it needs; `limits` alone are requests too.
resource_fields := [["resources", "limits"], ["resources", "requests"], ["resourcesPerNode", "limits"], ["resourcesPerNode", "requests"]]

# METADATA
# description: |
#   The resources with a domain that is not Kubernetes' own, as
#   `{"path", "resource", "class", "kind", "count", "container", "pod", "field"}`; `kind` is `implicit`, `plugin` or `vendor`.
extended := array.concat(listed, accelerators)

holders := array.concat(
	workloads.containers,
	[{"path": pod.path, "pod": pod.path, "value": pod.value} | some pod in workloads.pods],
)

listed := [found |
	some holder in holders
	some field in resource_fields
	some name, quantity in holder.value[field[0]][field[1]]
	is_extended(name)
	found := {
		"path": array.concat(holder.path, array.concat(field, [name])),
		"resource": name,
		"class": class(name),
		"kind": kind(name),
		"count": count_of(quantity),
		"container": holder.path,
		"pod": holder.pod,
		"field": field[1],
	}
]

# Spark names a resource and how many of it.
accelerators := [found |
	some holder in workloads.containers
	gpu := holder.value.gpu
	is_string(gpu.name)
	found := {
		"path": array.concat(holder.path, ["gpu", "name"]),
		"resource": gpu.name,
		"class": class(gpu.name),
		"kind": kind(gpu.name),
		"count": count_of(object.get(gpu, "quantity", 1)),
		"container": holder.path,
		"pod": holder.pod,
		"field": "gpu",
	}
]

is_extended(name) if {
	is_string(name)
	contains(name, "/")
	not native(split(name, "/")[0])
}

is_extended(name) if {
	is_string(name)
	startswith(name, implicit_prefix)
}

# The domains whose resources are Kubernetes' own; extended resources may not use them.
native(domain) if domain == "kubernetes.io"

native(domain) if endswith(domain, ".kubernetes.io")

class(name) := trim_prefix(name, implicit_prefix) if {
	startswith(name, implicit_prefix)
} else := ""

kind(name) := "implicit" if {
	startswith(name, implicit_prefix)
} else := "plugin" if {
	is_device(name)
} else := "vendor"

# Names of devices of known plugins, and what the names of families of them begin with.
device_names := {
	"amd.com/gpu", "aws.amazon.com/neuron", "aws.amazon.com/neuroncore", "aws.amazon.com/neurondevice", "aws.amazon.com/infa",
	"cambricon.com/mlu", "google.com/tpu", "gpu.intel.com/i915", "gpu.intel.com/xe", "habana.ai/gaudi", "huawei.com/Ascend310",
	"huawei.com/Ascend910", "intel.com/fpga", "iluvatar.ai/gpu", "metax-tech.com/gpu", "mthreads.com/vgpu", "nvidia.com/gpu",
	"nvidia.com/gpu.shared", "nvidia.com/gpucores", "nvidia.com/gpumem", "nvidia.com/gpumem-percentage", "nvidia.com/vgpu",
	"qualcomm.com/qaic", "rebellions.ai/ATOM", "tenstorrent.com/device", "vpc.amazonaws.com/efa",
}

device_prefixes := [
	"nvidia.com/", "amd.com/gpu", "gpu.intel.com/", "fpga.intel.com/", "habana.ai/", "aws.amazon.com/neuron", "xilinx.com/fpga",
	"amd.com/xilinx", "cloud-tpus.google.com/", "google.com/tpu", "huawei.com/Ascend", "cambricon.com/", "qat.intel.com/", "dsa.intel.com/",
	"iaa.intel.com/", "npu.intel.com/", "rdma/", "mellanox.com/", "hygon.com/", "kunlunxin.com/",
]

# METADATA
# description: |
#   Resources that say how much of a device's memory or time is wanted beside one that says how many devices: a number of them
#   is no number of devices.
shares := {
	"gpu.intel.com/memory.max", "gpu.intel.com/millicores", "nvidia.com/gpucores", "nvidia.com/gpumem",
	"nvidia.com/gpumem-percentage",
}

is_device(name) if name in device_names

is_device(name) if {
	some prefix in device_prefixes
	startswith(name, prefix)
}

# Extended resources are whole numbers; a text may say so with digits or with a suffix of quantities.
count_of(quantity) := quantity if {
	is_number(quantity)
	quantity >= 0
	floor(quantity) == quantity
} else := to_number(quantity) if {
	is_string(quantity)
	regex.match(`^[0-9]{1,18}$`, quantity)
} else := units.parse(quantity) if {
	is_string(quantity)
	regex.match(`^[0-9]{1,9}(k|M|G|Ki|Mi|Gi)$`, quantity)
} else := null
