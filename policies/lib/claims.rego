# METADATA
# title: Device requests
# description: |
#   Every place where an object asks for devices of a DeviceClass: ResourceClaim and ResourceClaimTemplate in all their
#   versions and shapes, KServe's annotation that makes a claim, and resources of the form
#   `deviceclass.resource.kubernetes.io/<class>`, for which the scheduler makes a claim.
#   https://github.com/kubernetes/api/tree/master/resource
package lib.lockgate.claims

import data.lib.lockgate.workloads

# METADATA
# description: |
#   Paths of the names of DeviceClasses. Shapes are looked for in every version: a flat name in `resource.k8s.io/v1`, or
#   `exactly` in `v1beta1`, is no way around.
class_paths := [path |
	some list in [request_classes, alternative_classes, legacy_classes, annotations]
	some path in list
	workloads.value_at(path) != null
]

# METADATA
# description: |
#   Paths of resources named after a DeviceClass, which ends the path, prefix included; see `implicit_class`.
resource_paths := [path |
	some list in resource_lists
	some name, _ in workloads.value_at(list)
	startswith(name, implicit_prefix)
	path := array.concat(list, [name])
]

# METADATA
# description: Paths of resources whose name has a vendor's domain, such as `nvidia.com/gpu`.
extended_resource_paths := [path |
	some list in resource_lists
	some name, _ in workloads.value_at(list)
	contains(name, "/")
	not native(split(name, "/")[0])
	path := array.concat(list, [name])
]

# The domains whose resources are Kubernetes' own; extended resources may not use them.
native(domain) if domain == "kubernetes.io"

native(domain) if endswith(domain, ".kubernetes.io")

implicit_prefix := "deviceclass.resource.kubernetes.io/"

implicit_class(path) := trim_prefix(path[count(path) - 1], implicit_prefix)

resource_lists := [path |
	some holder in array.concat(workloads.container_paths, workloads.pod_paths)
	some field in [
		["resources", "limits"], ["resources", "requests"],
		["resourcesPerNode", "limits"], ["resourcesPerNode", "requests"],
	]
	path := array.concat(holder, field)
	is_object(workloads.value_at(path))
]

claim_specs := {
	"resource.k8s.io/ResourceClaim": ["spec"],
	"resource.k8s.io/ResourceClaimTemplate": ["spec", "spec"],
}

# METADATA
# description: The claims' specs, as `{"path", "version", "object"}` with the version that each is written in.
specs := [{"path": path, "version": version, "object": at.path} |
	some at in workloads.objects
	path := array.concat(at.path, claim_specs[at.name])
	version := split(workloads.value_at(array.concat(at.path, ["apiVersion"])), "/")[1]
]

# METADATA
# description: The requests for devices, as `{"path", "version"}`.
requests := [{"path": path, "version": spec.version} |
	some spec in specs
	some path in workloads.below(array.concat(spec.path, ["devices", "requests"]), [])
]

# METADATA
# description: Paths of the alternatives of requests.
subrequests := [path |
	some request in requests
	some path in workloads.below(array.concat(request.path, ["firstAvailable"]), [])
]

request_classes := [array.concat(request.path, field) |
	some request in requests
	some field in [["deviceClassName"], ["exactly", "deviceClassName"]]
]

alternative_classes := [array.concat(subrequest, ["deviceClassName"]) | some subrequest in subrequests]

# v1alpha2, before Kubernetes 1.31, named one class for the whole claim.
legacy_classes := [array.concat(spec.path, ["resourceClassName"]) | some spec in specs]

# KServe makes a claim out of annotations on an LLMInferenceService.
annotations := [array.concat(at.path, ["metadata", "annotations", "serving.kserve.io/exp-dra-device-class"]) |
	some at in workloads.objects
	startswith(at.name, "serving.kserve.io/")
]

# METADATA
# description: |
#   What cannot be read as a request for devices, as `{"path", "what", "fix", "field"}`; `field` is the name of an
#   unknown field, else "". Kubernetes adds ways to ask to the same version of its API and tells clients to refuse what they
#   do not know.
unreadable contains {"path": array.concat(spec.object, ["apiVersion"]), "what": what, "fix": fix, "field": ""} if {
	some spec in specs
	not spec.version in ({"v1alpha2"} | object.keys(request_fields))
	what := "the version of the API is not known"
	fix := "write the claim in resource.k8s.io/v1"
}

