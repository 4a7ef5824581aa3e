# METADATA
# title: Robots propose images, people promote them
# description: |
#   A robot that looks for new images and puts them straight into what a cluster reads promotes whatever was pushed: no review, no evidence, and with
#   Argo CD's own write-back no line in git. It should write to another branch, from which a pull request is made, and only for versions of a range.
#
#   Refused are, for Argo CD's Image Updater (annotations of Applications and of ApplicationSets' templates, ImageUpdaters): write-back to Argo CD, which is
#   the default; write-back to git without a branch of its own (`git-branch: main:image-updates`); and strategies that take the newest push or name
#   (`latest`, `newest-build`, `alphabetical`, `name`) or follow a tag that moves (`digest`). For Flux: an ImageUpdateAutomation that pushes to the branch it reads, or to one of
#   `reconciledBranches` (`main`, `master`, `production` and `prod` when left out); an ImagePolicy whose `semver` range has no upper end, or that
#   sorts all tags without a filter. With `digests: require` an ImagePolicy has to reflect digests.
#
#   Not covered: bots that open pull requests (Renovate), who may merge them, the branch that a GitRepository reads where the automation does not say it, and
#   settings of the Image Updater as a whole.
# related_resources:
#   - ref: https://argocd-image-updater.readthedocs.io/en/stable/basics/update-methods/
#     description: How the Image Updater writes
#   - ref: https://fluxcd.io/flux/components/image/imageupdateautomations/
#     description: ImageUpdateAutomations in Flux
# custom:
#   id: LG-G014
#   severity: high
#   external: false
#   systems: [argo-cd, fluxcd, image-registries]
#   controls:
#     - NIST SP 800-53 CM-3 (configuration change control)
package lockgate.gitops.image_updates

import data.lib.lockgate.gitops
import data.lib.lockgate.images
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates

violation contains report.violation(found.path, found.what, found.value, found.why, found.fix) if {
	not updates.unchanged_annotated
	some found in array.concat(array.concat(writes, strategies), array.concat(pushes, policies))
}

prefix := "argocd-image-updater.argoproj.io/"

# `{"path", "value"}`: annotations of Applications that the Image Updater looks after.
updated := [one |
	some one in array.concat(
		[{"path": gitops.below(at, ["metadata", "annotations"]), "value": at.value.metadata.annotations} | some at in gitops.named("argoproj.io/Application")],
		[{"path": gitops.below(at, ["spec", "template", "metadata", "annotations"]), "value": at.value.spec.template.metadata.annotations} | some at in gitops.named("argoproj.io/ApplicationSet")],
	)
	is_object(one.value)
	object.get(one.value, concat("", [prefix, "image-list"]), "") != ""
]

updaters := [at | some at in gitops.named("argocd-image-updater.argoproj.io/ImageUpdater"); is_object(at.value.spec)]

in_cluster := {
	"what": "images are written past git", "why": "what runs is in no commit, and nobody reviewed it",
	"fix": "write back to git, to a branch from which a pull request is made (write-back-method: git, git-branch: main:image-updates)",
}

to_main := {
	"what": "images are written to the branch that is read", "why": "whatever was pushed is promoted without a review",
	"fix": "name a branch of its own behind a colon, as in main:image-updates, and make pull requests from it",
}

writes := array.concat(
	array.concat(
		[object.union(in_cluster, {"path": path, "value": {true: "argocd", false: method}[method == ""]}) |
			some one in updated
			method := text_of(one.value, "write-back-method")
			not placeholder(method)
			not startswith(trim_space(method), "git")
			path := array.concat(one.path, [concat("", [prefix, "write-back-method"])])
		],
		[object.union(to_main, {"path": path, "value": {true: "the branch that is read", false: branch}[branch == ""]}) |
			some one in updated
			startswith(trim_space(text_of(one.value, "write-back-method")), "git")
			branch := text_of(one.value, "git-branch")
			not own_branch(branch)
			path := array.concat(one.path, [concat("", [prefix, "git-branch"])])
		],
	),
	array.concat(
		[object.union(in_cluster, {"path": array.concat(config.path, ["method"]), "value": {true: "argocd", false: method}[method == ""]}) |
			some config in write_backs
			method := gitops.field(config.value, ["method"])
			not placeholder(method)
			not startswith(trim_space(method), "git")
		],
		[object.union(to_main, {"path": array.concat(config.path, ["gitConfig", "branch"]), "value": {true: "the branch that is read", false: branch}[branch == ""]}) |
			some config in write_backs
			startswith(trim_space(gitops.field(config.value, ["method"])), "git")
			branch := gitops.field(config.value, ["gitConfig", "branch"])
			not own_branch(branch)
		],
	),
)

# That of an updater, and those of applications that have one of their own.
write_backs := array.concat(
	[{"path": gitops.below(at, ["spec", "writeBackConfig"]), "value": settings.fields(object.get(at.value.spec, "writeBackConfig", {}))} | some at in updaters],
	[{"path": gitops.below(at, ["spec", "applicationRefs", i, "writeBackConfig"]), "value": ref.writeBackConfig} |
		some at in updaters
		some i, ref in at.value.spec.applicationRefs
		is_object(ref.writeBackConfig)
	],
)

