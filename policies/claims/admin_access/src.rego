# METADATA
# title: Administrative access to devices is for named accounts
# description: |
#   A request with `adminAccess: true` is given devices that others use. Kubernetes asks for a label of the namespace alone, and whoever
#   may label namespaces may have it. This rule allows it to the accounts in `allowedUsers`, by their whole names, in claims and
#   templates of all versions.
#
#   A claim that Kubernetes makes of a template is asked for by the account in `controllers`, and allowed, since its template was
#   judged. In CI the account is not known unless it is given (`--user`): a claim is not evaluated then.
#
#   Not covered: who may impersonate one of the accounts, and what a claim that is there already may still do when the label goes.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/#admin-access
#     description: Admin access
# custom:
#   id: LG-C003
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 AC-6 (least privilege)
#   systems: [dra]
package lockgate.claims.admin_access

import data.lib.lockgate.claim_specs
import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.requester
import data.lib.lockgate.requests
import data.lib.lockgate.review
import data.lib.lockgate.unreadable
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "administrative access is not allowed to this account", requester.user, why, fix) if {
	not updates.unchanged
	some request in requests.requests
	request.admin != false
	not allowed(request)
	path := requests.place(request, "adminAccess")
	why := sprintf("such a request is given devices that others use; allowed are: %s", [report.names(users)])
	fix := sprintf("remove %s, or have the account approved", [paths.field(path)])
}

violation contains report.violation(path, problem.what, workloads.value_at(path), why, problem.fix) if {
	not updates.unchanged
	some problem in unreadable.unreadable
	path := problem.path
	why := "whether it asks for administrative access cannot be told"
}

allowed(_) if requester.user in users

# Of a template that was judged when it was created.
allowed(request) if {
	requester.user in controllers
	some spec in claim_specs.specs
	spec.path == request.claim
	spec.kind == "ResourceClaim"
}

users := {name | some name in object.get(review.parameters, "allowedUsers", [])}

controllers := {name | some name in object.get(review.parameters, "controllers", [
	"system:serviceaccount:kube-system:resource-claim-controller", "system:kube-controller-manager",
])}
