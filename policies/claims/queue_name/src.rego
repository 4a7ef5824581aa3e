# METADATA
# title: Workloads that ask for devices are queued
# description: |
#   Kueue counts and queues what has the label `kueue.x-k8s.io/queue-name`; without it, and with `manageJobsWithoutQueueName` off, which is
#   the default, a job passes by its quota. A workload that asks for devices must have the label, and with `queues` the name of one of
#   these queues.
#
#   Objects that belong to another one (with an owner that is a controller) are not judged: their owner is. Not covered: whether the
#   queue exists.
# related_resources:
#   - ref: https://kueue.sigs.k8s.io/docs/
#     description: Kueue
# custom:
#   id: LG-C013
#   severity: medium
#   external: false
#   controls:
#     - NIST SP 800-53 SC-6 (resource availability)
#   systems: [dra, kueue]
package lockgate.claims.queue_name

import data.lib.lockgate.charges
import data.lib.lockgate.pod_claims
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "workload that asks for devices has no queue", "absent", why, fix) if {
	not updates.unchanged
	some at in asking
	path := array.concat(at.path, ["metadata", "labels", label])
	object.get(workloads.value_at(array.concat(at.path, ["metadata"])), ["labels", label], "") == ""
	why := "Kueue does not count it"
	fix := sprintf("add the label %s with the name of a queue", [label])
}

violation contains report.violation(path, "queue is not one for this namespace", queue, why, fix) if {
	not updates.unchanged
	is_array(review.parameters.queues)
	queues := {name | some name in review.parameters.queues}
	some at in asking
	path := array.concat(at.path, ["metadata", "labels", label])
	queue := workloads.value_at(path)
	not queue in {"", null}
	not queue in queues
	why := sprintf("there are: %s", [report.names(queues)])
	fix := sprintf("set the label %s to one of them", [label])
}

label := "kueue.x-k8s.io/queue-name"

# Claims and groups of pods are counted with the workload that uses them.
asking := [at |
	some at in workloads.objects
	not startswith(at.name, "resource.k8s.io/")
	not startswith(at.name, "scheduling.k8s.io/")
	not is_owned(at.path)
	asks(at.path)
]

asks(path) if {
	some charge in charges.charges
	array.slice(charge.path, 0, count(path)) == path
}

asks(path) if {
	some claim in pod_claims.pod_claims
	array.slice(claim.path, 0, count(path)) == path
}

is_owned(path) if {
	some reference in workloads.children(array.concat(path, ["metadata", "ownerReferences"]))
	reference.controller == true
}
