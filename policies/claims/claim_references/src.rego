# METADATA
# title: Pods name claims that they use, in a form that the server reads
# description: |
#   An entry of a pod's `resourceClaims` must name a template or a claim in the fields that Kubernetes reads since 1.31: under `source`
#   it is dropped, and the pod is refused or starts without its device. What no container takes is allocated all the same and keeps
#   the device from others. What a container takes must be named by its pod.
#
#   A claim by name is shared: every pod of the namespace that names it uses its devices, and quota counts it once. With `namedClaims`
#   only the claims that match one of its patterns (`*` stands for any letters) may be named; without it they are not judged.
#
#   Not covered: whether the template or claim exists (`claims/dangling_references` looks it up), which may change between this pod and its
#   start: the claim is judged where it is created.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
#     description: Dynamic Resource Allocation
# custom:
#   id: LG-C010
#   severity: medium
#   external: false
#   controls:
#     - NIST SP 800-53 SC-6 (resource availability)
#   systems: [dra, kubernetes]
package lockgate.claims.claim_references

import data.lib.lockgate.pod_claims
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates

violation contains report.violation(claim.path, "claim of the pod names neither a template nor a claim", claim.name, why, fix) if {
	not updates.unchanged
	some claim in pod_claims.pod_claims
	claim.how == "nothing"
	why := "no device can be allocated for it"
	fix := "set resourceClaimTemplateName or resourceClaimName"
}

violation contains report.violation(claim.reference_path, "claim of the pod is named under `source`", claim.reference, why, fix) if {
	not updates.unchanged
	some claim in pod_claims.pod_claims
	claim.how == "source"
	why := "Kubernetes drops the field since 1.31"
	fix := sprintf("move %s up, out of source", [claim.reference_path[count(claim.reference_path) - 1]])
}

violation contains report.violation(claim.path, "claim of the pod is used by no container", claim.name, why, fix) if {
	not updates.unchanged
	not review.parameters.unused == "allow"
	some claim in pod_claims.pod_claims
	not claim.used
	why := "its devices are allocated all the same, and nobody else has them"
	fix := "take it in resources.claims of a container, or remove it"
}

violation contains report.violation(use.path, "container takes a claim that its pod does not name", use.name, why, fix) if {
	not updates.unchanged
	some use in pod_claims.uses
	not use.declared
	why := "the API server refuses the pod"
	fix := "add the claim to the pod's resourceClaims"
}

violation contains report.violation(claim.reference_path, "claim may not be shared by name", claim.reference, why, fix) if {
	not updates.unchanged
	patterns := review.parameters.namedClaims
	some claim in pod_claims.pod_claims
	names_claim(claim)
	not matches_one(claim.reference, patterns)
	why := "every pod of the namespace that names it uses the same devices, which are counted once"
	fix := "use a template, or have the name approved"
}

names_claim(claim) if claim.how == "claim"

names_claim(claim) if {
	claim.how == "source"
	claim.reference_path[count(claim.reference_path) - 1] == "resourceClaimName"
}

matches_one(name, patterns) if {
	is_string(name)
	some pattern in patterns
	glob.match(pattern, [], name)
}
