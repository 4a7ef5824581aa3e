# METADATA
# title: Claims, templates and DeviceClasses that are named exist
# description: |
#   A pod whose ResourceClaim or ResourceClaimTemplate does not exist stays pending, and so does one whose claim asks for a DeviceClass that
#   does not exist; nobody says so when it is created. Whoever may create what is missing later decides which devices it is given.
#   The names are looked up in the inventory: those of pods' claims in every kind of workload, and DeviceClasses in requests of all shapes
#   and versions. With `unknownClasses: allow` classes are not looked up.
#
#   Lockgate does not evaluate the rule unless the inventory has ResourceClaims, ResourceClaimTemplates and DeviceClasses in full, as
#   `requires-sync-data` says. Gatekeeper has to sync them, and knows what was created a moment ago only a moment later: let the
#   constraint warn in a cluster where manifests are applied together. An update that leaves what is asked for as it was is not judged:
#   a template may go when its pods run.
#
#   Not covered: whether what exists is what was meant, which is judged where it is created, and extended resources, of which a device
#   plugin may serve those that no DeviceClass does.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
#     description: Dynamic Resource Allocation
# custom:
#   id: LG-C016
#   severity: low
#   external: false
#   controls:
#     - NIST SP 800-53 SC-6 (resource availability)
#   systems: [dra]
package lockgate.claims.dangling_references

import data.lib.lockgate.claims
import data.lib.lockgate.pod_claims
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates

violation contains report.violation(claim.reference_path, what, claim.reference, why, fix) if {
	not updates.unchanged
	some claim in pod_claims.pod_claims
	is_string(claim.reference)
	kind := kinds[claim.reference_path[count(claim.reference_path) - 1]]
	not claim.reference in known[kind]
	what := sprintf("%s does not exist in namespace %s", [kind, namespace])
	why := "the pod waits for it, and is given what it will be"
	fix := sprintf("create the %s first, or correct the name", [kind])
}

violation contains report.violation(asked.path, "DeviceClass does not exist", asked.class, why, fix) if {
	not updates.unchanged
	not review.parameters.unknownClasses == "allow"
	some asked in claims.classes
	is_string(asked.class)
	not asked.class in known.DeviceClass
	why := "no device can be allocated, until somebody creates a class of this name"
	fix := "create the DeviceClass first, or correct the name"
}

kinds := {"resourceClaimName": "ResourceClaim", "resourceClaimTemplateName": "ResourceClaimTemplate"}

# By kind the names that there are. Each version that is served shows all objects.
known := {
	"DeviceClass": {name |
		some version, name
		data.inventory.cluster[version].DeviceClass[name]
		startswith(version, "resource.k8s.io/")
	},
	"ResourceClaim": {name |
		some version, name
		data.inventory.namespace[namespace][version].ResourceClaim[name]
		startswith(version, "resource.k8s.io/")
	},
	"ResourceClaimTemplate": {name |
		some version, name
		data.inventory.namespace[namespace][version].ResourceClaimTemplate[name]
		startswith(version, "resource.k8s.io/")
	},
}

namespace := name if {
	name := input.review.namespace
	is_string(name)
	name != ""
} else := name if {
	name := review.target.metadata.namespace
	is_string(name)
} else := "default"
