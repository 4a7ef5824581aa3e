# METADATA
# title: Remote bases of kustomize are pinned
# description: |
#   A kustomization that names a base by URL brings in whatever is there when it is built: what CI judged and what a cluster applies are two
#   fetches. A remote base must name a revision, and be fetched over a verified connection; better still, it is copied into the repository.
#
#   Read are `resources`, `bases`, `components`, `crds`, `configurations`, `generators`, `transformers`, `validators` and `openapi.path`. A revision is
#   given by `?ref=` or `?version=`; what pins, by `accept`, is a whole commit (`commit`) or what reads like the tag of a release (`release`), and both when it is left
#   out. A file that is fetched by `https://` alone must have such a revision among the parts of its path. `remote: refuse` refuses every URL.
#
#   Not covered: paths out of the repository, charts (`gitops/chart_versions`), images, and what a remote base names in turn.
# related_resources:
#   - ref: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/resource/
#     description: Resources of a kustomization
# custom:
#   id: LG-G015
#   severity: medium
#   external: false
#   systems: [argo-cd, fluxcd, config-sync]
#   controls:
#     - NIST SP 800-53 SR-4 (provenance)
#     - NIST SP 800-53 CM-3 (configuration change control)
package lockgate.gitops.remote_bases

import data.lib.lockgate.gitops
import data.lib.lockgate.images
import data.lib.lockgate.report
import data.lib.lockgate.review

violation contains report.violation(base.path, "remote base is fetched without TLS", base.text, why, fix) if {
	some base in remote
	regex.match(`(?i)^(git::)?(http|git)://`, base.text)
	why := "whoever stands between decides what is applied"
	fix := "use https:// or ssh://"
}

violation contains report.violation(base.path, "remote base is not pinned", base.text, why, fix) if {
	not refused
	some base in remote
	not pinned(base.text)
	why := "what is built tomorrow is not what was judged today"
	fix := "add ?ref= with the commit of 40 hex digits, or copy the base into the repository"
}

violation contains report.violation(base.path, "base is remote", base.text, why, fix) if {
	refused
	some base in remote
	why := "building needs the network, and another's repository"
	fix := "copy the base into the repository"
}

refused if object.get(review.parameters, "remote", "accept") == "refuse"

lists := ["bases", "components", "configurations", "crds", "generators", "resources", "transformers", "validators"]

written := array.concat(
	[{"path": gitops.below(at, [list, i]), "text": text} |
		some kind in ["Component", "Kustomization"]
		some at in gitops.named(sprintf("kustomize.config.k8s.io/%s", [kind]))
		some list in lists
		some i, text in at.value[list]
	],
	[{"path": gitops.below(at, ["openapi", "path"]), "text": at.value.openapi.path} | some at in gitops.named("kustomize.config.k8s.io/Kustomization")],
)

remote := [base |
	some base in written
	is_string(base.text)
	not contains(base.text, "\n")
	is_remote(base.text)
]

# As kustomize tells: a scheme, a user with a host, a known host, or a path with .git or a query.
is_remote(text) if regex.match(`(?i)^([a-z0-9+]+::)?[a-z0-9+.-]+://`, text)

is_remote(text) if regex.match(`^([a-z0-9+]+::)?[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:`, text)

is_remote(text) if regex.match(`(?i)^([a-z0-9+]+::)?(www\.)?(github\.com|gitlab\.com|bitbucket\.org|dev\.azure\.com)[/:]`, text)

is_remote(text) if regex.match(`^[^./?][^?]*\.[^?]*/[^?]*\?(.*&)?(ref|version)=`, text)

is_remote(text) if regex.match(`^[^./][^/]*\.[^/]+/.*\.git([/?]|$)`, text)

pinned(text) if images.placeholder(text)

pinned(text) if {
	some revision in revisions(text)
	pins(revision)
}

pins(revision) if {
	"commit" in accepted
	regex.match(`^[0-9a-f]{40}$`, revision)
}

pins(revision) if {
	"release" in accepted
	gitops.names_release(revision)
}

accepted := {one | some one in object.get(review.parameters, "accept", ["commit", "release"])}

# What `ref` says; of a file that is fetched as it is, the parts of its path.
revisions(text) := [revision] if {
	revision := queried(text)
} else := split(split(text, "?")[0], "/") if {
	regex.match(`(?i)^https://[^?]*\.(ya?ml|json)(\?|$)`, text)
} else := []

queried(text) := [value |
	some pair in split(substring(text, indexof(text, "?") + 1, -1), "&")
	parts := split(pair, "=")
	count(parts) == 2
	parts[0] in {"ref", "version"}
	value := parts[1]
][0] if {
	contains(text, "?")
}
