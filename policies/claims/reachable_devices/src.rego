# METADATA
# title: Requests can reach approved devices only
# description: |
#   The name of a DeviceClass says little of the devices that a request is given: a class may select anything, and the request's own
#   selectors choose from it. Here selectors are evaluated: those of class and request together, as CEL, on every device that
#   the cluster's ResourceSlices tell of. All devices that can be reached must be approved, by driver and by attributes such as `productName`.
#   Asked are ResourceClaims and templates in every version of the API, each alternative of `firstAvailable`, KServe's annotations, and extended
#   resources in the pods of every kind of workload where a DeviceClass serves them. A DeviceClass is asked what it selects by itself,
#   when it is made and when it is changed.
#
#   What cannot be decided is a violation: a class that does not exist, an expression that is none or costs too much, no ResourceSlice of a
#   complete pool, a provider that does not answer. So is a request (not a DeviceClass) that reaches no device, since nobody knows what the
#   next one is; with `unreached: allow` it is none. A device on which an expression fails counts as reached.
#
#   `allowed` is for every namespace; an entry of `namespaces` adds what is approved in namespaces by its names (`*` stands for any letters).
#   Teams with a label of their own have a constraint each, with match.namespaceSelector. A DeviceClass, which is in no namespace,
#   may select what is approved anywhere.
#
#   The provider is `lockgate-devices`. Lockgate answers it in process, from the cluster or from the inventory; for Gatekeeper a Provider
#   of that name asks `lockgate serve` (docs/external-data.md).
#
#   An update that leaves what is asked for as it was is not judged: controllers have to go on when devices come and go. The sweep
#   tells what is reached by then.
#
#   Not covered: devices that join the cluster later, which a request that is allowed now may reach; what a pod's claims by name point to,
#   which is judged where it is created; and resources that a device plugin serves.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
#     description: Dynamic Resource Allocation
# custom:
#   id: LG-C015
#   severity: high
#   external: true
#   controls:
#     - NIST SP 800-53 AC-3 (access enforcement)
#     - NIST SP 800-53 CM-7 (least functionality)
#   systems: [dra]
package lockgate.claims.reachable_devices

import data.lib.lockgate.device_classes
import data.lib.lockgate.extended_resources
import data.lib.lockgate.external
import data.lib.lockgate.report
import data.lib.lockgate.requests
import data.lib.lockgate.review
import data.lib.lockgate.unreadable
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(place.path, "what is reached cannot be told", place.shown, trouble, place.remedy) if {
	some place in places
	trouble := troubles[place.key]
}

violation contains report.violation(place.path, "request reaches no device that is known", place.shown, why, fix) if {
	not review.parameters.unreached == "allow"
	some place in places
	place.of != "class"
	answer := said[place.key]
	answer.products == []
	not unserved(place, answer)
	why := "which devices it will be given cannot be told"
	fix := "ask for devices that ResourceSlices tell of"
}

violation contains report.violation(place.path, what, place.shown, why, place.narrow) if {
	some place in places
	not troubles[place.key]
	found := [shown | some product in said[place.key].products; not is_approved(product, place.approved); shown := describe(product)]
	count(found) > 0
	what := "devices that are not approved can be reached"
	why := sprintf("it reaches %s", [listed(found)])
}

violation contains report.violation(path, problem.what, workloads.value_at(path), why, problem.fix) if {
	not updates.unchanged
	some problem in unreadable.unreadable
	not problem.field in accepted_fields
	path := problem.path
	why := "what cannot be read cannot be evaluated"
}

violation contains report.too_deep(path) if {
	not updates.unchanged
	some path in workloads.too_deep
}

# Every place that decides which devices are given: `key` is what the provider is asked about it.
places := [] if {
	updates.unchanged
} else := array.concat(array.concat(requested, named), defined)

requested := [place |
	some request in requests.requests
	request.class != null
	question := {"attributes": attributes, "class": request.class, "selectors": expressions(request.selectors)}
	place := {
		"of": "request", "path": request_path(request), "shown": request.class, "key": json.marshal(question),
		"approved": approved_here,
		"narrow": "add a selector that takes approved devices only, or have these approved",
		"remedy": "name a DeviceClass that exists, with selectors that can be evaluated",
	}
]

