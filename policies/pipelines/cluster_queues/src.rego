# METADATA
# title: Queues are for those they are meant for, and count every device
# description: |
#   A ClusterQueue of Kueue gives its quota to the namespaces that its `namespaceSelector` selects; an empty one (`{}`) selects all, so whoever makes a
#   LocalQueue takes what another team was given. It must say which namespaces, unless `allNamespaces` names the queue. With `maxQuota` the nominal quota and what may be borrowed of a resource, summed over the flavors of a queue, are bounded.
#
#   Kueue's configuration, as a file or in a ConfigMap, may not leave devices uncounted: a prefix in `excludeResourcePrefixes` that a device's
#   resource begins with (`nvidia.com/`) makes them free for every job.
#   With `queueNames: required` it must hold back jobs that name no queue (`manageJobsWithoutQueueName: true`).
#
#   An update that changes nothing but metadata and status is not judged. A quantity that is no number is a violation where it is to be bounded, but for placeholders.
#
#   Not covered: whether nodes have what quotas promise, and jobs without a queue (`claims/queue_name`).
# related_resources:
#   - ref: https://kueue.sigs.k8s.io/docs/concepts/cluster_queue/
#     description: Kueue's ClusterQueues
#   - ref: https://kueue.sigs.k8s.io/docs/reference/kueue-config.v1beta1/
#     description: Kueue's configuration
# custom:
#   id: LG-P020
#   severity: medium
#   external: false
#   controls:
#     - NIST SP 800-53 SC-6 (resource availability)
#     - NIST SP 800-53 AC-4 (information flow enforcement)
#   systems: [kueue]
package lockgate.pipelines.cluster_queues

import data.lib.lockgate.extended_resources
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "queue is open to every namespace", "{}", why, fix) if {
	not updates.unchanged
	some queue in queues
	path := array.concat(queue.path, ["spec", "namespaceSelector"])
	selects_all(workloads.value_at(path))
	not object.get(queue.value, ["metadata", "name"], "") in open
	why := "whoever makes a LocalQueue takes the quota that is meant for others"
	fix := "select the team's namespaces, as matchLabels: {kubernetes.io/metadata.name: team-a}"
}

violation contains report.violation(path, sprintf("queue has more %s than allowed", [resource]), shown(quantities), why, fix) if {
	not updates.unchanged
	some queue in queues
	some resource, most in object.get(review.parameters, "maxQuota", {})
	quantities := [quantity | some quantity in quotas(queue, resource)]
	exceeds(quantities, most)
	path := array.concat(queue.path, ["spec", "resourceGroups"])
	why := sprintf("a queue may have %d, with what it borrows", [most])
	fix := "lower nominalQuota, or borrowingLimit"
}

violation contains report.violation(found.path, "devices are not counted", found.prefix, why, fix) if {
	not updates.unchanged
	some found in uncounted
	why := "jobs take them outside of every quota"
	fix := sprintf("leave %s out of excludeResourcePrefixes", [found.prefix])
}

violation contains report.violation(path, "jobs without a queue are let through", "manageJobsWithoutQueueName", why, fix) if {
	not updates.unchanged
	review.parameters.queueNames == "required"
	some configuration in configurations
	not configuration.value.manageJobsWithoutQueueName == true
	path := place(configuration, "manageJobsWithoutQueueName")
	why := "whoever leaves out a label takes devices outside of every quota"
	fix := "set manageJobsWithoutQueueName to true"
}

open := {name | some name in object.get(review.parameters, "allNamespaces", [])}

queues := [at | some at in workloads.objects; at.name == "kueue.x-k8s.io/ClusterQueue"]

# An absent selector selects none.
selects_all(selector) if {
	is_object(selector)
	object.get(selector, "matchLabels", null) in {null, {}}
	object.get(selector, "matchExpressions", null) in {null, []}
}

# What each flavor gives and lends: without a limit a queue of a cohort borrows all that others leave.
quotas(queue, resource) := array.concat(
	[quantity | some given in resources(queue, resource); quantity := object.get(given, "nominalQuota", 0)],
	[quantity |
		some given in resources(queue, resource)
		cohort(queue)
		quantity := object.get(given, "borrowingLimit", "no borrowingLimit")
	],
)

resources(queue, resource) := [given |
	some given in workloads.value_at(array.concat(queue.path, ["spec", "resourceGroups"]))[_].flavors[_].resources
	given.name == resource
]

cohort(queue) if {
	some field in ["cohort", "cohortName"]
	not object.get(queue.value, ["spec", field], "") in {null, ""}
}

exceeds(quantities, most) if sum([number | some quantity in quantities; number := number_of(quantity)]) > most

exceeds(quantities, _) if {
	some quantity in quantities
	not counted(quantity)
	not settings.unknown(quantity)
}

counted(quantity) if is_number(number_of(quantity))

number_of(quantity) := quantity if {
	is_number(quantity)
} else := units.parse(quantity) if {
	is_string(quantity)
	regex.match(`^[0-9]{1,15}(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$`, quantity)
}

shown(quantities) := concat(" + ", [sprintf("%v", [quantity]) | some quantity in quantities])

# Kueue's configuration as an object, and as text in a ConfigMap; a path into text ends there.
configurations := array.concat(
	[{"path": at.path, "text": false, "value": at.value} |
		some at in workloads.objects
		at.name == "config.kueue.x-k8s.io/Configuration"
	],
	[{"path": array.concat(at.path, ["data", key]), "text": true, "value": value} |
		some at in workloads.objects
		at.name == "/ConfigMap"
		some key, text in at.value.data
		is_string(text)
		contains(text, "config.kueue.x-k8s.io")
		yaml.is_valid(text)
		value := yaml.unmarshal(text)
		is_object(value)
		workloads.identity(value) == "config.kueue.x-k8s.io/Configuration"
	],
)

place(configuration, field) := array.concat(configuration.path, [field]) if {
	not configuration.text
} else := configuration.path

uncounted := [{"path": place(configuration, "resources"), "prefix": prefix} |
	some configuration in configurations
	some prefix in configuration.value.resources.excludeResourcePrefixes
	is_string(prefix)
	hides_devices(prefix)
]

# A prefix of the name of a device, or of all such names.
hides_devices(prefix) if {
	some name in extended_resources.device_names
	startswith(name, prefix)
}

hides_devices(prefix) if {
	some beginning in extended_resources.device_prefixes
	startswith(prefix, beginning)
}

hides_devices(prefix) if startswith(prefix, "deviceclass.resource.kubernetes.io/")
