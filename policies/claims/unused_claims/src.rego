# METADATA
# title: Claims and templates are used
# description: |
#   A ResourceClaim that no pod names holds its place in a quota and is a handle on devices that nobody watches: whoever may create a pod in
#   its namespace can take it. A ResourceClaimTemplate that nothing names is the same in waiting. They are looked for among the pods and
#   workloads of the inventory, by the names in every kind of workload that is known, and a claim that is reserved is used.
#
#   The rule is for what has been there for a while: in CI, for all manifests together, and in sweeps of a cluster (`enforcementAction: warn`,
#   or the audit alone). A request of the API server is not judged, since a claim is created before the pod that uses it. Nor is a claim that
#   has an owner, which a controller made for a pod and takes away with it.
#
#   With `unusedTemplates: allow` templates are left alone, such as those that people are offered.
#
#   Lockgate does not evaluate the rule unless the inventory has Pods, Deployments, StatefulSets, Jobs and CronJobs in full, as
#   `requires-sync-data` says; what other kinds name counts where the inventory has them.
#
#   Not covered: pods in other namespaces, which cannot name the claim, and what a controller that is not known makes of its own objects, as long
#   as there is no pod of it.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
#     description: Dynamic Resource Allocation
# custom:
#   id: LG-C018
#   severity: low
#   external: false
#   controls:
#     - NIST SP 800-53 CM-8 (component inventory)
#     - FinOps (waste)
#   systems: [dra]
package lockgate.claims.unused_claims

import data.lib.lockgate.pod_claims
import data.lib.lockgate.report
import data.lib.lockgate.review

violation contains report.violation(["metadata", "name"], what, name, why, fix) if {
	review.target.kind in kinds
	startswith(review.target.apiVersion, "resource.k8s.io/")
	not allowed
	not requested
	not owned
	not reserved
	name := review.target.metadata.name
	not [review.target.kind, name] in named
	what := sprintf("no workload in namespace %s uses this %s", [namespace, review.target.kind])
	why := "it counts for quotas, and whoever creates a pod here may take it"
	fix := sprintf("remove it, or name it in spec.resourceClaims of the pod that it is for (%s)", [fields[review.target.kind]])
}

fields := {"ResourceClaim": "resourceClaimName", "ResourceClaimTemplate": "resourceClaimTemplateName"}

kinds := object.keys(fields)

allowed if {
	review.target.kind == "ResourceClaimTemplate"
	review.parameters.unusedTemplates == "allow"
}

# What somebody is about to create. Manifests, and objects of a sweep, are no requests.
requested if input.review.uid != ""

owned if count(review.target.metadata.ownerReferences) > 0

reserved if count(review.target.status.reservedFor) > 0

# Kind and name of all that the namespace's objects name.
named := {[kind, found.reference] |
	some version, holder
	some object in data.inventory.namespace[namespace][version][holder]
	some found in claims_of(object)
	is_string(found.reference)
	some kind, field in fields
	found.reference_path[count(found.reference_path) - 1] == field
}

claims_of(object) := found if found := pod_claims.pod_claims with input.review.object as object

namespace := name if {
	name := input.review.namespace
	is_string(name)
	name != ""
} else := name if {
	name := review.target.metadata.namespace
	is_string(name)
} else := "default"
