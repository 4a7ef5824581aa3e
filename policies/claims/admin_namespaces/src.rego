# METADATA
# title: Administrative access to devices is asked for in named namespaces
# description: |
#   A request with `adminAccess: true` is given devices that others use, and what runs on them can be read. Monitors need that, and workloads do not.
#   This rule refuses it, in claims and templates of all versions and wherever else a claim is written, outside of the namespaces in
#   `allowedNamespaces`; without the parameter there is none. It needs no account, so that it holds in CI too.
#
#   A Namespace that is given the label by which Kubernetes lets it ask, and is not on the list, is refused as well.
#
#   Claims that Kubernetes makes of a template are in the namespace of the template, which was judged by the same list.
#
#   Not covered: who asks, which is for `claims/admin_access`.
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
import data.lib.lockgate.placed
import data.lib.lockgate.report
import data.lib.lockgate.requests
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "administrative access is asked for", request.admin, why, fix) if {
	not updates.unchanged
	not placed.namespace in namespaces
	some request in requests.requests
	not request.admin in {false, null}
	path := requests.place(request, "adminAccess")
	why := sprintf("such a request is given devices that others use; it may be asked for in: %s", [report.names(namespaces)])
	fix := sprintf("remove %s, or have the namespace %q put on the list", [paths.field(path), placed.namespace])
}

violation contains report.violation(path, "namespace is opened for administrative access", value, why, fix) if {
	some at in workloads.objects
	at.name == "/Namespace"
	not at.value.metadata.name in namespaces
	path := array.concat(at.path, ["metadata", "labels", label])
	value := at.value.metadata.labels[label]
	not value in {"", "false"} # the API server compares with "true", which a placeholder may become
	value != object.get(review.former, path, null)
	why := "every claim in it may then be given devices that others use"
	fix := "remove the label, or have the namespace put on the list"
}

label := "resource.kubernetes.io/admin-access"

namespaces := {name | some name in object.get(review.parameters, "allowedNamespaces", [])}
