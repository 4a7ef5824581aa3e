# METADATA
# title: Functions of kpt are pinned and approved
# description: |
#   A function rewrites every manifest of a package before anybody reads the result. One of a moving image (`:unstable`, `:latest`, no tag)
#   rewrites them otherwise tomorrow, and one of an unknown repository does as it likes.
#
#   Read are the mutators and validators of Kptfiles. A name without a registry is one of kpt's own catalogue
#   (`ghcr.io/kptdev/krm-functions-catalog`). `allowedRepositories` says where functions may come from; `["*"]`, or nothing, is anywhere. With `requireDigest:
#   true`, the default, an image needs a digest, else any tag but a moving one will do.
#
#   Not covered: functions that are programs (`gitops/rendering_shell`), configuration of functions, which may be a program of its own (Starlark, CEL), functions
#   that somebody runs by hand (`kpt fn eval`), and who signed the image.
# related_resources:
#   - ref: https://kpt.dev/book/04-using-functions/
#     description: Functions of kpt
# custom:
#   id: LG-G013
#   severity: medium
#   external: false
#   systems: [kpt, config-sync]
#   controls:
#     - NIST SP 800-53 SI-7 (software integrity)
#     - NIST SP 800-53 CM-3 (configuration change control)
package lockgate.gitops.kpt_functions

import data.lib.lockgate.gitops
import data.lib.lockgate.images
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates

violation contains report.violation(function.path, "function's image is not valid", function.text, why, fix) if {
	not updates.unchanged
	some function in functions
	not settings.unknown(function.text)
	not reference(function.text)
	why := "what it would run cannot be told"
	fix := "set image to registry/repository@sha256:<64 hex digits>"
}

violation contains report.violation(function.path, "function's image moves", function.text, why, fix) if {
	not updates.unchanged
	some function in functions
	moves(reference(function.text))
	why := "it rewrites the manifests otherwise tomorrow"
	fix := "pin the image by its digest (@sha256:…)"
}

violation contains report.violation(function.path, "function is from a repository that is not allowed", function.text, why, fix) if {
	not updates.unchanged
	some function in functions
	image := reference(function.text)
	not allowed(image)
	why := sprintf("it rewrites every manifest of the package; allowed are: %s", [report.names(places)])
	fix := "use a function from an allowed repository, or copy this one there"
}

functions := [{"path": gitops.below(at, ["pipeline", list, i, "image"]), "text": function.image} |
	some at in gitops.named("kpt.dev/Kptfile")
	some list in ["mutators", "validators"]
	some i, function in at.value.pipeline[list]
	not function.image in {"", null}
]

catalogue := "ghcr.io/kptdev/krm-functions-catalog"

reference(text) := images.parse(text) if {
	is_string(text)
	contains(text, "/")
	not images.placeholder(text)
} else := images.parse(sprintf("%s/%s", [catalogue, text])) if {
	is_string(text)
	not contains(text, "/")
	not images.placeholder(text)
}

moves(image) if {
	image.digest == ""
	object.get(review.parameters, "requireDigest", true) != false
}

moves(image) if {
	image.digest == ""
	image.tag in {"", "dev", "latest", "main", "master", "nightly", "unstable"}
}

places := {place | some place in object.get(review.parameters, "allowedRepositories", ["*"])}

allowed(_) if "*" in places

allowed(image) if {
	some place in places
	images.within(image, place)
}
