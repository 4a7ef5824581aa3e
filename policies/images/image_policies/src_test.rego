package lockgate.images.image_policies_test

import data.lockgate.images.image_policies as rule

object_of(version, kind, spec) := {"apiVersion": version, "kind": kind, "metadata": {"name": "p"}, "spec": spec}

sigstore(spec) := object_of("policy.sigstore.dev/v1beta1", "ClusterImagePolicy", spec)

kyverno(spec) := object_of("kyverno.io/v1", "ClusterPolicy", spec)

verifying(verification) := kyverno({"validationFailureAction": "Enforce", "rules": [{"name": "r", "verifyImages": [verification]}]})

validating(spec) := object_of("policies.kyverno.io/v1", "ImageValidatingPolicy", spec)

google(spec) := object_of("binaryauthorization.cnrm.cloud.google.com/v1beta1", "BinaryAuthorizationPolicy", spec)

ratify(kind, parameters) := object_of("config.ratify.deislabs.io/v1beta1", kind, {"name": "x", "parameters": parameters})

said(judged, parameters) := {[violation.details.path, split(violation.msg, " at ")[0]] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

key := {"entries": [{"keys": {"publicKeys": "k8s://ns/key"}}]}

warns := "policy stops nothing"

anybody := "signature may be anybody's"

unlogged := "signatures are not looked up in a log"

nobody := "policy names no signer"

passes := "policy lets every image run"

open := "images run when they cannot be verified"

passing(glob) := sigstore({"images": [{"glob": "registry.example.com/ml/base"}, {"glob": glob}], "authorities": [{"key": {"data": "x"}}, {"static": {"action": "pass"}}]})

keyless_by(keyless) := sigstore({"images": [{"glob": "**"}], "authorities": [{"keyless": keyless}]})

attested_by(entry) := verifying({"attestors": [{"entries": [entry]}]})

by_cosign(value) := validating({"validationActions": ["Deny"], "attestors": [{"name": "a", "cosign": value}]})

test_sigstore_modes if {
	every mode in ["warn", "Enforce", 7] {
		said(sigstore({"mode": mode}), {}) == {[["spec", "mode"], warns]}
		said(sigstore({"mode": mode}), {"warnings": "allow"}) == set()
	}
	every mode in ["enforce", "", null, "${MODE}"] { said(sigstore({"mode": mode}), {}) == set() }
}

test_sigstore_passes if {
	every glob in ["**", "*", "*/**", "docker.io/**", "index.docker.io/*/*", "registry.example.com:5000/**"] {
		said(passing(glob), {}) == {[["spec", "authorities", 1, "static", "action"], passes]}
	}
	every glob in ["ghcr.io/sigstore/timestamp-server**", "registry.example.com/ml/**", "nginx", 7] { said(passing(glob), {}) == set() }
	said(sigstore({"images": [{"glob": "**"}], "authorities": [{"static": {"action": "fail"}}]}), {}) == set()
	every odd in [null, 7, "x", [null, 7], {}] { said(sigstore({"images": odd, "authorities": odd}), {}) == set() }
}

test_sigstore_keyless if {
	place := ["spec", "authorities", 0, "keyless"]
	named := {"issuer": "https://token.actions.githubusercontent.com", "subjectRegExp": `^https://github\.com/example/.*$`}
	said(keyless_by({"identities": [named]}), {}) == set()
	every odd in [{}, {"identities": []}, {"identities": null}, {"identities": "x"}, "x", []] {
		said(keyless_by(odd), {}) == {[array.concat(place, ["identities"]), nobody]}
	}
	said(keyless_by({"identities": [object.union(named, {"subjectRegExp": ".*"})]}), {}) == {[array.concat(place, ["identities", 0, "subjectRegExp"]), anybody]}
	said(keyless_by({"identities": [object.remove(named, ["subjectRegExp"])]}), {}) == {[array.concat(place, ["identities", 0, "subject"]), anybody]}
	said(keyless_by({"identities": [{"issuerRegExp": ".*", "subject": "a@example.com"}]}), {}) == {[array.concat(place, ["identities", 0, "issuerRegExp"]), anybody]}
	count(said(keyless_by({"identities": [null]}), {})) == 2
	said(keyless_by({"identities": [named], "insecureIgnoreSCT": true}), {}) == {[array.concat(place, ["insecureIgnoreSCT"]), unlogged]}
	said(keyless_by({"identities": [named], "insecureIgnoreSCT": true}), {"withoutLog": "allow"}) == set()
	said(keyless_by({"identities": [named], "insecureIgnoreSCT": false}), {}) == set()
}

test_kyverno_actions if {
	rules := [{"name": "r", "verifyImages": [{"imageReferences": ["*"], "attestors": [key]}]}]
	every spec in [{}, {"validationFailureAction": "Audit"}, {"validationFailureAction": "audit"}, {"validationFailureAction": 7}] {
		said(kyverno(object.union({"rules": rules}, spec)), {}) == {[["spec", "validationFailureAction"], warns]}
		said(kyverno(object.union({"rules": rules}, spec)), {"warnings": "allow"}) == set()
	}
	every action in ["Enforce", "enforce", "{{ .Values.action }}"] { said(kyverno({"validationFailureAction": action, "rules": rules}), {}) == set() }
	said(verifying({"failureAction": "Audit", "attestors": [key]}), {}) == {[["spec", "rules", 0, "verifyImages", 0, "failureAction"], warns]}
	said(kyverno({"rules": [{"name": "r", "verifyImages": [{"failureAction": "Enforce", "attestors": [key]}]}]}), {}) == set()
	said(kyverno({"rules": [{"name": "r", "validate": {"message": "x"}}]}), {}) == set()
	every odd in [null, 7, "x", [null, 7, {"verifyImages": [null]}]] { count(said(kyverno({"validationFailureAction": "Enforce", "rules": odd}), {})) == 0 }
}

test_kyverno_holes if {
	place := ["spec", "rules", 0, "verifyImages", 0]
	said(verifying({"attestors": [key], "required": false}), {}) == {[array.concat(place, ["required"]), open]}
	said(verifying({"attestors": [key], "skipImageReferences": ["registry.example.com/*", "*"]}), {}) == {[array.concat(place, ["skipImageReferences", 1]), passes]}
	every odd in [{}, {"attestors": []}, {"attestors": null}, {"key": ""}] { said(verifying(odd), {}) == {[array.concat(place, ["attestors"]), nobody]} }
	said(verifying({"key": "gcpkms://x"}), {}) == set()
	failing := object.union(verifying({"attestors": [key]}), {"spec": {"failurePolicy": "Ignore"}})
	said(failing, {}) == {[["spec", "failurePolicy"], open]}
	said(object.union(verifying({"attestors": [key]}), {"spec": {"webhookConfiguration": {"failurePolicy": "Ignore"}}}), {}) == {[["spec", "webhookConfiguration", "failurePolicy"], open]}
}

test_kyverno_signers if {
	place := ["spec", "rules", 0, "verifyImages", 0, "attestors", 0, "entries", 0]
	named := {"issuer": "https://token.actions.githubusercontent.com", "subject": "https://github.com/example/*"}
	said(attested_by({"keyless": named}), {}) == set()
	every subject in ["*", "https://github.com/*"] {
		said(attested_by({"keyless": object.union(named, {"subject": subject})}), {}) == {[array.concat(place, ["keyless", "subject"]), anybody]}
	}
	said(attested_by({"keyless": object.remove(named, ["subject"])}), {}) == {[array.concat(place, ["keyless", "subject"]), anybody]}
	said(attested_by({"keyless": {"issuer": "https://accounts.google.com", "subjectRegExp": ".+"}}), {}) == {[array.concat(place, ["keyless", "subjectRegExp"]), anybody]}
	said(attested_by({"keys": {"publicKeys": "x", "rekor": {"ignoreTlog": true}, "ctlog": {"ignoreSCT": true}}}), {}) == {
		[array.concat(place, ["keys", "rekor", "ignoreTlog"]), unlogged],
		[array.concat(place, ["keys", "ctlog", "ignoreSCT"]), unlogged],
	}
	said(attested_by({"keys": {"publicKeys": "x", "rekor": {"ignoreTlog": true}}}), {"withoutLog": "allow"}) == set()
	said(attested_by({"keys": {"publicKeys": "x", "rekor": {"ignoreTlog": false}}}), {}) == set()
	nested := attested_by({"attestor": {"entries": [{"keys": {"rekor": {"ignoreTlog": true}}}]}})
	count(said(nested, {})) == 1
	every odd in [null, 7, "x", {"keyless": 7}, {"keys": null}] { said(attested_by(odd), {}) == set() }
}

test_validating_policies if {
	place := ["spec", "attestors", 0, "cosign"]
	named := {"issuer": "https://token.actions.githubusercontent.com", "subjectRegExp": `^https://github\.com/example/.*$`}
	said(by_cosign({"keyless": {"identities": [named]}}), {}) == set()
	said(by_cosign({"keyless": {"identities": [object.union(named, {"subjectRegExp": ".*"})]}}), {}) == {[array.concat(place, ["keyless", "identities", 0, "subjectRegExp"]), anybody]}
	said(by_cosign({"keyless": {}}), {}) == {[array.concat(place, ["keyless", "identities"]), nobody]}
	said(by_cosign({"key": {"data": "x"}, "ctlog": {"insecureIgnoreTlog": true, "insecureIgnoreSCT": false}}), {}) == {[array.concat(place, ["ctlog", "insecureIgnoreTlog"]), unlogged]}
	every actions in [["Audit"], ["Warn"], [], "Audit"] { said(validating({"validationActions": actions}), {}) == {[["spec", "validationActions"], warns]} }
	said(validating({}), {}) == set()
	said(validating({"validationConfigurations": {"required": false}, "failurePolicy": "Ignore"}), {}) == {
		[["spec", "validationConfigurations", "required"], open],
		[["spec", "failurePolicy"], open],
	}
}

test_binary_authorization if {
	attested := {"evaluationMode": "REQUIRE_ATTESTATION", "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG", "requireAttestationsBy": [{"name": "a"}]}
	said(google({"defaultAdmissionRule": attested}), {}) == set()
	said(google({"defaultAdmissionRule": object.union(attested, {"evaluationMode": "ALWAYS_ALLOW"})}), {}) == {[["spec", "defaultAdmissionRule", "evaluationMode"], passes]}
	dry := object.union(attested, {"enforcementMode": "DRYRUN_AUDIT_LOG_ONLY"})
	said(google({"clusterAdmissionRules": {"us-west1-a.c": dry}}), {}) == {[["spec", "clusterAdmissionRules", "us-west1-a.c", "enforcementMode"], warns]}
	said(google({"clusterAdmissionRules": {"us-west1-a.c": dry}}), {"warnings": "allow"}) == set()
	every odd in [null, [], [null], "x"] {
		said(google({"kubernetesNamespaceAdmissionRules": {"n": object.union(attested, {"requireAttestationsBy": odd})}}), {}) == {[["spec", "kubernetesNamespaceAdmissionRules", "n", "requireAttestationsBy"], nobody]}
	}
	every pattern in ["*", "**", "gcr.io/**"] {
		said(google({"admissionWhitelistPatterns": [{"namePattern": "gcr.io/*"}, {"namePattern": pattern}]}), {}) == {[["spec", "admissionWhitelistPatterns", 1, "namePattern"], passes]}
	}
	every odd in [null, 7, "x", [null], {}] { said(google({"admissionWhitelistPatterns": odd, "defaultAdmissionRule": odd, "clusterAdmissionRules": odd}), {}) == set() }
}

test_ratify if {
	said(ratify("Policy", {"passthroughEnabled": true}), {}) == {[["spec", "parameters", "passthroughEnabled"], passes]}
	said(ratify("Policy", {"passthroughEnabled": false}), {}) == set()
	said(ratify("NamespacedStore", {"useHttp": true}), {}) == {[["spec", "parameters", "useHttp"], "signatures are fetched over plain HTTP"]}
	said(ratify("Verifier", {"trustPolicies": [{"tLogVerify": false}, {"tLogVerify": true}, {}, null]}), {}) == {[["spec", "parameters", "trustPolicies", 0, "tLogVerify"], unlogged]}
	every level in ["skip", "audit"] {
		said(ratify("Verifier", {"trustPolicyDoc": {"trustPolicies": [{"signatureVerification": {"level": level}}]}}), {}) == {[["spec", "parameters", "trustPolicyDoc", "trustPolicies", 0, "signatureVerification", "level"], warns]}
	}
	said(ratify("Verifier", {"trustPolicyDoc": {"trustPolicies": [{"signatureVerification": {"level": "strict"}}]}}), {}) == set()
	every odd in [null, 7, "x", []] { said(ratify("Verifier", odd), {}) == set() }
	said(object_of("rbac.authorization.k8s.io/v1", "Policy", {"parameters": {"passthroughEnabled": true}}), {}) == set()
}

test_an_update_that_leaves_it if {
	old := sigstore({"mode": "warn"})
	new := object.union(old, {"metadata": {"finalizers": ["example.com/x"]}})
	rule.violation == set() with input as {"review": {"operation": "UPDATE", "object": new, "oldObject": old}, "parameters": {}}
}
