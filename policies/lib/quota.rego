# METADATA
# title: Charges by dimension
# description: |
#   What quotas of devices charge for an object, as amounts by dimension. A dimension is what a limit is about: `devices/<class>`,
#   `drivers/<driver>`, `products/<product>`, `resources/<name>` (devices of that name, or of the class that serves it), `objects/claims`, and
#   `gpu-seconds/<class>`, devices times the seconds that they may be held at most.
#
#   As they are, the parameters count as Kubernetes' ResourceQuota does, which charges a claim where it is created, and a pod for
#   its extended resources. https://github.com/kubernetes/kubernetes/blob/master/pkg/quota/v1/evaluator/core/resource_claims.go
package lib.lockgate.quota

import data.lib.lockgate.amounts
import data.lib.lockgate.asked
import data.lib.lockgate.charges as charges_lib
import data.lib.lockgate.claim_specs
import data.lib.lockgate.extended_resources
import data.lib.lockgate.requester
import data.lib.lockgate.requests
import data.lib.lockgate.review
import data.lib.lockgate.unreadable
import data.lib.lockgate.workloads

# METADATA
# description: |
#   `{"own", "predicted", "each", "places", "asked", "seconds", "refused", "missing"}`. `own`: what is charged for the object itself when it is created.
#   `predicted`: what will be charged for the pods and claims that follow from it, at most at one time. `each`: what each claim of
#   a template will be charged. `places`: where the first charge of a dimension is asked for. `asked`: the requests that are
#   counted, as `{"path", "class", "selectors"}`. `seconds`: for how long what is charged for the object itself may be held, an amount. `refused`: what cannot be counted or may not be asked for, as `{"path", "what", "fix"}`. `missing`:
#   templates of claims that the object names and that are not known, as `{"path", "name"}`.
quota := {
	"own": joined(own_charges),
	"predicted": joined(predicted_charges),
	"each": joined(claim_charges("template")),
	"places": {dimension: places[0] |
		all_charges := array.concat(own_charges, predicted_charges)
		dimension := all_charges[_].dimension
		places := [charge.path | some charge in all_charges; charge.dimension == dimension]
	},
	"asked": [{"path": entry.path, "class": entry.class, "selectors": entry.request.selectors} | some entry in counted],
	"seconds": bounded(own_seconds),
	"refused": array.concat(
		[{"path": problem.path, "what": problem.what, "fix": problem.fix} | some problem in unreadable.unreadable],
		refused_requests,
	),
	"missing": [{"path": claim.path, "name": claim.reference} |
		some claim in templates_named
		not known_templates[claim.reference]
	],
}

# Parameters. `all`: what `allocationMode: All` counts: `32`, the most that a claim can be given; `resolve`, the devices there are
# (32 where that is not known); `deny`. `first`: of the alternatives of a request, `each` class counts, or `max-cost`, the dearest alone.
# `admin`: administrative access is a `charge`, `zero` or `deny`. `pods`: extended resources count as `resources` alone, or for the
# `classes` that serve them too, and the scheduler's claims for them are then nothing more. `seconds`: for how long devices are held at
# most, null where nothing bounds it.
defaults := {"all": "32", "first": "each", "admin": "charge", "pods": "resources", "seconds": null}

options := object.union(defaults, object.get(review.parameters, "quota", {}))

# What other objects say: `templates`, by name, as `each` has it of them; `classes`, the DeviceClass that serves an extended resource;
# `reach`, of a request's path, the devices there are for it, as `{"path", "devices", "drivers", "products"}`.
known := object.union({"templates": {}, "classes": {}, "reach": []}, object.get(review.parameters, "known", {}))

known_templates := known.templates

own_charges := array.concat(claim_charges("claim"), pod_charges({"own"}))

predicted_charges := array.concat(
	array.concat(claim_charges("annotation"), pod_charges({"predicted"})),
	template_charges,
)

# A charge is `{"dimension", "amount", "path"}`; those of a dimension add up.
joined(list) := {dimension: amounts.total([one.amount | some one in list; one.dimension == dimension]) |
	some charge in list
	dimension := charge.dimension
}

# --- claims

