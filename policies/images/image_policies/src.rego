# METADATA
# title: Policies for images verify something, and by somebody in particular
# description: |
#   A policy that lets unsigned images run looks like a check and is none. Refused are:
#
#   - of sigstore's policy-controller, a ClusterImagePolicy with `mode: warn`, an authority `static: {action: pass}` for all images or for a whole registry, and keyless authorities without
#     an identity, with one that strangers meet (`.*`, all of GitHub), or with `insecureIgnoreSCT`;
#   - of Kyverno, a ClusterPolicy or Policy with `verifyImages` that only audits (which it does unless it says `Enforce`), that fails open (`failurePolicy: Ignore`), is not `required`, skips all images, names no
#     signer, or signers that strangers meet, or leaves out the transparency log or the timestamp of certificates (`ignoreTlog`, `ignoreSCT`); the same of an ImageValidatingPolicy without `Deny`;
#   - of Google's Binary Authorization in Config Connector's form, rules with `ALWAYS_ALLOW`, rules that only log (`DRYRUN_AUDIT_LOG_ONLY`), that ask for attestations by nobody, and patterns that
#     exempt every image (`*`, `gcr.io/**`);
#   - of Ratify, a Policy that lets everything through (`passthroughEnabled`), a Store over plain HTTP, and Verifiers that skip or only audit (`level`), or leave out the transparency log (`tLogVerify: false`).
#
#   `warnings: allow` lets be what only warns, audits or logs, for a time in which a policy is tried out. `withoutLog: allow` lets be what is verified without a transparency log, for those who sign by keys of their own
#   without one. Placeholders are left for when they are filled in. An update that leaves the spec as it was is not judged.
#
#   Not covered: whether keys are the right ones, expressions of CEL, CUE and Rego in policies, whether all images are matched by some policy, and namespaces that a webhook leaves out.
# related_resources:
#   - ref: https://docs.sigstore.dev/policy-controller/overview/
#     description: Policies of sigstore's policy-controller
#   - ref: https://kyverno.io/docs/policy-types/cluster-policy/verify-images/
#     description: Verification of images in Kyverno
#   - ref: https://cloud.google.com/binary-authorization/docs/policy-yaml-reference
#     description: Policies of Binary Authorization
# custom:
#   id: LG-I002
#   severity: high
#   external: false
#   systems: [image-registries, config-connector]
#   controls:
#     - NIST SP 800-190 4.1.5 (use of untrusted images)
#     - NIST SP 800-53 SI-7 (software integrity)
#     - SLSA build track (provenance is verified)
package lockgate.images.image_policies

import data.lib.lockgate.binary_authorization
import data.lib.lockgate.kyverno_images
import data.lib.lockgate.ratify
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.sigstore_policies
import data.lib.lockgate.updates

violation contains report.violation(hole.path, whats[hole.what], settings.shown(hole.value), whys[hole.what], hole.fix) if {
	not updates.unchanged
	some found in [sigstore_policies.holes, kyverno_images.holes, binary_authorization.holes, ratify.holes]
	some hole in found
	not accepted(hole.what)
	not settings.unknown(hole.value)
}

accepted("warns") if review.parameters.warnings == "allow"

accepted("no log") if review.parameters.withoutLog == "allow"

whats := {
	"anybody": "signature may be anybody's",
	"fails open": "images run when they cannot be verified",
	"no log": "signatures are not looked up in a log",
	"nobody": "policy names no signer",
	"passes": "policy lets every image run",
	"plain HTTP": "signatures are fetched over plain HTTP",
	"warns": "policy stops nothing",
}

whys := {
	"anybody": "everybody can have a certificate for keyless signatures, and what a stranger signs passes",
	"fails open": "whoever keeps the verifier from answering runs what was never signed",
	"no log": "a signature that was made by a stolen key or certificate leaves no trace",
	"nobody": "nothing is verified, and it looks like a check",
	"passes": "nothing is verified, and it looks like a check",
	"plain HTTP": "who stands between answers in the registry's place",
	"warns": "images that nobody signed run all the same",
}
