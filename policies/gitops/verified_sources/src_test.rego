package lockgate.gitops.verified_sources_test

import data.lockgate.gitops.verified_sources as rule

found(judged, parameters) := {[concat(".", [sprintf("%v", [one]) | some one in violation.details.path]), split(violation.msg, " at ")[0]] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

allow := {"unverified": "allow"}

of(api_version, kind, spec) := {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, "spec": spec}

git(verify) := of("source.toolkit.fluxcd.io/v1", "GitRepository", {"url": "https://git.example.com/r", "verify": verify})

oci(verify) := of("source.toolkit.fluxcd.io/v1", "OCIRepository", {"url": "oci://r.example.com/r", "verify": verify})

identity(issuer, subject) := oci({"provider": "cosign", "matchOIDCIdentity": [{"issuer": issuer, "subject": subject}]})

github := `^https://token\.actions\.githubusercontent\.com$`

ours := `^https://github\.com/example/deploy/\.github/workflows/release\.yml@refs/tags/.*$`

anybody := "signature may be anybody's"

test_sources_without_verification if {
	found(git(null), {}) == {["spec.verify", "source is not verified"]}
	found(oci(null), {}) == {["spec.verify", "source is not verified"]}
	found(of("source.toolkit.fluxcd.io/v1", "GitRepository", {"url": "x"}), {}) == {["spec.verify", "source is not verified"]}
	found(git(null), allow) == set()
	found(of("source.toolkit.fluxcd.io/v1", "GitRepository", {"interval": "1m"}), {}) == set()
	found(of("source.toolkit.fluxcd.io/v1", "GitRepository", null), {}) == set()
}

test_charts if {
	release := of("helm.toolkit.fluxcd.io/v2", "HelmRelease", {"chart": {"spec": {"chart": "c", "sourceRef": {"kind": "HelmRepository", "name": "h"}}}})
	found(release, {}) == {["spec.chart.spec.verify", "source is not verified"]}
	found(of("source.toolkit.fluxcd.io/v1", "HelmChart", {"sourceRef": {"kind": "HelmRepository", "name": "h"}}), {}) == {["spec.verify", "source is not verified"]}
	found(of("source.toolkit.fluxcd.io/v1", "HelmChart", {"sourceRef": {"kind": "GitRepository", "name": "h"}}), {}) == set()
}

test_keys_are_enough if {
	found(git({"mode": "TagAndHEAD", "secretRef": {"name": "keys"}}), {}) == set()
	found(oci({"provider": "cosign", "secretRef": {"name": "keys"}}), {}) == set()
	found(oci({"provider": "notation", "secretRef": {"name": "keys"}}), {}) == set()
}

test_identities if {
	found(identity(github, ours), {}) == set()
	found(oci({"provider": "cosign"}), allow) == {["spec.verify", anybody]}
	found(oci({}), allow) == {["spec.verify", anybody]}
	found(oci({"provider": "cosign", "secretRef": {}}), allow) == {["spec.verify", anybody]}
	found(oci({"provider": "cosign", "matchOIDCIdentity": []}), allow) == {["spec.verify", anybody]}
	found(oci({"provider": "cosign", "matchOIDCIdentity": "x"}), allow) == {["spec.verify", anybody]}
}

test_expressions_that_strangers_meet if {
	every subject in [".*", "", "^.*$", ".+", "https://.*", `^https://github\.com/.*$`, "@gmail", "(", 7, null] {
		found(identity(github, subject), allow) == {["spec.verify.matchOIDCIdentity.0.subject", anybody]}
	}
	every issuer in [".*", "https://", "^https://.+$"] {
		found(identity(issuer, ours), allow) == {["spec.verify.matchOIDCIdentity.0.issuer", anybody]}
	}
	found(oci({"matchOIDCIdentity": [{"issuer": github}]}), allow) == {["spec.verify.matchOIDCIdentity.0.subject", anybody]}
	found(oci({"matchOIDCIdentity": [{"issuer": github, "subject": ours}, {"issuer": github, "subject": ".*"}]}), allow) == {["spec.verify.matchOIDCIdentity.1.subject", anybody]}
	found(identity(github, "${SUBJECT}"), allow) == set()
	count(found(oci({"matchOIDCIdentity": ["anybody"]}), allow)) == 2
}

test_what_flux_does_not_know if {
	found(git({"mode": "off"}), allow) == {["spec.verify.mode", "verification is not one that Flux knows"]}
	found(oci({"provider": "none"}), allow) == {["spec.verify.provider", "verification is not one that Flux knows"]}
	found(git("yes"), allow) == {["spec.verify", "verification is not one that Flux knows"]}
}

test_projects if {
	project := of("argoproj.io/v1alpha1", "AppProject", {"sourceRepos": ["a"]})
	signed := of("argoproj.io/v1alpha1", "AppProject", {"signatureKeys": [{"keyID": "4AEE18F83AFDEB23"}]})
	found(project, {}) == set()
	found(project, {"projects": "require"}) == {["spec.signatureKeys", "project accepts unsigned commits"]}
	found(signed, {"projects": "require"}) == set()
	found(of("argoproj.io/v1alpha1", "AppProject", {"signatureKeys": [{}]}), {"projects": "require"}) == {["spec.signatureKeys", "project accepts unsigned commits"]}
}

test_updates_that_change_nothing if {
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": git(null), "oldObject": git(null)}}
}
