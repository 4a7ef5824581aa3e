# METADATA
# title: Sources are read over verified connections
# description: |
#   A tool of GitOps writes into the cluster what its source answers. Where the connection is plain, or nobody compares the certificate or the host
#   key, whoever stands between decides what runs, and reads the credentials that are sent.
#
#   Read are URLs that begin with `http://` or `git://` in Argo CD's sources and generators, Flux' sources, RootSync and RepoSync, Kptfiles and
#   kustomize's charts; Flux' `insecure: true`; Config Sync's `noSSLVerify: true`; `passCredentials`, which sends the repository's password to
#   every host that its index names; and Argo CD's Secrets of repositories and clusters: plain URLs,
#   `insecure`, `insecureIgnoreHostKey` and `tlsClientConfig.insecure`.
#
#   With `insideCluster: allow` hosts of the cluster and its network (`minio.storage.svc`, names without a dot, private addresses) may be read without TLS.
#   `exemptHosts` names others; `*.example.com` is every host below `example.com`.
#
#   Not covered: certificates that Argo CD's and Flux' own settings trust, Secrets that are made from outside, and who may write to the repository.
# related_resources:
#   - ref: https://fluxcd.io/flux/components/source/ocirepositories/
#     description: Insecure registries in Flux
#   - ref: https://cloud.google.com/kubernetes-engine/config-sync/docs/reference/rootsync-reposync-fields
#     description: Fields of RootSync and RepoSync
# custom:
#   id: LG-G002
#   severity: high
#   external: false
#   systems: [argo-cd, fluxcd, config-sync, kpt]
#   controls:
#     - NIST SP 800-53 SC-8 (transmission confidentiality and integrity)
package lockgate.gitops.insecure_sources

import data.lib.lockgate.gitops
import data.lib.lockgate.hosts
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates

violation contains report.violation(found.path, "source is read without TLS", found.url, why, fix) if {
	not updates.unchanged
	some found in array.concat(urls, secret_urls)
	is_string(found.url)
	plain(found.url)
	not accepted(found.url)
	why := "whoever stands between decides what runs"
	fix := "use https:// or ssh://"
}

violation contains report.violation(found.path, found.what, found.shown, found.why, found.fix) if {
	not updates.unchanged
	some found in switches
	on(found.value)
	not accepted(found.url)
}

plain(url) if regex.match(`(?i)^(http|git)://`, trim_space(url))

on(value) if value == true

on(value) if {
	is_string(value)
	lower(trim_space(value)) in {"true", "t", "1"}
}

# What is neither true nor false is not known to be off.
on(value) if is_number(value)

on(value) if is_object(value)

on(value) if is_array(value)

accepted(url) if {
	object.get(review.parameters, "insideCluster", "refuse") == "allow"
	hosts.inside(host_of(url))
}

accepted(url) if hosts.listed(host_of(url), object.get(review.parameters, "exemptHosts", []))

# The host of a URL, of an endpoint (`minio:9000`) or of an image.
host_of(url) := hosts.parse(url).host if {
	contains(url, "://")
} else := hosts.parse(sprintf("https://%s", [url])).host if {
	not contains(url, "://")
}

# `{"path", "url"}`: every place that names a source by URL.
urls := array.concat(array.concat(argo_urls, flux_urls), array.concat(sync_urls, package_urls))

argo_specs := array.concat(gitops.application_specs, gitops.override_specs)

argo_urls := array.concat(
	[{"path": array.concat(source.path, ["repoURL"]), "url": source.value.repoURL} | some source in gitops.sources_of(argo_specs)],
	array.concat(
		[{"path": array.concat(generator.path, ["repoURL"]), "url": generator.value.repoURL} | some generator in gitops.git_generators],
		[{"path": gitops.below(at, ["spec", "sourceRepos", i]), "url": url} |
			some at in gitops.named("argoproj.io/AppProject")
			some i, url in at.value.spec.sourceRepos
		],
	),
)

flux_kinds := ["Bucket", "GitRepository", "HelmRepository", "OCIRepository"]

flux_sources := array.concat(
	[at | some kind in flux_kinds; some at in gitops.named(concat("/", ["source.toolkit.fluxcd.io", kind]))],
	gitops.named("image.toolkit.fluxcd.io/ImageRepository"),
)

flux_urls := [{"path": gitops.below(at, ["spec", name]), "url": at.value.spec[name]} |
	some at in flux_sources
	some name in ["url", "endpoint"]
]

