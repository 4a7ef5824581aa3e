# METADATA
# title: What cannot be read
# description: |
#   What cannot be read as a request for devices. Kubernetes adds ways to ask to the same version of its API and tells clients to
#   refuse what they do not know; what an API server refuses is told here too, since a file may be judged that no server has seen.
package lib.lockgate.unreadable

import data.lib.lockgate.claim_specs
import data.lib.lockgate.configs as configs_lib
import data.lib.lockgate.device_classes
import data.lib.lockgate.device_constraints
import data.lib.lockgate.pod_claims as claims_of_pods
import data.lib.lockgate.requests
import data.lib.lockgate.workloads

# METADATA
# description: |
#   The problems, as `{"path", "what", "fix", "field"}`; `field` is the name of an unknown field, else `""`.
unreadable := [] if {
	is_plain
} else := [problem |
	some list in [
		versions, specs, devices, lists, spec_unknown, device_unknown,
		requests_nameless, requests_unknown, exact_unknown, alternatives_nameless, alternatives_unknown,
		counts, modes, admins, selectors, tolerations, capacities,
		configs, constraints, classes_unknown, annotations, pod_claims, groups,
	]
	some problem in list
]

# A claim that asks for so many devices of a class, and nothing else, needs no closer look; most claims are such.
is_plain if {
	[spec] := claim_specs.specs
	count(workloads.objects) == 1
	spec.version in known_versions
	is_object(spec.spec)
	count(spec.spec) == 1
	devices := spec.spec.devices
	is_object(devices)
	count(devices) == 1
	is_array(devices.requests)
	count(requests.entries) == count(devices.requests)
	count(odd_entries) == 0
	count(odd_requests) == 0
}

# Kubernetes' versions of the API, and which fields a request has in each.
request_fields := {
	"v1alpha3": flat_fields,
	"v1beta1": flat_fields,
	"v1beta2": split_fields,
	"v1": split_fields,
}

known_versions := {"v1alpha2", "v1alpha3", "v1beta1", "v1beta2", "v1"}

# `devices` since v1alpha3, the others before it.
spec_fields := {"allocationMode", "controller", "devices", "parametersRef", "resourceClassName"}

device_fields := {"config", "constraints", "requests"}

exact_fields := {
	"adminAccess", "allocationMode", "capacity", "count", "deviceClassName", "selectors", "tolerations",
}

alternative_fields := {
	"allocationMode", "capacity", "count", "deviceClassName", "name", "selectors", "tolerations",
}

flat_fields := {
	"adminAccess", "allocationMode", "capacity", "count", "deviceClassName", "firstAvailable", "name", "selectors",
	"tolerations",
}

split_fields := {"exactly", "firstAvailable", "name"}

every_request_field := flat_fields | split_fields

accept := "remove the field, or accept it with the parameter acceptedRequestFields"

versions := [{"path": array.concat(spec.object, ["apiVersion"]), "what": what, "fix": fix, "field": ""} |
	some spec in claim_specs.specs
	not spec.version in known_versions
	what := "the version of the API is not known"
	fix := "write the claim in resource.k8s.io/v1"
]

specs := [shape(spec.path, "the spec of a claim is no object", "write the spec as an object with devices") |
	some spec in claim_specs.specs
	not type_name(spec.spec) in {"object", "array", "null"} # what a list holds is told below
]

devices := [shape(array.concat(spec.path, ["devices"]), request_shape, list_fix) |
	some spec in claim_specs.specs
	value := spec.spec.devices
	not type_name(value) in {"object", "null"}
]

lists := [shape(array.concat(spec.path, ["devices", field]), request_shape, list_fix) |
	some spec in claim_specs.specs
	is_object(spec.spec.devices)
	some field, value in spec.spec.devices
	field in device_fields
	not type_name(value) in {"array", "null"}
]

request_shape := "the shape of the device request is not known"

list_fix := "write devices.requests as a list of requests"

shape(path, what, fix) := {"path": path, "what": what, "fix": fix, "field": ""}

unknown(path, field, what) := {"path": array.concat(path, [field]), "what": what, "fix": accept, "field": field}

spec_unknown := [unknown(spec.path, field, "the spec of a claim has no field of this name that is known here") |
	some spec in claim_specs.specs
	some field, _ in spec.spec
	not field in spec_fields
]

device_unknown := [problem |
	some spec in claim_specs.specs
	is_object(spec.spec.devices)
	some field, _ in spec.spec.devices
	not field in device_fields
	path := array.concat(spec.path, ["devices"])
	problem := unknown(path, field, "the devices of a claim have no field of this name that is known here")
]