# Each request, and each alternative of one: what it counts for its class.
counted := [entry |
	some request in requests.requests
	is_string(request.class)
	entry := {
		"path": request.path,
		"claim": request.claim,
		"group": group(request),
		"class": request.class,
		"devices": devices(request),
		"how": charges_lib.ways[request.how][charges_lib.kind_of(request)],
		"request": request,
	}
]

# The request that an alternative is one of.
group(request) := array.slice(request.path, 0, count(request.path) - 2) if {
	request.alternative >= 0
} else := request.path

devices(request) := 0 if {
	options.admin == "zero"
	request.admin == true
} else := min([requests.most, reach.devices]) if {
	request.mode == "All"
	options.all == "resolve"
	some reach in known.reach
	reach.path == request.path
	is_number(reach.devices)
} else := charges_lib.devices_of(request)

# Of the alternatives, those that count.
weighed := counted if {
	options.first == "each"
} else := [entry | some entry in counted; dearest(entry)]

dearest(entry) if {
	others := [other | some other in counted; other.group == entry.group; dearer(other, entry)]
	count(others) == 0
}

dearer(other, entry) if rank(other) > rank(entry)

dearer(other, entry) if {
	rank(other) == rank(entry)
	other.request.alternative < entry.request.alternative
}

# What cannot be counted is dearest.
rank(entry) := entry.devices if {
	is_number(entry.devices)
} else := 9223372036854775807

claim_charges(how) := array.concat(
	array.concat(class_charges(how), place_charges(how, "drivers")),
	array.concat(place_charges(how, "products"), object_charges(how)),
)

class_charges(how) := [charge |
	some pair in {[entry.group, entry.class] | some entry in weighed; entry.how == how}
	of_pair := [entry | some entry in weighed; entry.how == how; entry.group == pair[0]; entry.class == pair[1]]
	not moved(of_pair[0].claim)
	amount := amounts.times(charges_lib.most([entry.devices | some entry in of_pair]), claims_of(how, of_pair[0]))
	some charge in array.concat(
		of_class(of_pair[0].path, pair[1], amount, "unbounded"),
		of_names(of_pair[0], amount),
	)
]

# Devices of a class are devices of the resources that it serves, however they are asked for; what the scheduler claims for a pod's
# resources the pod was charged for.
of_names(entry, amount) := [{"path": entry.path, "dimension": concat("/", ["resources", name]), "amount": amount} |
	not by_scheduler(entry.claim)
	some name in names_of(entry.class)
]

names_of(class) := {concat("", [extended_resources.implicit_prefix, class])} | {name |
	some name, serving in known.classes
	serving == class
}

# Devices of a class, and how long they may be held.
of_class(path, class, amount, seconds) := [
	{"path": path, "dimension": concat("/", ["devices", class]), "amount": amount},
	{"path": path, "dimension": concat("/", ["gpu-seconds", class]), "amount": amounts.times(amount, bounded(seconds))},
]

bounded(seconds) := amounts.smaller(seconds, options.seconds) if {
	options.seconds != null
} else := seconds

# By driver or product, one of the alternatives at most is allocated. Where it is not known what a request can reach, that is told of
# the name "", which nothing has. A pod is not charged by these: what it asks for by a resource is reached by the scheduler's claim.
place_charges(how, kind) := [charge |
	some group_path in {entry.group | some entry in weighed; entry.how == how}
	of_group := [entry | some entry in weighed; entry.how == how; entry.group == group_path]
	places := {place | some entry in of_group; some place in reached(entry, kind)}
	some place in places
	most := charges_lib.most([entry.devices | some entry in of_group; place in reached(entry, kind)])
	charge := {
		"path": of_group[0].path,
		"dimension": concat("/", [kind, place]),
		"amount": amounts.times(most, claims_of(how, of_group[0])),
	}
]

reached(entry, kind) := {place | some place in reach[kind]} if {
	some reach in known.reach
	reach.path == entry.path
	is_array(reach[kind])
} else := {""}

object_charges(how) := [{"path": spec.path, "dimension": "objects/claims", "amount": 1} |
	some spec in claim_specs.specs
	{"claim": "ResourceClaim", "template": "ResourceClaimTemplate"}[how] == spec.kind
] if {
	how != "annotation"
} else := [{"path": entry.path, "dimension": "objects/claims", "amount": claims_of(how, entry)} |
	some entry in weighed
	entry.how == how
]

