# METADATA
# title: Sources are verified, and by somebody in particular
# description: |
#   Flux can compare the signature of a source before it applies anything: commits and tags of git by PGP or SSH keys, artefacts and charts of OCI by
#   cosign or notation. Without that, whoever may push, or take over the registry, is trusted. A signature that anybody can make is worse: it looks like a check.
#
#   Refused are keyless verifications by cosign that name no identity (`matchOIDCIdentity`), or one whose issuer or subject a stranger meets: an
#   expression such as `.*`, or all of GitHub (`^https://github\.com/.*$`). Expressions are tried with names that nobody has. A `mode` or `provider`
#   that Flux does not know is refused too.
#
#   `unverified` says whether a source may have no `verify` at all: `refuse`, the default, or `allow`. It is asked of GitRepositories, OCIRepositories,
#   and HelmCharts and HelmReleases whose chart comes from a HelmRepository. `projects: require` asks for `signatureKeys` of Argo CD's AppProjects.
#
#   Not covered: whether the keys are the right ones, an expression without `^` and `$` that a longer name meets, Buckets and charts of plain
#   HTTPS repositories, which cannot be verified (they count as unverified), and Config Sync, which does not verify.
# related_resources:
#   - ref: https://fluxcd.io/flux/components/source/ocirepositories/#verification
#     description: Verification of OCIRepositories in Flux
#   - ref: https://argo-cd.readthedocs.io/en/stable/user-guide/gpg-verification/
#     description: Verification of signatures by Argo CD
# custom:
#   id: LG-G003
#   severity: high
#   external: false
#   systems: [fluxcd, argo-cd]
#   controls:
#     - NIST SP 800-53 SI-7 (software integrity)
#     - SLSA build track (provenance is verified)
package lockgate.gitops.verified_sources

import data.lib.lockgate.gitops
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.signers
import data.lib.lockgate.updates

violation contains report.violation(source.path, "source is not verified", source.kind, why, fix) if {
	not updates.unchanged
	object.get(review.parameters, "unverified", "refuse") != "allow"
	some source in sources
	object.get(source.value, "verify", null) == null
	why := "whoever may push to it, or takes its place, decides what runs"
	fix := source.fix
}

violation contains report.violation(path, "signature may be anybody's", shown, why, fix) if {
	not updates.unchanged
	some source in sources
	some [path, shown] in anybody(source)
	why := "everybody can have a certificate for keyless signatures, and what a stranger signs passes"
	fix := "name the issuer and the subject of your release workflow in matchOIDCIdentity, between ^ and $"
}

violation contains report.violation(path, "verification is not one that Flux knows", value, why, fix) if {
	not updates.unchanged
	some source in sources
	some [path, value, fix] in unknown(source)
	why := "it is refused, or nothing is verified"
}

violation contains report.violation(path, "project accepts unsigned commits", "no keys", why, fix) if {
	not updates.unchanged
	object.get(review.parameters, "projects", "ignore") == "require"
	some at in gitops.named("argoproj.io/AppProject")
	not some_key(at.value)
	path := gitops.below(at, ["spec", "signatureKeys"])
	why := "whoever may push to a repository of the project decides what runs"
	fix := "list the keyID of those who may sign in spec.signatureKeys"
}

some_key(project) if {
	some key in project.spec.signatureKeys
	is_string(key.keyID)
	key.keyID != ""
}

# `{"path", "kind", "value", "oci", "fix"}`: what may have a `verify`; `path` leads there and `value` holds it.
sources := array.concat(repositories, charts)

repositories := array.concat(
	[{"path": gitops.below(at, ["spec", "verify"]), "kind": "GitRepository", "value": at.value.spec, "oci": false, "fix": "set verify.mode to TagAndHEAD and name the Secret with the public keys in verify.secretRef"} |
		some at in gitops.named("source.toolkit.fluxcd.io/GitRepository")
		is_object(at.value.spec)
		not gitops.is_part(at, ["spec", "url"])
	],
	[{"path": gitops.below(at, ["spec", "verify"]), "kind": "OCIRepository", "value": at.value.spec, "oci": true, "fix": cosign} |
		some at in gitops.named("source.toolkit.fluxcd.io/OCIRepository")
		is_object(at.value.spec)
		not gitops.is_part(at, ["spec", "url"])
	],
)

cosign := "set verify.provider to cosign and name the public key in verify.secretRef, or the signer in matchOIDCIdentity"

charts := array.concat(
	[{"path": gitops.below(at, ["spec", "chart", "spec", "verify"]), "kind": "HelmRelease", "value": chart, "oci": true, "fix": cosign} |
		some at in gitops.named("helm.toolkit.fluxcd.io/HelmRelease")
		chart := at.value.spec.chart.spec
		chart.sourceRef.kind == "HelmRepository"
	],
	[{"path": gitops.below(at, ["spec", "verify"]), "kind": "HelmChart", "value": at.value.spec, "oci": true, "fix": cosign} |
		some at in gitops.named("source.toolkit.fluxcd.io/HelmChart")
		at.value.spec.sourceRef.kind == "HelmRepository"
	],
)

# Cosign is the provider where none is given, and goes by certificates where no key is given.
keyless(source) if {
	source.oci
	verify := source.value.verify
	is_object(verify)
	provider := object.get(verify, "provider", "cosign")
	provider == "cosign"
	not names_secret(verify)
}

names_secret(verify) if {
	is_string(verify.secretRef.name)
	verify.secretRef.name != ""
}

anybody(source) := [[source.path, "no matchOIDCIdentity"]] if {
	keyless(source)
	count(identities(source)) == 0
} else := [[array.concat(source.path, ["matchOIDCIdentity", i, name]), shown(expression)] |
	some i, _ in identities(source)
	some name in ["issuer", "subject"]
	expression := object.get(source.value.verify, ["matchOIDCIdentity", i, name], "")
	signers.met_by_strangers(name, expression)
] if {
	keyless(source)
} else := []

shown("") := "nothing"

shown(text) := text if text != ""

identities(source) := source.value.verify.matchOIDCIdentity if {
	is_array(source.value.verify.matchOIDCIdentity)
} else := []

unknown(source) := [] if {
	object.get(source.value, "verify", null) == null
} else := [[source.path, source.value.verify, "write verify as an object"]] if {
	not is_object(source.value.verify)
} else := [[array.concat(source.path, ["mode"]), mode, "set mode to HEAD, Tag or TagAndHEAD"]] if {
	not source.oci
	mode := object.get(source.value.verify, "mode", "HEAD")
	not mode in {"HEAD", "Tag", "TagAndHEAD", "head"}
} else := [[array.concat(source.path, ["provider"]), provider, "set provider to cosign or notation"]] if {
	source.oci
	provider := object.get(source.value.verify, "provider", "cosign")
	not provider in {"cosign", "notation"}
} else := []
