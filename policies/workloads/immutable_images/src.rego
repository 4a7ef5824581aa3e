# METADATA
# title: Images come from allowed repositories and are pinned by digest
# description: |
#   Every image of every workload must lie in a repository that this constraint allows, and be pinned by a sha256 or sha512
#   digest: a tag may move between review and run. Containers of all sorts, image volumes, and the fields in which KServe,
#   Ray, Kubeflow, Argo and Knative put images are read; `nginx` means `docker.io/library/nginx`.
#
#   Without `allowedRepositories` no repository is allowed; `["*"]` says that any is. Digests are required unless
#   `requireDigest` is false. A reference that is no valid one is a violation, and so is what is known only when it runs: a
#   placeholder such as `${trialParameters.image}`, and pods written as text that cannot be read or that a placeholder changes. Text that
#   can be read (Argo's `podSpecPatch` and `resource.manifest`, Ray's environments, what Kubeflow Pipelines writes into a Workflow) is.
#   Set `undecidable: allow` where the pods that come of these are judged when they are created.
#
#   kustomize's `images` and images in values of Helm charts are judged where the constraint matches Kustomization, HelmRelease or HelmValues.
#
#   Not covered: images that a reference brings in (a ServingRuntime, a ClusterTrainingRuntime, a Helm chart); match the kinds
#   that hold them. Whether a digest exists, and who signed it, is for other rules.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/containers/images/#image-names
#     description: Image names
# custom:
#   id: LG-W001
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-190 4.1.5 (use of untrusted images)
#     - NIST SP 800-53 SI-7 (software integrity)
#   systems: [argo-events, argo-workflows, aws-lambda, cloud-run, fluxcd, image-registries, katib, knative, kserve, kubeflow-pipelines, kubeflow-trainer, kubernetes, ray, sagemaker]
package lockgate.workloads.immutable_images

import data.lib.lockgate.images
import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.used_images
import data.lib.lockgate.workloads

violation contains report.violation(path, "image reference is not valid", text, why, fix) if {
	not updates.unchanged
	some [path, text, how] in decided
	not images.parse(text)
	why := "what it would pull cannot be told"
	fix := concat("", [where(how, path), "registry/repository@sha256:<64 hex digits>"])
}

violation contains report.violation(path, what, text, why, fix) if {
	not updates.unchanged
	some [path, text, how] in decided
	reference := images.parse(text)
	misplaced := place_problem(reference)
	problems := array.concat(misplaced, digest_problem(reference))
	count(problems) > 0
	not exempt(reference)
	what := concat("", ["image is ", concat(" and ", [problem.what | some problem in problems])])
	why := concat(", and ", [problem.why | some problem in problems])
	fix := fix_for(where(how, path), text, reference, misplaced)
}

violation contains report.violation(path, "image is a placeholder", text, why, fix) if {
	not updates.unchanged
	not undecidable_allowed
	some [path, text] in placeholders
	why := "what it would pull is known only when it runs"
	fix := sprintf("write the image itself, pinned by digest, in %s", [paths.field(path)])
}

violation contains report.violation(path, "pod is written as text", "text", why, fix) if {
	not updates.unchanged
	not undecidable_allowed
	some path in used_images.unreadable
	may_hold_pod(lower(workloads.value_at(path)))
	why := "images in it are known only when it runs"
	fix := sprintf("write the images in containers of the template instead of %s", [paths.field(path)])
}

violation contains report.too_deep(path) if {
	not updates.unchanged
	some path in workloads.too_deep
}

# A word of a pod, or what may stand for one: an escape in a string, and a placeholder.
may_hold_pod(text) if {
	some word in ["image", "containers", `\`, "{{"]
	contains(text, word)
}

# Path and value of each image that can be told now, and of each that cannot.
decided := [[found.path, found.text, found.how] |
	some found in used_images.references
	not undecided(found.text)
]

placeholders := [[found.path, found.text] |
	some found in used_images.references
	undecided(found.text)
]

undecided(text) if {
	settings.unknown(text)
}

undecidable_allowed if review.parameters.undecidable == "allow"

place_problem(reference) := [] if {
	some place in places
	allows(place, reference)
} else := [{"what": "from a repository that is not allowed", "why": sprintf("allowed are: %s", [report.names(places)])}]

allows(place, _) if place == "*"

allows(place, reference) if images.within(reference, place)

places := {place | some place in object.get(review.parameters, "allowedRepositories", [])}

digest_problem(reference) := [{"what": "not pinned by digest", "why": "a tag may move after review"}] if {
	reference.digest == ""
	object.get(review.parameters, "requireDigest", true) != false
} else := []

# An exemption names a repository, with or without a tag or digest; what it leaves out may be anything.
exempt(reference) if {
	some text in object.get(review.parameters, "exemptImages", [])
	exemption := images.parse(text)
	exemption.name == reference.name
	exemption.tag in {"", reference.tag}
	exemption.digest in {"", reference.digest}
}

fix_for(place, text, reference, misplaced) := concat("", [
	"copy the image to ", allowed_place, ", and ", place, "the copy by its digest",
]) if {
	count(misplaced) > 0
} else := concat("", [
	place, reference.name, "@sha256:<64 hex digits> (crane digest ", text, " prints the digest)",
])

where("field", path) := sprintf("set %s to ", [paths.field(path)])

where("text", path) := sprintf("write, in the text of %s, ", [paths.field(path)])

where("pieces", _) := "write repository and digest of "

allowed_place := place if {
	count(places) == 1
	some place in places
} else := "an allowed repository"
