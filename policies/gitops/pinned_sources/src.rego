# METADATA
# title: What GitOps tools apply is pinned
# description: |
#   A cluster that follows a branch, `HEAD` or a moving tag runs what somebody pushes a minute from now: no pull request for the environment,
#   no review, no record of which version ran. The source of an environment must name a revision: then a promotion is a change of one line.
#
#   Read are `targetRevision` of Argo CD's sources (one, several, a hydrator's dry one, the templates of generators), the `revision` that its git
#   generators read, its value files fetched by URL, `ref` of Flux' GitRepository and OCIRepository, `git` and `oci` of Config Sync's RootSync and
#   RepoSync, and the upstream of a Kptfile that no lock pins. Left out, each has the tool's default, which moves.
#
#   `accept` says what pins: `commit` (a whole commit of git, a digest of an artefact) and `release` (what reads like the tag of a release: `v1.2.3`,
#   `refs/tags/…`). Both are accepted when it is left out. A tag can be moved, so say `[commit]` where that matters.
#
#   Placeholders such as `{{revision}}` of an ApplicationSet are not judged: the Applications that come of them are.
#
#   Not covered: versions of charts (`gitops/chart_versions`), remote bases of kustomize (`gitops/remote_bases`), Buckets, which have no revisions,
#   branches that a hydrator writes, the `templatePatch` of an ApplicationSet, and whether the revision exists.
# related_resources:
#   - ref: https://argo-cd.readthedocs.io/en/stable/user-guide/tracking_strategies/
#     description: Tracking strategies of Argo CD
#   - ref: https://fluxcd.io/flux/components/source/gitrepositories/#reference
#     description: References of a GitRepository in Flux
# custom:
#   id: LG-G001
#   severity: high
#   external: false
#   systems: [argo-cd, fluxcd, config-sync, kpt]
#   controls:
#     - NIST SP 800-53 CM-3 (configuration change control)
#     - SLSA source track (a revision is identified)
package lockgate.gitops.pinned_sources

import data.lib.lockgate.gitops
import data.lib.lockgate.images
import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates

violation contains report.violation(found.path, "source is not pinned", shown(found.version), why, fix) if {
	not updates.unchanged
	some found in revisions
	not pinned(found.version)
	why := sprintf("%s moves, and what it brings runs without a change here", [meant(found.version)])
	fix := sprintf("set %s to %s", [object.get(pinning, paths.field(found.path), paths.field(found.path)), found.example])
}

violation contains report.violation(path, "values are fetched from a URL", url, why, fix) if {
	not updates.unchanged
	some source in argo_sources
	some i, url in source.value.helm.valueFiles
	is_string(url)
	regex.match(`(?i)^[a-z0-9+.-]+://`, url)
	not images.placeholder(url)
	path := array.concat(source.path, ["helm", "valueFiles", i])
	why := "what it answers tomorrow is in no revision"
	fix := "put the file into the source's repository and name it by its path"
}

# `{"path", "version", "example"}`: every revision that is followed. `version` is as written or what the tool takes without one.
revisions := array.concat(array.concat(argo, flux), array.concat(config_sync, kpt))

pinned(version) if {
	is_string(version)
	gitops.revision_pin(version) == "unknown"
}

pinned(version) if {
	"commit" in accepted
	is_string(version)
	regex.match(`^([0-9a-f]{40}|[0-9a-f]{64}|(.*@)?sha256:[0-9a-f]{64}|(.*@)?sha512:[0-9a-f]{128})$`, version)
}

pinned(version) if {
	"release" in accepted
	is_string(version)
	gitops.names_release(version)
}

accepted := {one | some one in object.get(review.parameters, "accept", ["commit", "release"])}

shown("") := "nothing"

shown(version) := version if version != ""

meant(version) := "the newest revision" if {
	version in {"", "HEAD"}
} else := "what it names"

# Where Flux has a field of its own for what pins.
pinning := {"branch": "commit", "name": "commit"}

