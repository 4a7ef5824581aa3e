# METADATA
# title: Administrative access to devices is asked for in named namespaces
# description: |
#   A request with `adminAccess: true` is given devices that others use, and what runs on them can be read. Monitors need that, and workloads do not.
#   This rule refuses it, in claims and templates of all versions and wherever else a claim is written, outside of the namespaces in
#   `allowedNamespaces`; without the parameter there is none. It needs no account, so that it holds in CI too.
#
#   Claims that Kubernetes makes of a template are in the namespace of the template, which was judged by the same list.
#
#   Not covered: who asks, which is for `claims/admin_access`, and the label that Kubernetes itself asks of the namespace.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/#admin-access
#     description: Admin access
# custom:
#   id: LG-C019
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 AC-6 (least privilege)
#   systems: [dra]
package lockgate.claims.admin_namespaces

import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.requests
import data.lib.lockgate.review
import data.lib.lockgate.updates

violation contains report.violation(path, "administrative access is asked for", request.admin, why, fix) if {
	not updates.unchanged
	not namespace in namespaces
	some request in requests.requests
	not request.admin in {false, null}
	path := requests.place(request, "adminAccess")
	why := sprintf("such a request is given devices that others use; it may be asked for in: %s", [report.names(namespaces)])
	fix := sprintf("remove %s, or have the namespace %q put on the list", [paths.field(path), namespace])
}

namespaces := {name | some name in object.get(review.parameters, "allowedNamespaces", [])}

# What is outside of the object, where it is known there: an API server says it beside the object.
namespace := input.review.namespace if {
	is_string(input.review.namespace)
	input.review.namespace != ""
} else := object.get(review.target, ["metadata", "namespace"], "")
