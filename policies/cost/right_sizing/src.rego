# METADATA
# title: Workloads ask for what they use
# description: |
#   Goes by measurements of what a workload's containers use (`lockgate utilisation`): the size to ask for is the 95th percentile and `headroomPercent` (30 unless
#   given). A container that asks for more than that by a factor of `tolerance` (2 unless given) holds what others wait for; one that asks for less memory
#   than the percentile is evicted when its node is full, and one that asks for less CPU is slow. The message names the size to set.
#
#   CPU and memory are judged by what is requested, or by the limit where nothing is; devices (`nvidia.com/gpu` and others that are known) by how many there are
#   against how many are kept busy, rounded up, one at least. With `resources` only some of `cpu`, `memory` and `devices` are judged. Less than
#   `smallest` (`cpu: 250m`, `memory: 256Mi` unless given) between what is asked for and what should be is not told.
#
#   Measurements count that are of `minimumDays` (7 unless given) at least, with `minimumSamples` (100 unless given), and no older than `maximumAgeDays` (30
#   unless given). Where there are none nothing is said, unless `requireEvidence` is true: then containers that ask for any of it are told of.
#
#   Judged are Deployments, StatefulSets, DaemonSets, Argo's Rollouts and KServe's InferenceServices (by the names of their Deployments, `NAME-predictor`).
#
#   Placeholders and updates that leave contents as they were are not judged. Not covered: workloads whose pods' owner has another name with each run (jobs,
#   Knative's revisions), and a workload that will be asked for more than before.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
#     description: Requests and limits
#   - ref: https://prometheus.io/docs/prometheus/latest/querying/api/
#     description: The API by which Prometheus is asked
# custom:
#   id: LG-B003
#   severity: low
#   external: true
#   systems: [prometheus, kubernetes, kserve, argo-rollouts]
#   controls:
#     - NIST SP 800-53 SC-6 (resource availability)
#     - FinOps (workload optimization)
package lockgate.cost.right_sizing

import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.utilisation

violation contains report.violation(one.path, sprintf("container asks for more %s than it uses", [one.resource]), shown(one.value), why, fix) if {
	not updates.unchanged
	some one in measured
	one.asked > one.size * tolerance
	one.asked - one.size >= smallest(one.resource)
	why := sprintf("of 100 measurements in %s days 95 are at most %s", [format_int(floor(one.window), 10), told(one.resource, one.p95)])
	fix := sprintf("set it to %s", [told(one.resource, one.size)])
}

violation contains report.violation(one.path, sprintf("container asks for less %s than it uses", [one.resource]), shown(one.value), why, fix) if {
	not updates.unchanged
	some one in measured
	one.resource in {"cpu", "memory"}
	one.asked < one.p95
	one.size - one.asked >= smallest(one.resource)
	why := sprintf("5 of 100 measurements in %s days are above %s", [format_int(floor(one.window), 10), told(one.resource, one.p95)])
	fix := sprintf("set it to %s", [told(one.resource, one.size)])
}

violation contains report.violation(path, "nothing is known of what the container uses", container.name, why, fix) if {
	not updates.unchanged
	review.parameters.requireEvidence == true
	some container in utilisation.containers
	asks := [ask | some ask in asked(container)]
	count(asks) > 0
	count([ask | some ask in asks; usable(container, ask.resource)]) == 0
	path := array.concat(container.path, ["resources"])
	why := sprintf("without measurements of %v days nobody can tell whether it asks for what it needs", [minimum_days])
	fix := sprintf("measure %s, and give the gate what lockgate utilisation writes", [container.workload])
}

tolerance := object.get(review.parameters, "tolerance", 2)

minimum_days := object.get(review.parameters, "minimumDays", 7)

chosen := {resource | some resource in object.get(review.parameters, "resources", ["cpu", "devices", "memory"])}

# What is asked for and was measured, with the size to set.
measured := [object.union(ask, {"p95": use.p95, "size": size(ask.resource, use.p95), "window": utilisation.days(use.since, use.until)}) |
	some container in utilisation.containers
	some ask in asked(container)
	use := usable(container, ask.resource)
]

usable(container, resource) := use if {
	use := utilisation.of(container)[resource]
	use.samples >= object.get(review.parameters, "minimumSamples", 100)
	utilisation.days(use.since, use.until) >= minimum_days
	utilisation.age(use.until) <= object.get(review.parameters, "maximumAgeDays", 30)
}

# What a container asks for: where, in which resource of measurements, as written and as a number.
asked(container) := [{"path": array.concat(container.path, ["resources", field, name]), "resource": resource, "value": value, "asked": amount} |
	resources := settings.fields(object.get(container.value, "resources", {}))
	names := object.keys(settings.fields(object.get(resources, "requests", {}))) | object.keys(settings.fields(object.get(resources, "limits", {})))
	some name in names
	resource := measured_as(name)
	resource in chosen
	[field, value] := written(resources, name)
	amount := number(value)
]

written(resources, name) := ["requests", value] if {
	value := settings.fields(object.get(resources, "requests", {}))[name]
} else := ["limits", settings.fields(object.get(resources, "limits", {}))[name]]

measured_as(name) := name if name in {"cpu", "memory"}

measured_as(name) := "devices" if name in {"amd.com/gpu", "aws.amazon.com/neuron", "aws.amazon.com/neuroncore", "gpu.intel.com/i915", "gpu.intel.com/xe", "habana.ai/gaudi", "nvidia.com/gpu"}

# METADATA
# description: The number that a quantity of Kubernetes stands for.
number(value) := value if is_number(value)

number(value) := units.parse(value) if {
	is_string(value)
	regex.match(`^[0-9]{1,15}(\.[0-9]{1,9})?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$`, value)
}

# The percentile and what is added, rounded up to 50 thousandths of a core, 64 MiB, or a whole device.
size("cpu", p95) := max([0.05, ceil(((p95 * headroom) * 20) - 0.000001) / 20])

size("memory", p95) := max([67108864, ceil((p95 * headroom) / 67108864) * 67108864])

size("devices", p95) := max([1, ceil((p95 * headroom) - 0.000001)])

headroom := 1 + (object.get(review.parameters, "headroomPercent", 30) / 100)

smallest("devices") := 1

smallest(resource) := number(object.get(object.get(review.parameters, "smallest", {}), resource, {"cpu": "250m", "memory": "256Mi"}[resource])) if resource in {"cpu", "memory"}

told("cpu", amount) := sprintf("%sm", [format_int(round(amount * 1000), 10)])

told("memory", amount) := sprintf("%sMi", [format_int(ceil(amount / 1048576), 10)])

told("devices", amount) := sprintf("%v", [amount])

shown(value) := sprintf("%v", [value])