commit := "the commit of 40 hex digits that was reviewed"

digest := "the digest sha256:… of the artefact that was reviewed"

all_specs := array.concat(gitops.application_specs, gitops.override_specs)

argo_sources := gitops.sources_of(all_specs)

argo := array.concat(
	[{"path": array.concat(source.path, ["targetRevision"]), "version": version, "example": commit} |
		some source in array.concat(gitops.argo_sources, overriding)
		gitops.field(source.value, ["chart"]) == ""
		is_string(source.value.repoURL)
		version := given(source.value, "targetRevision", "HEAD")
	],
	[{"path": array.concat(generator.path, ["revision"]), "version": version, "example": commit} |
		some generator in gitops.git_generators
		version := given(generator.value, "revision", "HEAD")
	],
)

# A generator's template need not repeat the revision.
overriding := [source |
	some source in gitops.sources_of(gitops.override_specs)
	not object.get(source.value, "targetRevision", null) in {null, ""}
]

# What a field says, or what the tool takes where it says nothing.
given(value, name, default_value) := object.get(value, name, default_value) if {
	not object.get(value, name, null) in {null, ""}
} else := default_value

flux := array.concat(
	[{"path": path, "version": version, "example": commit} |
		some at in gitops.named("source.toolkit.fluxcd.io/GitRepository")
		not gitops.is_part(at, ["spec", "url"])
		[field, version] := chosen(at.value, ["commit", "name", "semver", "tag", "branch"], ["commit", "master"])
		path := gitops.below(at, ["spec", "ref", field])
	],
	[{"path": path, "version": version, "example": digest} |
		some at in gitops.named("source.toolkit.fluxcd.io/OCIRepository")
		not gitops.is_part(at, ["spec", "url"])
		[field, version] := chosen(at.value, ["digest", "semver", "tag"], ["digest", "latest"])
		path := gitops.below(at, ["spec", "ref", field])
	],
)

# The field of `ref` that Flux goes by, with its value: the first that is there.
chosen(object_of, fields, otherwise) := [[field, version] |
	some field in fields
	version := object.get(object_of, ["spec", "ref", field], "")
	not version in {"", null}
][0] if {
	some field in fields
	not object.get(object_of, ["spec", "ref", field], "") in {"", null}
} else := otherwise

config_sync := array.concat(
	[{"path": path, "version": version, "example": commit} |
		some at in gitops.syncs
		git := at.value.spec.git
		is_object(git)
		[name, version] := followed(git)
		path := gitops.below(at, ["spec", "git", name])
	],
	[{"path": path, "version": version, "example": "the image by its digest (@sha256:…)"} |
		some at in gitops.syncs
		oci := at.value.spec.oci
		is_object(oci)
		version := image_version(object.get(oci, "image", ""))
		path := gitops.below(at, ["spec", "oci", "image"])
	],
)

# Config Sync takes HEAD of the branch unless `revision` says more.
followed(git) := ["revision", git.revision] if {
	not object.get(git, "revision", "") in {"", null, "HEAD"}
} else := ["revision", git.branch] if {
	not object.get(git, "branch", "") in {"", null}
} else := ["revision", "HEAD"]

image_version(text) := text if {
	settings.unknown(text)
} else := reference.digest if {
	reference := images.parse(text)
	reference.digest != ""
} else := reference.tag if {
	reference := images.parse(text)
	reference.tag != ""
} else := "latest" if {
	images.parse(text)
} else := text

kpt := [{"path": path, "version": version, "example": commit} |
	some at in gitops.named("kpt.dev/Kptfile")
	git := at.value.upstream.git
	is_object(git)
	not locked(at.value)
	version := given(git, "ref", "HEAD")
	path := gitops.below(at, ["upstream", "git", "ref"])
]

# What was fetched stays until somebody updates the package.
locked(file) if {
	is_string(file.upstreamLock.git.commit)
	regex.match(`^([0-9a-f]{40}|[0-9a-f]{64})$`, file.upstreamLock.git.commit)
}
