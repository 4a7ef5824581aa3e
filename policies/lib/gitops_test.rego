package lib.lockgate.gitops_test

import data.lib.lockgate.gitops

test_revisions if {
	commit := "0123456789abcdef0123456789abcdef01234567"
	gitops.revision_pin(commit) == "content"
	gitops.revision_pin("sha256:0") == "content"
	gitops.revision_pin("{{revision}}") == "unknown"
	every text in ["main", "HEAD", "v1.2.3", "", "0123abc"] {
		gitops.revision_pin(text) == "moving"
	}
}

test_releases if {
	every text in ["v1.2.3", "1.2", "1.2.3-rc.1+b", "refs/tags/x", "chart-v1.2.3", "a/b/1.2.3"] {
		gitops.names_release(text)
	}
	every text in ["main", "release-1.2", "1.x", "v1", ">=1.2.3", "refs/heads/v1.2.3x", ""] {
		not gitops.names_release(text)
	}
}

test_charts if {
	every text in ["1.2.3", "v1.2.3", "1.2.3-rc.1"] {
		gitops.chart_pin(text) == "version"
	}
	every text in ["*", "", "1.x", "^1.2.3", ">=1.0.0 <2.0.0", "1.2"] {
		gitops.chart_pin(text) == "moving"
	}
	gitops.chart_pin("${VERSION}") == "unknown"
}

judged := {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": "a"}, "spec": {
	"generators": [{"matrix": {"generators": [
		{"git": {"repoURL": "r"}},
		{"list": {"template": {"spec": {"source": {"repoURL": "s"}}}}},
	]}}],
	"template": {"spec": {"sources": [{"repoURL": "t"}, "odd"], "sourceHydrator": {"drySource": {"repoURL": "u"}}}},
}}

test_sets_of_applications if {
	[source.value.repoURL | some source in gitops.argo_sources] == ["t", "u"] with input as {"review": {"object": judged}}
	[spec.path | some spec in gitops.override_specs] == [["spec", "generators", 0, "matrix", "generators", 1, "list", "template", "spec"]] with input as {"review": {"object": judged}}
	[found.path | some found in gitops.git_generators] == [["spec", "generators", 0, "matrix", "generators", 0, "git"]] with input as {"review": {"object": judged}}
}

test_parts_of_objects if {
	gitops.is_part({"value": {"spec": {}}}, ["spec", "url"])
	not gitops.is_part({"value": {"spec": {"url": "x"}}}, ["spec", "url"])
}