sync_urls := [{"path": gitops.below(at, ["spec", type, "repo"]), "url": at.value.spec[type].repo} |
	some at in gitops.syncs
	some type in ["git", "helm"]
]

package_urls := array.concat(
	[{"path": gitops.below(at, ["upstream", "git", "repo"]), "url": at.value.upstream.git.repo} | some at in gitops.named("kpt.dev/Kptfile")],
	[{"path": gitops.below(at, ["helmCharts", i, "repo"]), "url": chart.repo} |
		some at in gitops.named("kustomize.config.k8s.io/Kustomization")
		some i, chart in at.value.helmCharts
	],
)

# Switches that turn a check off: `{"path", "value", "url", "what", "shown", "why", "fix"}`.
switches := array.concat(array.concat(flux_switches, sync_switches), array.concat(credential_switches, secret_switches))

flux_switches := [{
	"path": gitops.below(at, ["spec", "insecure"]), "value": at.value.spec.insecure, "url": place(at.value.spec),
	"what": "source is read without TLS", "shown": "insecure",
	"why": "whoever stands between decides what runs", "fix": "remove insecure, and give the registry's or the store's own certificate by certSecretRef",
} |
	some at in flux_sources
]

place(spec) := spec.url if {
	is_string(spec.url)
} else := spec.endpoint if {
	is_string(spec.endpoint)
} else := spec.image if {
	is_string(spec.image)
} else := ""

sync_switches := [{
	"path": gitops.below(at, ["spec", "git", "noSSLVerify"]), "value": at.value.spec.git.noSSLVerify, "url": gitops.field(at.value, ["spec", "git", "repo"]),
	"what": "certificate is not verified", "shown": "noSSLVerify",
	"why": "whoever stands between decides what runs", "fix": "remove noSSLVerify, and name the authority's certificate in caCertSecretRef",
} |
	some at in gitops.syncs
]

credential_switches := array.concat(
	[object.union(credentials, {"path": array.concat(source.path, ["helm", "passCredentials"]), "value": source.value.helm.passCredentials}) |
		some source in gitops.sources_of(argo_specs)
	],
	[object.union(credentials, {"path": gitops.below(at, ["spec", "passCredentials"]), "value": at.value.spec.passCredentials}) |
		some at in gitops.named("source.toolkit.fluxcd.io/HelmRepository")
	],
)

credentials := {
	"url": "", "what": "credentials go to every host that the repository names", "shown": "passCredentials",
	"why": "an index that names another host is sent the password", "fix": "remove passCredentials, and keep the charts on the repository's own host",
}

# Argo CD keeps repositories and clusters in Secrets, by text or in base64.
argo_secrets := [at |
	some at in gitops.named("/Secret")
	at.value.metadata.labels["argocd.argoproj.io/secret-type"] in {"cluster", "repo-creds", "repository", "repository-write"}
]

secret_fields := array.concat(
	[{"at": at, "path": gitops.below(at, ["stringData", name]), "name": name, "text": given} |
		some at in argo_secrets
		some name, given in at.value.stringData
		is_string(given)
	],
	[{"at": at, "path": gitops.below(at, ["data", name]), "name": name, "text": base64.decode(given)} |
		some at in argo_secrets
		some name, given in at.value.data
		is_string(given)
		base64.is_valid(given)
	],
)

url_of(at) := [one.text | some one in secret_fields; one.at.path == at.path; one.name in {"server", "url"}][0] if {
	some one in secret_fields
	one.at.path == at.path
	one.name in {"server", "url"}
} else := ""

secret_urls := [{"path": one.path, "url": one.text} |
	some one in secret_fields
	one.name in {"server", "url"}
]

secret_switches := array.concat(
	[{
		"path": one.path, "value": one.text, "url": url_of(one.at), "what": "certificate or host key is not verified", "shown": one.name,
		"why": "whoever stands between decides what runs, and is sent the credentials", "fix": sprintf("remove %s, and give Argo CD the certificate or the host key", [one.name]),
	} |
		some one in secret_fields
		one.name in {"insecure", "insecureIgnoreHostKey"}
	],
	[{
		"path": one.path, "value": config.tlsClientConfig.insecure, "url": url_of(one.at), "what": "certificate of the cluster is not verified", "shown": "tlsClientConfig.insecure",
		"why": "whoever stands between is sent the credentials of the cluster", "fix": "remove insecure from tlsClientConfig, and give caData",
	} |
		some one in secret_fields
		one.name == "config"
		json.is_valid(one.text)
		config := json.unmarshal(one.text)
	],
)
