package lockgate.gitops.insecure_sources_test

import data.lockgate.gitops.insecure_sources as rule

found(judged, parameters) := {concat(".", [sprintf("%v", [one]) | some one in violation.details.path]) |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

quiet(judged) if found(judged, {}) == set()

of(api_version, kind, spec) := {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, "spec": spec}

flux(kind, spec) := of("source.toolkit.fluxcd.io/v1", kind, spec)

app(source) := of("argoproj.io/v1alpha1", "Application", {"source": source})

test_plain_urls if {
	found(app({"repoURL": "http://git.example.com/r"}), {}) == {"spec.source.repoURL"}
	found(app({"repoURL": "HTTP://git.example.com/r"}), {}) == {"spec.source.repoURL"}
	found(app({"repoURL": " git://git.example.com/r"}), {}) == {"spec.source.repoURL"}
	every url in ["https://git.example.com/r", "ssh://git@git.example.com/r", "git@git.example.com:r.git", "oci://r.example.com/r", "{{url}}", 7, null] {
		quiet(app({"repoURL": url}))
	}
	found(flux("GitRepository", {"url": "http://git.example.com/r"}), {}) == {"spec.url"}
	found(flux("HelmRepository", {"url": "http://charts.example.com"}), {}) == {"spec.url"}
	found(of("configsync.gke.io/v1beta1", "RepoSync", {"git": {"repo": "http://g.example.com"}, "helm": {"repo": "http://h.example.com"}}), {}) == {"spec.git.repo", "spec.helm.repo"}
	found({"apiVersion": "kpt.dev/v1", "kind": "Kptfile", "upstream": {"git": {"repo": "git://g.example.com"}}}, {}) == {"upstream.git.repo"}
	found({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "helmCharts": [{"repo": "https://a"}, {"repo": "http://b.example.com"}]}, {}) == {"helmCharts.1.repo"}
	found(of("argoproj.io/v1alpha1", "AppProject", {"sourceRepos": ["*", "http://git.example.com/*"]}), {}) == {"spec.sourceRepos.1"}
}

test_sets_of_applications if {
	found(
		of("argoproj.io/v1alpha1", "ApplicationSet", {
			"generators": [{"git": {"repoURL": "http://git.example.com/r"}}],
			"template": {"spec": {"sources": [{"repoURL": "http://git.example.com/r"}]}},
		}),
		{},
	) == {"spec.generators.0.git.repoURL", "spec.template.spec.sources.0.repoURL"}
}

test_switches_of_flux if {
	every kind in ["Bucket", "HelmRepository", "OCIRepository"] {
		found(flux(kind, {"insecure": true}), {}) == {"spec.insecure"}
		quiet(flux(kind, {"insecure": false}))
		quiet(flux(kind, {"insecure": null}))
		quiet(flux(kind, {}))
	}
	found(of("image.toolkit.fluxcd.io/v1", "ImageRepository", {"image": "r.example.com/a", "insecure": true}), {}) == {"spec.insecure"}
	found(flux("HelmRepository", {"url": "https://c.example.com", "passCredentials": true}), {}) == {"spec.passCredentials"}
}

test_odd_switches_are_not_known_to_be_off if {
	every value in ["true", "TRUE", 1, {}, []] {
		found(flux("OCIRepository", {"insecure": value}), {}) == {"spec.insecure"}
	}
	quiet(flux("OCIRepository", {"insecure": "false"}))
}

test_config_sync if {
	found(of("configsync.gke.io/v1beta1", "RootSync", {"git": {"repo": "https://g.example.com", "noSSLVerify": true}}), {}) == {"spec.git.noSSLVerify"}
	quiet(of("configsync.gke.io/v1beta1", "RootSync", {"git": {"repo": "https://g.example.com", "noSSLVerify": false, "auth": "none"}}))
	quiet(of("configsync.gke.io/v1beta1", "RootSync", null))
}

test_hosts_of_the_cluster if {
	given := {"insideCluster": "allow"}
	every url in ["http://minio.storage.svc:9000", "http://charts.svc.cluster.local/x", "http://chartmuseum:8080", "http://10.0.0.1/x", "http://user:pw@charts.a.svc/x"] {
		found(flux("HelmRepository", {"url": url}), given) == set()
		found(flux("HelmRepository", {"url": url}), {}) == {"spec.url"}
	}
	every url in ["http://a.svc@example.com/", "http://${HOST}/x", "http://"] {
		found(flux("HelmRepository", {"url": url}), given) == {"spec.url"}
	}
	found(flux("Bucket", {"endpoint": "minio.minio.svc.cluster.local:9000", "insecure": true}), given) == set()
	found(flux("Bucket", {"endpoint": "minio.example.com", "insecure": true}), given) == {"spec.insecure"}
	found(flux("Bucket", {"insecure": true}), given) == {"spec.insecure"}
}

test_exempt_hosts if {
	given := {"exemptHosts": ["git.corp.example.com"]}
	found(app({"repoURL": "http://git.corp.example.com:8080/r"}), given) == set()
	found(app({"repoURL": "http://git.corp.example.com.evil.example/r"}), given) == {"spec.source.repoURL"}
}

secret(type, fields) := object.union(
	{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "r", "labels": {"argocd.argoproj.io/secret-type": type}}},
	fields,
)

test_secrets_of_argo_cd if {
	found(secret("repository", {"stringData": {"url": "https://g.example.com", "insecure": "true", "insecureIgnoreHostKey": "false"}}), {}) == {"stringData.insecure"}
	found(secret("repository", {"data": {"url": base64.encode("http://g.example.com"), "insecure": base64.encode("true")}}), {}) == {"data.url", "data.insecure"}
	found(secret("cluster", {"stringData": {"server": "https://k.example.com", "config": `{"tlsClientConfig": {"insecure": true}}`}}), {}) == {"stringData.config"}
	quiet(secret("cluster", {"stringData": {"server": "https://k.example.com", "config": `{"tlsClientConfig": {"insecure": false, "caData": "x"}}`}}))
	quiet(secret("cluster", {"stringData": {"config": "not json"}, "data": {"insecure": "%%%"}}))
	quiet(secret("other", {"stringData": {"insecure": "true"}}))
	found(secret("repository", {"stringData": {"url": "https://git.a.svc/r", "insecure": "true"}}), {"insideCluster": "allow"}) == set()
	quiet({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "r"}, "stringData": {"insecure": "true"}})
}

test_what_was_there_goes_on if {
	judged := flux("GitRepository", {"url": "http://git.example.com/r"})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}}
}

test_the_message if {
	messages := {violation.msg | some violation in rule.violation with input as {"review": {"object": app({"repoURL": "http://git.example.com/r"})}}}
	messages == {"source is read without TLS at spec.source.repoURL (http://git.example.com/r); whoever stands between decides what runs; fix: use https:// or ssh://"}
}
