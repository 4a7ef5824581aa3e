# METADATA
# title: Charges
# description: |
#   What an object asks for, counted as Kubernetes' ResourceQuota counts: `All` is 32, administrators' requests count, and a request with
#   alternatives is charged for every class in it, the most that an alternative of that class has. A claim is charged where it is
#   created; a template says what each of its claims will be charged.
#   https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/4381-dra-structured-parameters
package lib.lockgate.charges

import data.lib.lockgate.amounts
import data.lib.lockgate.claim_specs
import data.lib.lockgate.extended_resources
import data.lib.lockgate.multiplicity
import data.lib.lockgate.requests
import data.lib.lockgate.workloads

# METADATA
# description: |
#   The charges, as `{"path", "name", "how", "class", "resource", "devices", "pods", "total"}`: one for each class in a request, and one for
#   each extended resource of a pod. `devices` are those of one claim or pod, `pods` how many of these there are at most at
#   one time. `how` is `claim`, `template`, `annotation` or `resource`.
charges := array.concat(claimed, resources)

# METADATA
# description: |
#   Devices by class that ResourceQuota charges for the object itself, as in `<class>.deviceclass.resource.k8s.io/devices`: claims
#   are charged, templates and workloads are not.
by_class := {class: amounts.total([charge.total | some charge in claimed; charge.how == "claim"; charge.class == class]) |
	some charge in claimed
	charge.how == "claim"
	class := charge.class
}

claimed := [charge |
	some request in requests.requests
	request.class != null
	costliest(request)
	how := ways[request.how][kind_of(request)]
	pods := pods_of(how, request)
	devices := devices_of(request)
	charge := {
		"path": request.path,
		"name": request.name,
		"how": how,
		"class": request.class,
		"resource": "",
		"devices": devices,
		"pods": pods,
		"total": amounts.times(devices, pods),
	}
]

ways := {
	"request": {"ResourceClaim": "claim", "ResourceClaimTemplate": "template"},
	"alternative": {"ResourceClaim": "claim", "ResourceClaimTemplate": "template"},
	"claim": {"ResourceClaim": "claim", "ResourceClaimTemplate": "template"},
	"annotation": {"": "annotation"},
}

kind_of(request) := spec.kind if {
	some spec in claim_specs.specs
	spec.path == request.claim
} else := ""

pods_of("claim", _) := 1

# As many as pods name the template, which other objects say.
pods_of("template", _) := "unknown"

# KServe makes a claim for each pod of the service.
pods_of("annotation", request) := multiplicity.at(array.concat(
	array.slice(request.claim, 0, count(request.claim) - 2),
	["spec", "template"],
)).peak

devices_of(request) := request.count if {
	request.mode in {"All", "ExactCount"}
	is_number(request.count)
} else := "unknown"

# Of the alternatives with one class, the first that has the most.
costliest(request) if request.alternative < 0

costliest(request) if {
	request.alternative >= 0
	others := [other |
		some other in requests.alternatives
		other.class == request.class
		array.slice(other.path, 0, count(other.path) - 1) == array.slice(request.path, 0, count(request.path) - 1)
		dearer(other, request)
	]
	count(others) == 0
}

dearer(other, request) if rank(other) > rank(request)

dearer(other, request) if {
	rank(other) == rank(request)
	other.alternative < request.alternative
}

# What cannot be counted is dearest.
rank(request) := devices_of(request) if {
	is_number(devices_of(request))
} else := 9223372036854775807

# Extended resources are charged by pod: containers add up, init containers run one after the other beside those that stay.
owners := {holder | some found in extended_resources.extended; holder := owner(found)}

owner(found) := found.pod if {
	found.pod != null
} else := found.container

resources := [charge |
	some pod in owners
	some name in {found.resource | some found in extended_resources.extended; owner(found) == pod}
	of_name := [found | some found in extended_resources.extended; owner(found) == pod; found.resource == name]
	devices := pod_devices(of_name)
	pods := multiplicity.at(pod).peak
	charge := {
		"path": of_name[0].path,
		"name": name,
		"how": "resource",
		"class": of_name[0].class,
		"resource": name,
		"devices": devices,
		"pods": pods,
		"total": amounts.times(devices, pods),
	}
]

pod_devices(found) := amounts.larger(running, starting) if {
	running := amounts.added(asked(found, "containers"), asked(found, "sidecars"))
	starting := most([amounts.added(of_container(found, container), sidecars_before(found, container)) |
		some container in {one.container | some one in found; part(one) == "init"}
	])
}

asked(found, wanted) := amounts.total([of_container(found, container) |
	some container in {one.container | some one in found; part(one) == wanted}
])

# Limits and requests of an extended resource are equal; where they differ, the object is refused, and the larger one counts.
of_container(found, container) := most([quantity(one) | some one in found; one.container == container])

quantity(one) := one.count if {
	one.count != null
} else := "unknown"

most(list) := max(list) if {
	count(list) > 0
	every amount in list { is_number(amount) }
} else := 0 if {
	count(list) == 0
} else := "unknown"

part(found) := "sidecars" if {
	found.container[count(found.container) - 2] == "initContainers"
	workloads.value_at(found.container).restartPolicy == "Always"
} else := "init" if {
	found.container[count(found.container) - 2] == "initContainers"
} else := "containers"

sidecars_before(found, container) := amounts.total([of_container(found, other) |
	some other in {one.container | some one in found; part(one) == "sidecars"}
	other[count(other) - 1] < container[count(container) - 1]
])