text_of(annotations, name) := gitops.text(object.get(annotations, concat("", [prefix, name]), ""))

placeholder(text) if images.placeholder(text)

own_branch(branch) if {
	[read, written] := split(branch, ":")
	trim_space(written) != ""
	trim_space(written) != trim_space(read)
	not trim_space(written) in reconciled
}

# A variable may stand for both.
own_branch(branch) if regex.match(`^\$\{[^}]*\}$`, branch)

moving := {
	"alphabetical": "takes whatever name sorts last", "digest": "follows a tag that moves", "latest": "takes whatever was pushed last", "name": "takes whatever name sorts last",
	"newest-build": "takes whatever was built last",
}

strategies := [{
	"path": found.path, "value": found.value, "what": "strategy takes what nobody chose",
	"why": sprintf("it %s", [moving[found.value]]), "fix": "use the strategy semver, with a range of versions beside the image",
} |
	some found in array.concat(annotated_strategies, listed_strategies)
	moving[found.value]
]

annotated_strategies := [{"path": array.concat(one.path, [name]), "value": lower(trim_space(value))} |
	some one in updated
	some name, value in one.value
	startswith(name, prefix)
	endswith(name, "update-strategy")
	is_string(value)
]

listed_strategies := [{"path": array.concat(gitops.below(at, ["spec"]), inner), "value": lower(trim_space(value))} |
	some at in updaters
	walk(at.value.spec, [inner, value])
	inner[count(inner) - 1] == "updateStrategy"
	is_string(value)
]

reconciled := {branch | some branch in object.get(review.parameters, "reconciledBranches", ["main", "master", "prod", "production"])}

pushes := [{
	"path": gitops.below(at, path), "value": shown, "what": "images are written to the branch that is read",
	"why": "whatever was pushed is promoted without a review", "fix": "set git.push.branch to a branch of its own, such as flux-image-updates, and make pull requests from it",
} |
	some at in gitops.named("image.toolkit.fluxcd.io/ImageUpdateAutomation")
	is_object(at.value.spec.git)
	some [path, shown] in pushed(at.value.spec.git)
]

pushed(git) := [[["spec", "git", "push", "branch"], "the branch that is read"]] if {
	gitops.field(git, ["push", "branch"]) == ""
	gitops.field(git, ["push", "refspec"]) == ""
} else := [[["spec", "git", "push", "branch"], branch]] if {
	branch := gitops.field(git, ["push", "branch"])
	read(git, branch)
} else := [[["spec", "git", "push", "refspec"], refspec]] if {
	refspec := gitops.field(git, ["push", "refspec"])
	parts := split(refspec, ":")
	read(git, trim_prefix(parts[count(parts) - 1], "refs/heads/"))
} else := []

read(_, branch) if branch in reconciled

read(git, branch) if {
	branch != ""
	branch == gitops.field(git, ["checkout", "ref", "branch"])
}

policies := array.concat(array.concat(ranges, unfiltered), undigested)

image_policies := [at | some at in gitops.named("image.toolkit.fluxcd.io/ImagePolicy"); is_object(at.value.spec)]

ranges := [{
	"path": gitops.below(at, ["spec", "policy", "semver", "range"]), "value": range, "what": "range of versions has no end",
	"why": "a new major version, or anything that was pushed with a high number, is taken", "fix": "set range to one with an upper end, such as 1.4.x",
} |
	some at in image_policies
	range := at.value.spec.policy.semver.range
	not bounded(range)
]

# A part of a version that is fixed, or an upper end. A range of alternatives ends where all of them do.
bounded(range) if {
	is_string(range)
	every alternative in split(range, "||") {
		ends(trim_space(alternative))
	}
}

ends(text) if images.placeholder(text)

ends(text) if contains(text, "<")

ends(text) if regex.match(`^[\^~=v\s]*[0-9]+`, text)

ends(text) if regex.match(`\s-\s*v?[0-9]`, text)

unfiltered := [{
	"path": gitops.below(at, ["spec", "filterTags"]), "value": order, "what": "every tag is a candidate",
	"why": "whatever is pushed and sorts last is taken", "fix": "set filterTags.pattern to the tags of releases",
} |
	some at in image_policies
	some order in ["alphabetical", "numerical"]
	is_object(at.value.spec.policy[order])
	gitops.field(at.value.spec, ["filterTags", "pattern"]) in {"", ".*", ".+", "^.*$", "^.+$"}
]

undigested := [{
	"path": gitops.below(at, ["spec", "digestReflectionPolicy"]), "value": policy, "what": "digest of the image is not kept",
	"why": "the tag may move after it was chosen", "fix": "set digestReflectionPolicy to Always or IfNotPresent, and write name@digest",
} |
	object.get(review.parameters, "digests", "ignore") == "require"
	some at in image_policies
	is_object(at.value.spec.policy)
	policy := object.get(at.value.spec, "digestReflectionPolicy", "Never")
	policy in {"", "Never", null}
]
