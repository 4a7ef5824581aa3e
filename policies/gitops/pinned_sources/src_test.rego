package lockgate.gitops.pinned_sources_test

import data.lockgate.gitops.pinned_sources as rule

commit := "0123456789abcdef0123456789abcdef01234567"

digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

found(judged, parameters) := {concat(".", [sprintf("%v", [one]) | some one in violation.details.path]) |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

quiet(judged) if found(judged, {}) == set()

of(api_version, kind, spec) := {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, "spec": spec}

app(source) := of("argoproj.io/v1alpha1", "Application", {"source": object.union({"repoURL": "https://git.example.com/r"}, source)})

moving := ["HEAD", "main", "", null, "refs/heads/main", "release-1.2", "1.*", ">=1.0.0", "*", "v1.x", "0123abc", 7, {}, ["v1.2.3"], "sha256:abc"]

test_revisions_that_move if {
	every revision in moving {
		found(app({"targetRevision": revision}), {}) == {"spec.source.targetRevision"}
	}
	found(app({}), {}) == {"spec.source.targetRevision"}
}

test_revisions_that_are_pinned if {
	every revision in [commit, "v1.2.3", "1.2.3", "refs/tags/anything", "serving-v1.2.3", "v1.2.3-rc.1", digest, "{{revision}}", "${REVISION}"] {
		quiet(app({"targetRevision": revision}))
	}
}

test_only_commits_are_accepted_where_that_is_said if {
	given := {"accept": ["commit"]}
	found(app({"targetRevision": "v1.2.3"}), given) == {"spec.source.targetRevision"}
	found(app({"targetRevision": commit}), given) == set()
	found(app({"targetRevision": commit}), {"accept": []}) == {"spec.source.targetRevision"}
}

test_charts_are_another_rules if quiet(app({"chart": "serving", "targetRevision": "*"}))

test_several_sources_and_hydrators if {
	several := of("argoproj.io/v1alpha1", "Application", {
		"sources": [{"repoURL": "a", "targetRevision": commit}, {"repoURL": "b"}, "odd", {"ref": "values"}],
		"sourceHydrator": {"drySource": {"repoURL": "c", "targetRevision": "main"}},
	})
	found(several, {}) == {"spec.sources.1.targetRevision", "spec.sourceHydrator.drySource.targetRevision"}
}

test_applicationsets if {
	set_of := of("argoproj.io/v1alpha1", "ApplicationSet", {
		"generators": [
			{"git": {"repoURL": "r", "revision": "HEAD"}},
			{"matrix": {"generators": [{"git": {"repoURL": "r"}}, {"git": {"repoURL": "r", "revision": commit}}]}},
			{"list": {"elements": [], "template": {"spec": {"source": {"repoURL": "r", "targetRevision": "main"}}}}},
			{"list": {"elements": [], "template": {"spec": {"source": {"repoURL": "r"}}}}},
		],
		"template": {"spec": {"source": {"repoURL": "r", "targetRevision": "{{revision}}"}}},
	})
	found(set_of, {}) == {
		"spec.generators.0.git.revision", "spec.generators.1.matrix.generators.0.git.revision",
		"spec.generators.2.list.template.spec.source.targetRevision",
	}
}

test_values_by_url if {
	found(app({"targetRevision": commit, "helm": {"valueFiles": ["values.yaml", "https://example.com/v.yaml", "secrets://x", "$values/a", "${URL}", 7]}}), {}) == {
		"spec.source.helm.valueFiles.1", "spec.source.helm.valueFiles.2",
	}
}

git_repository(ref) := of("source.toolkit.fluxcd.io/v1", "GitRepository", {"url": "https://git.example.com/r", "ref": ref})

oci_repository(ref) := of("source.toolkit.fluxcd.io/v1", "OCIRepository", {"url": "oci://r.example.com/r", "ref": ref})

test_flux_goes_by_one_of_the_fields if {
	found(git_repository({"branch": "main"}), {}) == {"spec.ref.branch"}
	found(git_repository({"semver": ">=1.0.0", "tag": "v1.0.0"}), {}) == {"spec.ref.semver"}
	found(git_repository({"name": "refs/heads/main", "tag": "v1.0.0"}), {}) == {"spec.ref.name"}
	found(git_repository({}), {}) == {"spec.ref.commit"}
	found(git_repository("main"), {}) == {"spec.ref.commit"}
	found(git_repository({"branch": "main", "commit": "c88a2f41"}), {}) == {"spec.ref.commit"}
	quiet(git_repository({"branch": "main", "commit": commit}))
	quiet(git_repository({"tag": "v1.0.0", "branch": "main"}))
	quiet(git_repository({"semver": "6.3.5"}))
	quiet(of("source.toolkit.fluxcd.io/v1", "GitRepository", {"interval": "1m"}))
	found(oci_repository({"tag": "latest"}), {}) == {"spec.ref.tag"}
	found(oci_repository({}), {}) == {"spec.ref.digest"}
	found(oci_repository({"semver": "6.x"}), {}) == {"spec.ref.semver"}
	quiet(oci_repository({"tag": "latest", "digest": digest}))
	found(oci_repository({"tag": "6.3.5"}), {"accept": ["commit"]}) == {"spec.ref.tag"}
}

sync(spec) := of("configsync.gke.io/v1beta1", "RootSync", spec)

test_config_sync if {
	found(sync({"git": {"repo": "r", "branch": "main"}}), {}) == {"spec.git.revision"}
	found(sync({"git": {"repo": "r"}}), {}) == {"spec.git.revision"}
	found(sync({"git": {"repo": "r", "branch": "main", "revision": "HEAD"}}), {}) == {"spec.git.revision"}
	quiet(sync({"git": {"repo": "r", "branch": "main", "revision": commit}}))
	quiet(sync({"git": {"repo": "r", "branch": "main", "revision": "v1.2.3"}}))
	found(sync({"oci": {"image": "r.example.com/config"}}), {}) == {"spec.oci.image"}
	found(sync({"oci": {"image": "r.example.com/config:prod"}}), {}) == {"spec.oci.image"}
	found(sync({"oci": {"image": "not valid"}}), {}) == {"spec.oci.image"}
	found(sync({"oci": {}}), {}) == {"spec.oci.image"}
	quiet(sync({"oci": {"image": concat("@", ["r.example.com/config", digest])}}))
	quiet(sync({"oci": {"image": "r.example.com/config:v1.2.3"}}))
	quiet(sync({"oci": {"image": "${IMAGE}"}}))
	quiet(of("configsync.gke.io/v1beta1", "RepoSync", {"helm": {"chart": "c"}}))
}

kptfile(ref, lock) := {
	"apiVersion": "kpt.dev/v1", "kind": "Kptfile", "metadata": {"name": "p"},
	"upstream": {"type": "git", "git": {"repo": "r", "directory": "/", "ref": ref}}, "upstreamLock": {"git": {"commit": lock}},
}

test_kpt if {
	found(kptfile("main", ""), {}) == {"upstream.git.ref"}
	found(kptfile("main", "abc"), {}) == {"upstream.git.ref"}
	found(kptfile(null, null), {}) == {"upstream.git.ref"}
	quiet(kptfile("main", commit))
	quiet(kptfile("v0.1.0", ""))
	quiet({"apiVersion": "kpt.dev/v1", "kind": "Kptfile", "metadata": {"name": "p"}, "pipeline": {}})
}

test_odd_shapes_raise_nothing if {
	every spec in [null, "", [], {"source": []}, {"sources": {}}, {"source": "x", "sources": "y"}] {
		quiet(of("argoproj.io/v1alpha1", "Application", spec))
	}
	every spec in [null, "", [], {"git": "x"}, {"oci": []}] {
		quiet(sync(spec))
	}
}

test_what_controllers_write_goes_on if {
	old := app({"targetRevision": "main"})
	new := object.union(old, {"status": {"sync": {"revision": commit}}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": new, "oldObject": old}}
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": app({"targetRevision": "dev"}), "oldObject": old}}
}

test_the_message if {
	messages := {violation.msg | some violation in rule.violation with input as {"review": {"object": app({"targetRevision": "main"})}}}
	messages == {concat("", [
		"source is not pinned at spec.source.targetRevision (main); what it names moves, and what it brings runs without a change here; ",
		"fix: set targetRevision to the commit of 40 hex digits that was reviewed",
	])}
}
