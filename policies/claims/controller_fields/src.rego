# METADATA
# title: Only controllers write what controllers trust
# description: |
#   Kubernetes trusts some marks on a ResourceClaim: the annotation `resource.kubernetes.io/extended-resource-claim` keeps a claim out of
#   quota, `resource.kubernetes.io/pod-claim-name` and an owner of kind Pod say which pod it was made for, and its status says which
#   devices are allocated. Who writes them by hand takes devices past quota, or somebody else's. They may be written by the accounts in
#   `controllers` (the scheduler and the claims' controller by default) and, in the status of devices, by `drivers`.
#
#   An update is judged by what it changes. In CI the account is not known unless it is given (`--user`).
#
#   Not covered: what RBAC should keep from others to begin with: `resourceclaims/status`, `resourceclaims/binding`. Gatekeeper is not
#   sent status by default; add `resourceclaims/status` to the rules of its webhook.
# related_resources:
#   - ref: https://github.com/kubernetes/kubernetes/issues/135404
#     description: kubernetes/kubernetes#135404
#   - ref: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
#     description: Dynamic Resource Allocation
# custom:
#   id: LG-C006
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 AC-6 (least privilege)
#   systems: [dra]
package lockgate.claims.controller_fields

import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.requester
import data.lib.lockgate.review
import data.lib.lockgate.workloads

violation contains report.violation(path, "annotation is for controllers to write", value, why, fix) if {
	not by_controller
	some holder in metadata
	some name in trusted_annotations
	path := array.concat(holder, ["annotations", name])
	value := workloads.value_at(path)
	value != null
	changed(path)
	why := sprintf("quota and controllers trust it, and %s is none", [requester.user])
	fix := sprintf("remove the annotation %s", [name])
}

violation contains report.violation(path, "claim names a pod as its owner", owner, why, fix) if {
	not by_controller
	some at in claims
	list := array.concat(at, ["metadata", "ownerReferences"])
	some i, reference in workloads.children(list)
	reference.kind in {"Pod", "PodGroup"}
	changed(list)
	path := array.concat(list, [i])
	owner := sprintf("%v %v", [reference.kind, object.get(reference, "name", "")])
	why := sprintf("it would count as made for that pod, and %s makes none", [requester.user])
	fix := "remove the owner reference"
}

violation contains report.violation(path, "status of a claim is for controllers to write", field, why, fix) if {
	not by_controller
	some at in claims
	status := array.concat(at, ["status"])
	some field, _ in workloads.children(status)
	not by_driver(field)
	path := array.concat(status, [field])
	changed(path)
	why := sprintf("it says which devices are given to whom, and %s does not give any", [requester.user])
	fix := sprintf("remove %s", [paths.field(path)])
}

claims := [at.path | some at in workloads.objects; at.name == "resource.k8s.io/ResourceClaim"]

templates := [at.path | some at in workloads.objects; at.name == "resource.k8s.io/ResourceClaimTemplate"]

# Of claims, and of what they will have from a template.
metadata := array.concat(
	[array.concat(path, ["metadata"]) | some path in claims],
	[array.concat(path, ["spec", "metadata"]) | some path in templates],
)

trusted_annotations := {"resource.kubernetes.io/extended-resource-claim", "resource.kubernetes.io/pod-claim-name"}

# What was there before is not this request's.
changed(path) if object.get(review.former, path, null) != workloads.value_at(path)

by_controller if requester.user in controllers

by_driver(field) if {
	field == "devices"
	requester.user in {name | some name in object.get(review.parameters, "drivers", [])}
}

controllers := {name | some name in object.get(review.parameters, "controllers", [
	"system:kube-controller-manager", "system:kube-scheduler",
	"system:serviceaccount:kube-system:generic-garbage-collector",
	"system:serviceaccount:kube-system:resource-claim-controller",
])}
