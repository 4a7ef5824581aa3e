# METADATA
# title: Selectors of device requests are approved, whole
# description: |
#   The selectors of a request say which devices of its class it takes. A class that reaches devices of several products or drivers lets a
#   request choose among them, and quota by class counts none of it. Each expression must be one of `allowed`, compared whole but for
#   spaces around it: what an expression reaches cannot be told by looking for words in it, since `||`, macros and strings hide
#   anything. An expression in a class of its own (`claims/pinned_device_classes`) needs no request's selector.
#
#   Requests without selectors take any device of their class and are allowed; with `none: refuse` they are not.
#
#   Not covered: which devices an approved expression reaches, which the slices of the cluster decide, and selectors of DeviceClasses.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
#     description: Dynamic Resource Allocation
# custom:
#   id: LG-C014
#   severity: medium
#   external: false
#   controls:
#     - NIST SP 800-53 CM-7 (least functionality)
#   systems: [dra, kserve]
package lockgate.claims.approved_selectors

import data.lib.lockgate.report
import data.lib.lockgate.requests
import data.lib.lockgate.review
import data.lib.lockgate.unreadable
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "selector is not approved", expression, why, fix) if {
	not updates.unchanged
	some request in requests.requests
	some i, selector in request.selectors
	expression := selector.cel.expression
	not is_allowed(expression)
	path := array.concat(requests.place(request, "selectors"), place(request, i))
	why := "which devices it takes cannot be told from its text"
	fix := "use an approved expression, or have this one approved"
}

violation contains report.violation(path, "request has no selector", "none", why, fix) if {
	not updates.unchanged
	review.parameters.none == "refuse"
	some request in requests.requests
	request.selectors == []
	path := requests.place(request, "selectors")
	why := "it takes any device of its class"
	fix := "add a selector with an approved expression"
}

violation contains report.violation(path, problem.what, workloads.value_at(path), why, problem.fix) if {
	not updates.unchanged
	some problem in unreadable.unreadable
	path := problem.path
	why := "what it selects cannot be told"
}

# An annotation has one selector, as text.
place(request, i) := [i, "cel", "expression"] if {
	request.how != "annotation"
} else := []

is_allowed(expression) if {
	is_string(expression)
	trim_space(expression) in {trim_space(text) | some text in object.get(review.parameters, "allowed", [])}
}