request_path(request) := request.class_path if {
	request.selectors == []
} else := requests.place(request, "selectors")

named := [place |
	some found in extended_resources.extended
	place := {
		"of": found.kind, "path": found.path, "shown": found.resource, "key": json.marshal(resource_question(found)),
		"approved": approved_here,
		"narrow": "ask for a resource of approved devices, or have these approved",
		"remedy": "ask for a resource that an existing DeviceClass serves, with selectors that can be evaluated",
	}
]

resource_question(found) := {"attributes": attributes, "class": found.class, "selectors": []} if {
	found.kind == "implicit"
} else := {"attributes": attributes, "resource": found.resource}

# A device plugin serves it, or nobody.
unserved(place, answer) if {
	place.of in {"plugin", "vendor"}
	answer.class == null
}

defined := [place |
	some class in device_classes.device_classes
	place := {
		"of": "class", "path": class_path(class), "shown": class.name,
		"key": json.marshal({"attributes": attributes, "selectors": expressions(class.selectors)}),
		"approved": approved_anywhere,
		"narrow": "add a selector that takes approved devices only, or have these approved",
		"remedy": "write selectors that can be evaluated",
	}
]

class_path(class) := class.path if {
	class.selectors == []
} else := array.concat(class.path, ["selectors"])

# What is no expression is asked about as null, which the provider refuses.
expressions(selectors) := [expression(selector) | some selector in selectors]

expression(selector) := found if {
	found := selector.cel.expression
} else := null

answers := external.answers("lockgate-devices", sort({place.key | some place in places})) if count(places) > 0

said[key] := value if some [key, value] in answers.responses

refused[key] := error if some [key, error] in answers.errors

# Why a question has no answer.
troubles[key] := answers.system_error if {
	answers.system_error != ""
	some key in {place.key | some place in places}
}

troubles[key] := error if {
	answers.system_error == ""
	some key, error in refused
}

troubles[key] := "the provider said nothing of it" if {
	answers.system_error == ""
	some key in {place.key | some place in places}
	not refused[key]
	not key in answered
}

answered := {key | some key, value in said; is_answer(value)}

is_answer(value) if {
	is_number(value.devices)
	is_array(value.products)
	every product in value.products {
		is_string(product.driver)
		is_object(product.attributes)
		is_number(product.devices)
		is_string(product.trouble)
	}
}

entries := [entry | some entry in object.get(review.parameters, "namespaces", [])]

approved_everywhere := [device | some device in object.get(review.parameters, "allowed", [])]

approved_here := array.concat(approved_everywhere, [device |
	some entry in entries
	some pattern in entry.names
	glob.match(pattern, null, namespace)
	some device in entry.allowed
])

approved_anywhere := array.concat(approved_everywhere, [device | some entry in entries; some device in entry.allowed])

# A claim is in the namespace of its request, whatever it says itself.
namespace := name if {
	name := input.review.namespace
	is_string(name)
	name != ""
} else := name if {
	name := review.target.metadata.namespace
	is_string(name)
} else := ""

# The attributes that approvals look at.
attributes := sort({name | some device in approved_anywhere; some name, _ in device.attributes})

is_approved(product, approved) if {
	some device in approved
	device.driver == product.driver
	every name, patterns in object.get(device, "attributes", {}) {
		some pattern in patterns
		glob.match(pattern, null, text(product.attributes[name]))
	}
}

text(value) := value if {
	is_string(value)
} else := json.marshal(value)

describe(product) := sprintf("%v of %s%s%s", [
	product.devices,
	product.driver,
	concat("", [sprintf(" %s=%s", [name, text(product.attributes[name])]) | some name in attributes; product.attributes[name] != null]),
	doubt(product),
])

doubt(product) := sprintf(" (perhaps: %s)", [substring(product.trouble, 0, 200)]) if {
	product.trouble != ""
} else := ""

listed(found) := concat(", ", found) if {
	count(found) <= 3
} else := sprintf("%s and %d kinds more", [concat(", ", array.slice(found, 0, 3)), count(found) - 3])

accepted_fields := {field | some field in object.get(review.parameters, "acceptedRequestFields", [])} - {""}
