# METADATA
# title: Device requests stay below a number
# description: |
#   A request for devices asks for at most `maxPerRequest`, and what one object asks for, times the pods that it makes, stays below
#   `maxPerObject`, in one request and in all requests and groups of pods that ask for the same class or resource. Every shape counts: alternatives of `firstAvailable` one by one, `allocationMode: All` as the 32 devices that a claim
#   can be given at most (`all: refuse` refuses it), extended resources, and the replicas, completions and groups of each kind of
#   workload, at their peak. Write one constraint a tier, with a `namespaceSelector` and its numbers.
#
#   Resources that measure memory or time of a device (`nvidia.com/gpumem`) are no count. A count that is none, or below one, is a violation. What an object bounds nowhere (a CronJob's runs, an autoscaler without a
#   limit) counts as above any limit unless `unbounded` is `allow`.
#
#   Not covered: what other objects of the namespace ask for, which is for quotas, and what a reference brings in: claims are judged
#   where they are created, so match them too.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
#     description: Dynamic Resource Allocation
# custom:
#   id: LG-C002
#   severity: medium
#   external: false
#   controls:
#     - NIST SP 800-53 SC-6 (resource availability)
#   systems: [dra, kueue]
package lockgate.claims.device_counts

import data.lib.lockgate.charges
import data.lib.lockgate.extended_resources
import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.requests
import data.lib.lockgate.review
import data.lib.lockgate.unreadable
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(found.path, "device count is no number of devices", shown(found.count), why, fix) if {
	not updates.unchanged
	some found in extended_resources.extended
	found.kind != "vendor"
	not positive(found.count)
	why := "what it asks for cannot be counted"
	fix := sprintf("set %s to a whole number from 1 to %d", [paths.field(found.path), limit])
}

violation contains report.violation(path, "device count is above the limit", shown(number), why, fix) if {
	not updates.unchanged
	some [path, number] in counts
	positive(number)
	number > limit
	why := sprintf("%d may be asked for at a time", [limit])
	fix := sprintf("ask for %d or fewer", [limit])
}

violation contains report.violation(path, "all devices are asked for", "All", why, fix) if {
	not updates.unchanged
	some request in requests.requests
	request.mode == "All"
	too_many
	path := requests.place(request, "allocationMode")
	why := sprintf("a claim may be given %d then, and %d may be asked for at a time", [requests.most, limit])
	fix := sprintf("use allocationMode ExactCount with a count up to %d", [limit])
}

violation contains report.violation(charge.path, "devices of all pods are above the limit", total, why, fix) if {
	not updates.unchanged
	most := review.parameters.maxPerObject
	some charge in charges.charges
	not charge.resource in extended_resources.shares
	is_number(charge.total)
	charge.total > most
	total := sprintf("%v", [charge.total])
	why := sprintf("%v devices in each of %v pods, of %d that one object may ask for", [charge.devices, charge.pods, most])
	fix := "ask for fewer devices, or make fewer pods"
}

violation contains report.violation(path, "devices of all requests are above the limit", total, why, fix) if {
	not updates.unchanged
	most := review.parameters.maxPerObject
	some group in together
	every charge in group {
		charge.total <= most
	}
	number := sum([charge.total | some charge in group])
	number > most
	path := min([charge.path | some charge in group])
	total := sprintf("%v", [number])
	why := sprintf("%d requests ask for one class or resource, of which one object may ask for %d", [count(group), most])
	fix := "ask for fewer devices in all"
}

violation contains report.violation(charge.path, "devices of all pods have no bound", charge.total, why, fix) if {
	not updates.unchanged
	review.parameters.maxPerObject
	not review.parameters.unbounded == "allow"
	some charge in charges.charges
	charge.total == "unbounded"
	why := "nothing in the object says how many pods there can be"
	fix := "bound its replicas, runs or scaling"
}

violation contains report.violation(path, problem.what, workloads.value_at(path), why, problem.fix) if {
	not updates.unchanged
	some problem in unreadable.unreadable
	problem.field == ""
	path := problem.path
	why := "what cannot be read cannot be counted"
}

# Path and number of each request that names one, and of each resource.
counts := array.concat(
	[[requests.place(request, "count"), request.count] | some request in requests.requests; request.mode != "All"],
	[[found.path, found.count] |
		some found in extended_resources.extended
		found.kind != "vendor"
		not found.resource in extended_resources.shares
	],
)

# Charges for one class or resource in several requests or groups of pods. Steps of a workflow need not run at one time.
together := [group |
	some kind in {[charge.how, charge.class, charge.resource] | some charge in adding}
	group := [charge | some charge in adding; [charge.how, charge.class, charge.resource] == kind]
	count(group) > 1
]

adding := [charge |
	some charge in charges.charges
	is_number(charge.total)
	not charge.resource in extended_resources.shares
	is_added(charge)
]

is_added(charge) if charge.how != "resource"

is_added(charge) if {
	some path in workloads.pod_paths
	array.slice(charge.path, 0, count(path)) == path
}

positive(number) if {
	is_number(number)
	number >= 1
	floor(number) == number
}

shown(number) := sprintf("%v", [number])

too_many if review.parameters.all == "refuse"

too_many if requests.most > limit

limit := review.parameters.maxPerRequest