requests_nameless := [shape(array.concat(spec.path, ["devices", "requests", i]), wrong.what, wrong.fix) |
	some spec in claim_specs.specs
	some i, request in spec.spec.devices.requests
	not names_class(request)
	wrong := nameless(request, request_wrong)
]

request_wrong := {
	"nameless": {"what": "the device request names no DeviceClass", "fix": "add a deviceClassName"},
	"shapeless": {"what": request_shape, "fix": "write the request as an object with a name and a deviceClassName"},
}

alternative_wrong := {
	"nameless": {
		"what": "the alternative names no DeviceClass",
		"fix": "add a deviceClassName, or remove the alternative",
	},
	"shapeless": {
		"what": "the shape of the alternative is not known",
		"fix": "write the alternative as an object with a name and a deviceClassName",
	},
}

nameless(value, wrong) := wrong.nameless if {
	is_object(value)
} else := wrong.shapeless

names_class(request) if request.exactly.deviceClassName != null

names_class(request) if request.deviceClassName != null

names_class(request) if {
	is_array(request.firstAvailable)
	count(request.firstAvailable) > 0
}

# Requests of the shapes that are written most need no closer look.
plain(entry) if {
	entry.spec.version in {"v1", "v1beta2"}
	entry.request.exactly.deviceClassName != null
	count(entry.request) == 2
	entry.request.name
	is_object(entry.request.exactly)
	every field, _ in entry.request.exactly { field in exact_fields }
}

plain(entry) if {
	entry.spec.version in {"v1", "v1beta1", "v1beta2"}
	is_array(entry.request.firstAvailable)
	count(entry.request.firstAvailable) > 0
	count(entry.request) == 2
	entry.request.name
	every alternative in entry.request.firstAvailable {
		alternative.deviceClassName != null
		every field, _ in alternative { field in alternative_fields }
	}
}

odd_entries := [entry | some entry in requests.entries; not plain(entry)]

requests_unknown := [unknown(entry.path, field, what) |
	some entry in odd_entries
	known := object.get(request_fields, entry.spec.version, every_request_field)
	some field, _ in entry.request
	not field in known
	field != "deviceClassName" # judged by itself where the version does not have it
	what := sprintf("a request in resource.k8s.io/%s has no field of this name that is known here", [entry.spec.version])
]

exact_unknown := [unknown(request.path, field, "`exactly` has no field of this name that is known here") |
	some request in requests.exact
	some field, _ in request.written
	not field in exact_fields
]

alternatives_nameless := [shape(array.concat(entry.path, ["firstAvailable", k]), wrong.what, wrong.fix) |
	some entry in odd_entries
	some k, alternative in entry.request.firstAvailable
	not names_alternative(alternative)
	wrong := nameless(alternative, alternative_wrong)
]

names_alternative(alternative) if alternative.deviceClassName != null

alternatives_unknown := [unknown(request.path, field, "an alternative has no field of this name that is known here") |
	some request in requests.alternatives
	some field, _ in request.written
	not field in alternative_fields
]

# A request for so many devices of a class, and no more to it, needs no closer look.
plain_request(request) if {
	request.how in {"request", "alternative"}
	request.mode == "ExactCount"
	not request.written.adminAccess
	not request.written.tolerations
	not request.written.capacity
	counted(request)
	selects_by_cel(request.selectors)
}

selects_by_cel(list) if list == []

selects_by_cel(list) if {
	is_array(list)
	every selector in list { is_selector(selector) }
}

odd_requests := [request | some request in requests.requests; not plain_request(request)]

# An API server refuses a count beside `All`.
counts := [shape(requests.place(request, "count"), what, "set count to a whole number above 0, or allocationMode to All") |
	some request in odd_requests
	not counted(request)
	what := "the number of devices cannot be read"
]

counted(request) if {
	request.mode != "All"
	is_number(request.count)
	request.count > 0
	floor(request.count) == request.count
}

counted(request) if {
	request.mode == "All"
	object.get(request.written, "count", null) == null
}

modes := [shape(requests.place(request, "allocationMode"), what, "set allocationMode to ExactCount or All") |
	some request in odd_requests
	not request.mode in {"All", "ExactCount"}
	what := "the allocation mode is not known"
]

admins := [shape(requests.place(request, "adminAccess"), what, "set adminAccess to false") |
	some request in odd_requests
	not is_boolean(request.admin)
	what := "adminAccess is neither true nor false"
]

