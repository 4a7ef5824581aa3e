# METADATA
# title: Models are signed by approved identities
# description: |
#   Each model and adapter must have a signature over exactly its bytes (OpenSSF model signing), verified, by one of `signers`: a key by its
#   identifier, or an identity with its issuer. What a signature leaves out counts: files that it ignores must be among `ignorePaths`, and a signature
#   that follows symbolic links is refused.
#
#   What is not known of a model is a violation, as `models/scanned_models` has it.
# related_resources:
#   - ref: https://github.com/sigstore/model-transparency
#     description: OpenSSF model signing
# custom:
#   id: LG-M005
#   severity: high
#   external: true
#   controls:
#     - NIST SP 800-53 SI-7 (software integrity)
#     - NIST SP 800-218 PS.2 (provenance)
#   systems: [kserve, kubernetes]
package lockgate.models.signed_models

import data.lib.lockgate.model_facts
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.workloads

violation contains unknown if some unknown in model_facts.unknown

violation contains report.violation(one.found.path, "model is not signed", one.found.text, why, fix) if {
	some one in model_facts.known
	signatures(one.answer) == []
	why := "nothing says who made these bytes"
	fix := "sign it (model_signing sign), and scan it with its signature"
}

violation contains report.violation(one.found.path, "model has no signature that counts", one.found.text, why, fix) if {
	some one in model_facts.known
	found := signatures(one.answer)
	count(found) > 0
	every signature in found {
		count(troubles(signature)) > 0
	}
	why := concat(", ", sort({trouble | some signature in found; some trouble in troubles(signature)}))
	fix := "have an approved signer sign exactly these files"
}

violation contains report.too_deep(path) if {
	some path in workloads.too_deep
}

signatures(answer) := [entry | some entry in answer.evidence; entry.kind == "signature"]

troubles(signature) := array.concat(
	array.concat(signer_trouble(signature), ignored_trouble(signature)),
	array.concat(links_trouble(signature), verified_trouble(signature)),
)

verified_trouble(signature) := [] if {
	signature.verified == true
} else := ["it is not verified"]

links_trouble(signature) := [] if {
	signature.allowSymlinks == false
} else := ["it follows symbolic links"]

ignored_trouble(signature) := [] if {
	is_array(signature.ignorePaths)
	others := {path | some path in signature.ignorePaths} - {path | some path in object.get(review.parameters, "ignorePaths", [])}
	count(others) == 0
} else := [sprintf("it ignores %s", [report.names({path | some path in signature.ignorePaths})])] if {
	is_array(signature.ignorePaths)
} else := ["it does not say what it ignores"]

signer_trouble(signature) := [] if {
	some signer in object.get(review.parameters, "signers", [])
	by(signature, signer)
} else := [sprintf("it is by %s", [who(signature)])]

by(signature, signer) if {
	is_string(signer.keyId)
	signature.keyId == signer.keyId
}

by(signature, signer) if {
	is_string(signer.identity)
	is_string(signer.issuer)
	signature.identity == signer.identity
	signature.issuer == signer.issuer
}

who(signature) := sprintf("%s of %s", [signature.identity, signature.issuer]) if {
	is_string(signature.identity)
	is_string(signature.issuer)
} else := sprintf("key %s", [signature.keyId]) if {
	is_string(signature.keyId)
} else := "nobody that it names"
