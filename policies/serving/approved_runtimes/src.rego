# METADATA
# title: Models are served by runtimes that were approved
# description: |
#   A runtime decides with which image and which flags a model is loaded, for every service that names it or that is given it by its model's format. The runtime that an
#   InferenceService names (`model.runtime`), and the name of a ServingRuntime or ClusterServingRuntime, must match one of `runtimes` (`kserve-*`, those that KServe
#   installs, unless given). With `requireNamed: true` a model must name its runtime, since without a name the cluster chooses, and may choose another one tomorrow.
#
#   A predictor with `containers` of its own and no model uses no runtime; it is told of unless `customPredictors` is `allow`, or its images lie in
#   one of `customRepositories`. Placeholders are left for when they are filled in. An update that leaves contents as they were is not judged.
#
#   Not covered: whether a name stands for the ServingRuntime of the namespace or the ClusterServingRuntime (the former comes first), what the
#   runtime's image holds (`workloads/immutable_images`), fields of frameworks (`serving/legacy_inference_services`), and LLMInferenceServices.
# related_resources:
#   - ref: https://kserve.github.io/website/docs/concepts/resources/servingruntime
#     description: Serving runtimes of KServe
# custom:
#   id: LG-S015
#   severity: medium
#   external: false
#   systems: [kserve]
#   controls:
#     - NIST SP 800-53 CM-7 (least functionality)
#     - NIST SP 800-53 CM-11 (user-installed software)
package lockgate.serving.approved_runtimes

import data.lib.lockgate.images
import data.lib.lockgate.kserve
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(one.path, "serving runtime is not approved", settings.shown(one.value), why, fix) if {
	not updates.unchanged
	some one in names
	not settings.unknown(one.value)
	not approved(one.value)
	why := sprintf("it decides with which image and flags a model is loaded; approved are: %s", [report.names(runtimes)])
	fix := "name one of the approved runtimes"
}

violation contains report.violation(path, "cluster chooses the serving runtime", settings.shown(null), why, fix) if {
	not updates.unchanged
	review.parameters.requireNamed == true
	some model in kserve.models
	model.field == "model"
	object.get(settings.fields(model.value), "runtime", null) in {null, ""}
	path := array.concat(model.path, ["runtime"])
	why := "it may choose another one tomorrow"
	fix := "set it to one of the approved runtimes"
}

violation contains report.violation(path, "predictor runs an image of its own", shown, why, fix) if {
	not updates.unchanged
	object.get(review.parameters, "customPredictors", "deny") != "allow"
	some component in kserve.components
	component.name == "predictor"
	count([model | some model in kserve.models; model.predictor.path == component.path]) == 0
	some i, container in workloads.children(array.concat(component.path, ["containers"]))
	image := object.get(settings.fields(container), "image", null)
	not settings.unknown(image)
	not permitted(image)
	path := array.concat(component.path, ["containers", i, "image"])
	shown := settings.shown(image)
	why := "no approved runtime stands between the model and what loads it"
	fix := "serve the model with `model` and an approved runtime"
}

runtimes := {pattern | some pattern in object.get(review.parameters, "runtimes", ["kserve-*"])}

approved(name) if {
	is_string(name)
	some pattern in runtimes
	glob.match(pattern, null, name)
}

# Images that a placeholder hides in part are known later.
permitted(image) if {
	reference := images.parse(image)
	some place in object.get(review.parameters, "customRepositories", [])
	images.within(reference, place)
}

# The names of runtimes, where they are used and where they are given.
names := array.concat(
	[{"path": array.concat(model.path, ["runtime"]), "value": name} |
		some model in kserve.models
		model.field == "model"
		name := object.get(settings.fields(model.value), "runtime", null)
		not name in {null, ""}
	],
	[{"path": array.concat(at.path, ["metadata", "name"]), "value": name} |
		some at in workloads.objects
		at.name in {"serving.kserve.io/ClusterServingRuntime", "serving.kserve.io/ServingRuntime"}
		name := object.get(settings.fields(object.get(at.value, "metadata", {})), "name", null)
	],
)
