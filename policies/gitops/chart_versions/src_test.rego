package lockgate.gitops.chart_versions_test

import data.lockgate.gitops.chart_versions as rule

found(judged) := {concat(".", [sprintf("%v", [one]) | some one in violation.details.path]) |
	some violation in rule.violation with input as {"review": {"object": judged}}
}

of(api_version, kind, spec) := {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, "spec": spec}

release(chart) := of("helm.toolkit.fluxcd.io/v2", "HelmRelease", {"chart": {"spec": chart}})

moving := ["*", "", null, "6.x", ">=1.0.0", "~1.2", "^1.2.3", "1.2", "latest", 1.2, ">=1.0.0 <2.0.0", {}]

test_versions if {
	every version in moving {
		found(release({"chart": "c", "version": version})) == {"spec.chart.spec.version"}
	}
	every version in ["1.2.3", "v1.2.3", "1.2.3-rc.1+b", "${VERSION}", "{{version}}", sprintf("sha256:%s", ["0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"])] {
		found(release({"chart": "c", "version": version})) == set()
	}
	found(release({"chart": "c"})) == {"spec.chart.spec.version"}
}

test_parts_and_charts_in_sources if {
	found(release({})) == set()
	found(release({"version": ">=1.0.0"})) == {"spec.chart.spec.version"}
	found(release({"chart": "./charts/c", "sourceRef": {"kind": "GitRepository"}})) == set()
	found(of("helm.toolkit.fluxcd.io/v2", "HelmRelease", {"chartRef": {"kind": "OCIRepository", "name": "c"}})) == set()
	found(of("source.toolkit.fluxcd.io/v1", "HelmChart", {"chart": "c", "version": "5.*", "sourceRef": {"kind": "HelmRepository"}})) == {"spec.version"}
	found(of("source.toolkit.fluxcd.io/v1", "HelmChart", {"chart": "c", "sourceRef": {"kind": "Bucket"}})) == set()
}

test_argo_cd if {
	found(of("argoproj.io/v1alpha1", "Application", {"source": {"repoURL": "r", "chart": "c", "targetRevision": "1.*"}})) == {"spec.source.targetRevision"}
	found(of("argoproj.io/v1alpha1", "Application", {"sources": [{"repoURL": "r", "chart": "c", "targetRevision": "1.2.3"}, {"repoURL": "r", "chart": "c"}]})) == {"spec.sources.1.targetRevision"}
	found(of("argoproj.io/v1alpha1", "Application", {"source": {"repoURL": "r", "targetRevision": "main"}})) == set()
}

test_kustomize_and_config_sync if {
	found({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "helmCharts": [{"name": "c", "repo": "r"}, {"name": "local"}, "odd"]}) == {"helmCharts.0.version"}
	found(of("configsync.gke.io/v1beta1", "RootSync", {"helm": {"repo": "r", "chart": "c"}})) == {"spec.helm.version"}
	found(of("configsync.gke.io/v1beta1", "RootSync", {"helm": {"repo": "r", "chart": "c", "version": "1.2.3"}})) == set()
}

test_updates_that_change_nothing if {
	judged := release({"chart": "c"})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}}
}