# How many claims with this request there will be: one, or, of KServe's annotations, one for each pod.
claims_of("annotation", entry) := charges_lib.pods_of("annotation", entry.request)

claims_of("claim", _) := 1

claims_of("template", _) := 1

# The claim that the scheduler makes for the extended resources of a pod is for devices that the pod was charged for.
moved(claim) if {
	options.pods == "classes"
	by_scheduler(claim)
}

by_scheduler(claim) if {
	requester.user == "system:kube-scheduler"
	some spec in claim_specs.specs
	spec.path == claim
	workloads.value_at(spec.metadata).annotations["resource.kubernetes.io/extended-resource-claim"] == "true"
}

# --- pods

pod_charges(wanted) := [charge |
	some resource in charges_lib.resources
	pod_way(resource) in wanted
	some charge in of_resource(resource)
]

# A pod is charged itself; what makes pods tells what they will be charged.
pod_way(resource) := "own" if {
	some at in workloads.objects
	at.name == "/Pod"
	array.slice(resource.path, 0, count(at.path)) == at.path
} else := "predicted"

of_resource(resource) := array.concat(
	[{"path": resource.path, "dimension": concat("/", ["resources", resource.resource]), "amount": resource.total}],
	[charge |
		class := served(resource)
		some charge in of_class(resource.path, class, resource.total, seconds_at(resource.path))
	],
)

served(resource) := resource.class if {
	options.pods == "classes"
	resource.class != ""
} else := known.classes[resource.resource] if {
	options.pods == "classes"
}

own_seconds := seconds_at(array.concat(at.path, ["spec"])) if {
	some at in workloads.objects
	at.name == "/Pod"
} else := "unbounded"

# For how long a pod runs at most: its own deadline, or its Job's.
seconds_at(path) := least([seconds |
	some pod in workloads.pods
	array.slice(path, 0, count(pod.path)) == pod.path
	some holder in deadline_holders(pod.path)
	seconds := object.get(workloads.value_at(holder), "activeDeadlineSeconds", null)
	is_number(seconds)
	seconds >= 0
])

# The pod's spec; and that of a Job, in which its template stands.
deadline_holders(path) := [path, array.slice(path, 0, count(path) - 2)] if {
	is_job(path)
} else := [path]

is_job(path) if {
	array.slice(path, count(path) - 2, count(path)) == ["template", "spec"]
	some at in workloads.objects
	at.name in {"batch/Job", "batch/CronJob", "jobset.x-k8s.io/JobSet"}
	array.slice(path, 0, count(at.path)) == at.path
}

least(list) := min(list) if {
	count(list) > 0
} else := "unbounded"

# --- claims that pods name

templates_named := [claim | some claim in asked.asked.named; claim.template]

template_charges := [charge |
	some claim in templates_named
	some dimension, amount in known_templates[claim.reference]
	charge := {"path": claim.path, "dimension": dimension, "amount": held(dimension, amount, claim)}
]

held(dimension, amount, claim) := amounts.times(amount, claim.pods) if {
	not startswith(dimension, "gpu-seconds/")
} else := amounts.times(
	amounts.times(object.get(known_templates[claim.reference], devices_like(dimension), 0), claim.pods),
	bounded(seconds_at(claim.path)),
)

devices_like(dimension) := concat("", ["devices/", trim_prefix(dimension, "gpu-seconds/")])

# --- what is refused

refused_requests := [problem |
	some request in requests.requests
	some problem in problems(request)
]

problems(request) := array.concat(
	[{"path": request.class_path, "what": "the name of a DeviceClass is no text", "fix": "name a DeviceClass"} |
		request.class != null
		not is_name(request.class)
	],
	refused_ways(request),
)

is_name(class) if {
	is_string(class)
	class != ""
}

refused_ways(request) := array.concat(
	[{"path": requests.place(request, "allocationMode"), "what": what, "fix": "ask for a count"} |
		options.all == "deny"
		request.mode == "All"
		what := "all devices of a class may not be asked for under this quota"
	],
	[{"path": requests.place(request, "adminAccess"), "what": what, "fix": "remove adminAccess"} |
		options.admin == "deny"
		request.admin == true
		what := "administrative access may not be asked for under this quota"
	],
)