# A selector whose expression stands beside `cel` selects nothing less than everything for a reader that skips it.
selectors := array.concat(
	[problem |
		some request in odd_requests
		request.selectors != []
		some problem in selector_problems(requests.place(request, "selectors"), request.selectors)
	],
	[problem |
		some class in device_classes.device_classes
		some problem in selector_problems(array.concat(class.path, ["selectors"]), class.selectors)
	],
)

selector_problems(path, list) := [shape(array.concat(path, [i]), what, fix) |
	some i, selector in list
	not is_selector(selector)
	what := "the selector has no CEL expression where one must be"
	fix := "write the selector as cel with an expression in it"
] if {
	is_array(list)
} else := [shape(path, "the selectors are no list", "write selectors as a list")]

is_selector(selector) if {
	is_string(selector.cel.expression)
	selector.cel.expression != ""
	count(selector) == 1
	count(selector.cel) == 1
}

tolerations := [problem |
	some request in odd_requests
	request.tolerations != []
	some problem in toleration_problems(requests.place(request, "tolerations"), request.tolerations)
]

toleration_problems(path, list) := array.concat(
	[shape(array.concat(path, [i]), "the toleration is no object", "write the toleration with a key and an effect") |
		some i, toleration in list
		not is_object(toleration)
	],
	[unknown(array.concat(path, [i]), field, "a toleration of device taints has no field of this name that is known here") |
		some i, toleration in list
		is_object(toleration)
		some field, _ in toleration
		not field in {"effect", "key", "operator", "tolerationSeconds", "value"}
	],
) if {
	is_array(list)
} else := [shape(path, "the tolerations are no list", "write tolerations as a list")]

capacities := [shape(requests.place(request, "capacity"), what, "write capacity as an object with requests in it") |
	some request in odd_requests
	value := request.written.capacity
	value != null
	not is_capacity(value)
	what := "the capacity that is asked for cannot be read"
]

is_capacity(value) if {
	is_object(value)
	is_object(object.get(value, "requests", {}))
	object.keys(value) - {"requests"} == set()
}

configs := [shape(config.path, "the configuration cannot be read", "write it as opaque, with a driver and parameters") |
	some config in configs_lib.configs
	not is_config(config)
]

is_config(config) if {
	is_object(config.written.opaque)
	config.driver != ""
	is_string(config.driver)
	object.keys(config.written) - {"opaque", "requests"} == set()
	object.keys(config.written.opaque) - {"driver", "parameters"} == set()
}

constraints := [shape(constraint.path, "the constraint cannot be read", "give it a matchAttribute or a distinctAttribute") |
	some constraint in device_constraints.constraints
	not is_constraint(constraint)
]

is_constraint(constraint) if {
	[constraint.match, constraint.distinct] != ["", ""]
	object.keys(constraint.written) - {"distinctAttribute", "matchAttribute", "requests"} == set()
}

# `suitableNodes` was there in v1alpha3.
class_fields := {"config", "extendedResourceName", "selectors", "suitableNodes"}

classes_unknown := [unknown(class.path, field, "a DeviceClass has no field of this name that is known here") |
	some class in device_classes.device_classes
	some field, _ in workloads.value_at(class.path)
	not field in class_fields
]

annotations := [unknown(path, name, "KServe has no annotation of this name for devices that is known here") |
	some at in workloads.objects
	startswith(at.name, "serving.kserve.io/")
	path := array.concat(at.path, ["metadata", "annotations"])
	some name, _ in workloads.value_at(path)
	is_string(name)
	startswith(name, requests.annotation_prefix)
	not trim_prefix(name, requests.annotation_prefix) in {"cel-selector", "container-name", "device-class", "device-count"}
]

pod_claim_fields := {"name", "resourceClaimName", "resourceClaimTemplateName", "source"}

pod_claims := array.concat(
	[shape(claim.path, what, "add resourceClaimName or resourceClaimTemplateName") |
		some claim in claims_of_pods.pod_claims
		claim.how == "nothing"
		what := "the pod's claim names neither a claim nor a template"
	],
	[unknown(claim.path, field, "a pod's claim has no field of this name that is known here") |
		some claim in claims_of_pods.pod_claims
		some field, _ in workloads.value_at(claim.path)
		not field in pod_claim_fields
	],
)

groups := [shape(path, what, "nest composite groups four deep at most") |
	some path in claims_of_pods.too_deep
	what := "groups of pods are nested too deep"
]