unreadable contains {"path": path, "what": what, "fix": fix, "field": ""} if {
	some spec in specs
	some part in [["devices"], ["devices", "requests"]]
	path := array.concat(spec.path, part)
	value := workloads.value_at(path)
	value != null
	not shaped(part, value)
	what := "the shape of the device request is not known"
	fix := "write devices.requests as a list of requests"
}

unreadable contains {"path": path, "what": what, "fix": fix, "field": field} if {
	some spec in specs
	some field, _ in workloads.children(spec.path)
	not field in spec_fields
	path := array.concat(spec.path, [field])
	what := "the spec of a claim has no field of this name that is known here"
	fix := "remove the field, or accept it with the parameter acceptedRequestFields"
}

shaped(["devices"], value) if is_object(value)

shaped(["devices", "requests"], value) if is_array(value)

unreadable contains {"path": request.path, "what": what, "fix": fix, "field": ""} if {
	some request in requests
	not is_object(workloads.value_at(request.path))
	what := "the shape of the device request is not known"
	fix := "write the request as an object with a name and a deviceClassName"
}

unreadable contains {"path": request.path, "what": what, "fix": fix, "field": ""} if {
	some request in requests
	is_object(workloads.value_at(request.path))
	not names_class(request.path)
	what := "the device request names no DeviceClass"
	fix := "add a deviceClassName"
}

names_class(path) if {
	some field in [["deviceClassName"], ["exactly", "deviceClassName"]]
	workloads.value_at(array.concat(path, field)) != null
}

names_class(path) if count(workloads.children(array.concat(path, ["firstAvailable"]))) > 0

unreadable contains {"path": path, "what": what, "fix": fix, "field": ""} if {
	some path in subrequests
	is_object(workloads.value_at(path))
	workloads.value_at(array.concat(path, ["deviceClassName"])) == null
	what := "the alternative names no DeviceClass"
	fix := "add a deviceClassName, or remove the alternative"
}

unreadable contains {"path": path, "what": what, "fix": fix, "field": ""} if {
	some path in subrequests
	not is_object(workloads.value_at(path))
	what := "the shape of the alternative is not known"
	fix := "write the alternative as an object with a name and a deviceClassName"
}

unreadable contains {"path": path, "what": what, "fix": fix, "field": field} if {
	some request in requests
	some field, _ in workloads.value_at(request.path)
	not field in object.get(request_fields, request.version, every_request_field)
	path := array.concat(request.path, [field])
	not path_of_class(path)
	what := sprintf("a request in resource.k8s.io/%s has no field of this name that is known here", [request.version])
	fix := "remove the field, or accept it with the parameter acceptedRequestFields"
}

# `exactly` and a flat class name are judged by themselves where the version does not have them.
path_of_class(path) if path[count(path) - 1] == "deviceClassName"

unreadable contains {"path": path, "what": what, "fix": fix, "field": field} if {
	some request in requests
	exactly := array.concat(request.path, ["exactly"])
	some field, _ in workloads.children(exactly)
	not field in exact_fields
	path := array.concat(exactly, [field])
	what := "`exactly` has no field of this name that is known here"
	fix := "remove the field, or accept it with the parameter acceptedRequestFields"
}

unreadable contains {"path": path, "what": what, "fix": fix, "field": field} if {
	some subrequest in subrequests
	some field, _ in workloads.children(subrequest)
	not field in alternative_fields
	path := array.concat(subrequest, [field])
	what := "an alternative has no field of this name that is known here"
	fix := "remove the field, or accept it with the parameter acceptedRequestFields"
}

# `devices` since v1alpha3, the others before it.
spec_fields := {"allocationMode", "controller", "devices", "parametersRef", "resourceClassName"}

exact_fields := {
	"adminAccess", "allocationMode", "capacity", "count", "deviceClassName", "selectors", "tolerations",
}

alternative_fields := {
	"allocationMode", "capacity", "count", "deviceClassName", "name", "selectors", "tolerations",
}

flat_fields := (exact_fields | alternative_fields) | {"firstAvailable"}

split_fields := {"exactly", "firstAvailable", "name"}

every_request_field := flat_fields | split_fields

request_fields := {
	"v1alpha3": flat_fields,
	"v1beta1": flat_fields,
	"v1beta2": split_fields,
	"v1": split_fields,
}
