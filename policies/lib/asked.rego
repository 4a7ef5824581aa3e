# METADATA
# title: What an object asks for
# description: All that `lockgate claims` shows of one object, in one answer.
package lib.lockgate.asked

import data.lib.lockgate.charges
import data.lib.lockgate.claim_specs
import data.lib.lockgate.device_classes
import data.lib.lockgate.multiplicity
import data.lib.lockgate.pod_claims
import data.lib.lockgate.requests
import data.lib.lockgate.unreadable
import data.lib.lockgate.workloads

# METADATA
# description: |
#   `{"charges", "named", "claims", "classes", "unreadable", "undecidable"}`: the charges, the claims that pods name with the number
#   of their pods, the claims and DeviceClasses that the object is or holds, what cannot be read, and paths of texts of which pods
#   are made when a workflow runs.
asked := {
	"charges": [object.union(charge, {"selectors": selectors(charge)}) | some charge in charges.charges],
	"named": [named(claim) | some claim in pod_claims.pod_claims],
	"claims": [{"path": spec.path, "object": spec.object, "kind": spec.kind} | some spec in claim_specs.specs],
	"classes": device_classes.device_classes,
	"unreadable": [{"path": problem.path, "what": problem.what, "fix": problem.fix} | some problem in unreadable.unreadable],
	"undecidable": workloads.text_paths,
}

selectors(charge) := request.selectors if {
	some request in requests.requests
	request.path == charge.path
} else := []

# A claim of a group is one, however many pods there are.
named(claim) := {
	"path": claim.path,
	"name": claim.name,
	"template": template(claim),
	"reference": claim.reference,
	"used": claim.used,
	"pods": pods(claim),
}

template(claim) if claim.reference_path[count(claim.reference_path) - 1] == "resourceClaimTemplateName"

else := false

pods(claim) := multiplicity.at(claim.holder).peak if {
	claim.pod
} else := 1 if {
	claim.holder in pod_claims.groups
} else := multiplicity.at(claim.holder).peak
