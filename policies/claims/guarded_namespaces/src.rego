# METADATA
# title: Labels of namespaces that open gates are for named accounts
# description: |
#   Labels of a Namespace decide what its objects may do: `resource.kubernetes.io/admin-access` lets its claims have administrative access
#   to devices, `admission.gatekeeper.sh/ignore` and the like keep its objects from a webhook, and a tier's label gives it more devices. Who may
#   edit a namespace could open the gate. The labels in `guardedLabels`, besides those two, may be set, changed and removed by
#   `allowedUsers` alone.
#
#   An update is judged by what it changes. In CI the account is not known unless it is given (`--user`).
#
#   Not covered: labels of nodes and pods, and who may delete a namespace and make it again, which is a creation with its labels.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/#admin-access
#     description: Admin access
# custom:
#   id: LG-C007
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 AC-3 (access enforcement)
#     - NIST SP 800-53 CM-5 (access restrictions for change)
#   systems: [dra, gatekeeper]
package lockgate.claims.guarded_namespaces

import data.lib.lockgate.report
import data.lib.lockgate.requester
import data.lib.lockgate.review
import data.lib.lockgate.workloads

violation contains report.violation(path, what, shown, why, fix) if {
	not requester.user in users
	some at in workloads.objects
	at.name == "/Namespace"
	some key in guarded
	path := array.concat(at.path, ["metadata", "labels", key])
	value := workloads.value_at(path)
	former := object.get(review.former, path, null)
	value != former
	what := change(former, value)
	shown := sprintf("%v", [value])
	why := sprintf("it decides what objects of the namespace may do, and %s may not change it", [requester.user])
	fix := sprintf("leave the label %s as it was, or have one of these change it: %s", [key, report.names(users)])
}

change(former, _) := "guarded label is set" if {
	former == null
} else := "guarded label is changed or removed"

guarded := {"resource.kubernetes.io/admin-access", "admission.gatekeeper.sh/ignore"} | {key |
	some key in object.get(review.parameters, "guardedLabels", [])
}

users := {name | some name in object.get(review.parameters, "allowedUsers", [])}
