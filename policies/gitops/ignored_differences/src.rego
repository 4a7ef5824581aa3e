# METADATA
# title: Differences in what runs are not ignored
# description: |
#   Argo CD and Flux put back what somebody changes by hand, unless they are told to ignore the difference. Ignoring a replica count that an
#   autoscaler sets is right. Ignoring an image, the URI of a model, or the whole spec lets somebody run another version while git and the
#   dashboard say that nothing has changed.
#
#   Read are `ignoreDifferences` of Applications and of ApplicationSets' templates (JSON pointers, jq expressions, `managedFieldsManagers` of people's
#   tools: `kubectl…`), and `driftDetection.ignore[].paths` of Flux' HelmReleases. Refused is what leads to an image or a reference of a model, to a
#   container or its list, its arguments, command or variables, or to a spec that holds them. `fields` names further fields.
#
#   Not covered: global settings of Argo CD (`resource.customizations` in `argocd-cm`), annotations by which an object asks to be left alone, an
#   expression of jq that builds its path, and `driftDetection` that is off altogether.
# related_resources:
#   - ref: https://argo-cd.readthedocs.io/en/stable/user-guide/diffing/
#     description: Diffs in Argo CD
#   - ref: https://fluxcd.io/flux/components/helm/helmreleases/#drift-detection
#     description: Drift detection in Flux
# custom:
#   id: LG-G006
#   severity: high
#   external: false
#   systems: [argo-cd, fluxcd]
#   controls:
#     - NIST SP 800-53 CM-6 (configuration settings are monitored)
#     - NIST SP 800-53 SI-7 (software integrity)
package lockgate.gitops.ignored_differences

import data.lib.lockgate.gitops
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates

violation contains report.violation(found.path, "difference in what runs is ignored", found.text, why, fix) if {
	not updates.unchanged
	some found in ignored
	hides(found)
	why := "another version can run while git says that nothing has changed"
	fix := "ignore only the field that a controller writes, such as /spec/replicas"
}

# `{"path", "text", "how"}`: each thing that is ignored, as a pointer, an expression of jq or a manager of fields.
ignored := array.concat(
	[{"path": array.concat(spec.path, ["ignoreDifferences", i, name, j]), "text": text, "how": how} |
		some spec in array.concat(gitops.application_specs, gitops.override_specs)
		some i, entry in spec.value.ignoreDifferences
		some name, how in {"jsonPointers": "pointer", "jqPathExpressions": "jq", "managedFieldsManagers": "manager"}
		some j, text in entry[name]
	],
	[{"path": gitops.below(at, ["spec", "driftDetection", "ignore", i, "paths", j]), "text": text, "how": "pointer"} |
		some at in gitops.named("helm.toolkit.fluxcd.io/HelmRelease")
		some i, entry in at.value.spec.driftDetection.ignore
		some j, text in entry.paths
	],
)

hides(found) if not is_string(found.text)

hides(found) if {
	is_string(found.text)
	found.how == "pointer"
	covers(words_of_pointer(found.text))
}

hides(found) if {
	is_string(found.text)
	found.how == "jq"
	some alternative in split(without_conditions(found.text), ",")
	covers(words_of_jq(alternative))
}

hides(found) if {
	is_string(found.text)
	found.how == "manager"
	regex.match(`(?i)^\s*(kubectl.*|\*)\s*$`, found.text)
}

words_of_pointer(text) := [replace(replace(word, "~1", "/"), "~0", "~") |
	some word in split(trim_suffix(trim_space(text), "/"), "/")
	not regex.match(`^([0-9]+|-|\*|)$`, word)
]

# What a condition compares is not what is ignored. Conditions in conditions are cut twice.
without_conditions(text) := regex.replace(regex.replace(text, `select\s*\([^()]*\)`, ""), `select\s*\([^()]*(\([^()]*\)[^()]*)*\)`, "")

words_of_jq(text) := [word |
	some found in regex.find_n(`"[^"]*"|[A-Za-z_][A-Za-z0-9_-]*`, text, -1)
	word := trim(found, `"`)
	not word in {"to_entries", "first", "last", "map", "any", "all"}
]

# The last word says what is ignored: all of the object, what runs, or what holds it.
covers(words) if count(words) == 0

covers(words) if {
	count(words) > 0
	words[count(words) - 1] in fields
}

covers(words) if {
	count(words) > 1
	words[count(words) - 1] == "reference"
	words[count(words) - 2] == "image"
}

fields := {
	"args", "chart", "command", "containers", "env", "ephemeralContainers", "explainer", "image", "imageURI", "initContainers", "model", "modelDataURL",
	"modelUri", "newTag", "predictor", "spec", "storage", "storageUri", "storageUris", "template", "transformer", "uri", "volumes", "worker",
} | {name | some name in object.get(review.parameters, "fields", [])}
