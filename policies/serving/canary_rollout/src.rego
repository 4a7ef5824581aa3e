# METADATA
# title: A new model gets a part of production's requests first
# description: |
#   A model that is replaced at once answers every request before anybody has seen it answer one. In production an update of an InferenceService that changes what its
#   predictor loads or runs (`storageUri`, `storageUris`, `storage`, `runtime`, `runtimeVersion`, images, arguments and variables) must have `canaryTrafficPercent`, at
#   most `maximumPercent` (50 unless given), in the same update: KServe then keeps the revision before, which gets the rest. Raising the percentage later, or
#   removing it, changes no model and is let through.
#
#   KServe splits traffic in its `Knative` mode alone: services with `deploymentMode: Standard` (or `RawDeployment`) or `ModelMesh` are not judged, nor is what is created.
#
#   Production is told by the object's labels (`environmentLabels`; `lockgate.dev/environment`, `environment` and `env` unless given) and its namespace's
#   name, by the words in `tiers` (`prod`, `prd`, `production`, `live`). Nothing else is judged, unless `assumed` says what it is.
#
#   A check of files knows what was before only with `--base`. Not covered: transformers, explainers, LLMInferenceServices and rollouts of other tools
#   (`gitops/rollout_steps`), and whether somebody looks at the canary (`gitops/rollout_analysis`).
# related_resources:
#   - ref: https://kserve.github.io/website/docs/model-serving/predictive-inference/rollout-strategies/canary
#     description: Canary rollouts of KServe
# custom:
#   id: LG-S014
#   severity: medium
#   external: false
#   systems: [kserve]
#   controls:
#     - NIST SP 800-53 CM-4 (impact analyses)
#     - NIST AI RMF MEASURE 2.4 (monitoring in production)
package lockgate.serving.canary_rollout

import data.lib.lockgate.kserve
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.tiers

violation contains report.violation(path, "model is replaced at once", settings.shown(percent), why, fix) if {
	input.review.operation == "UPDATE"
	some component in kserve.components
	component.name == "predictor"
	component.service.path == []
	tiers.of(component.service.value) == "production"
	not fixed(component.service.value)
	changed(component.value)
	percent := object.get(component.value, "canaryTrafficPercent", null)
	not settings.unknown(percent)
	not small(percent)
	path := array.concat(component.path, ["canaryTrafficPercent"])
	why := "it answers every request before anybody has seen it answer one"
	fix := sprintf("set it to %d or less, and raise it when the new model has been seen to work", [most])
}

most := object.get(review.parameters, "maximumPercent", 50)

small(percent) if {
	is_number(percent)
	percent >= 0
	percent <= most
}

# Only Knative's mode has revisions to split traffic between.
fixed(service) if {
	annotations := settings.fields(object.get(settings.fields(object.get(service, "metadata", {})), "annotations", {}))
	annotations["serving.kserve.io/deploymentMode"] in {"ModelMesh", "RawDeployment", "Standard"}
}

former := settings.fields(settings.fields(object.get(review.former, "spec", {})).predictor)

# There was a predictor before, and what it loads or runs is something else now.
changed(predictor) if {
	count(former) > 0
	loaded(predictor) != loaded(former)
}

loaded(predictor) := {
	"models": {field: object.remove(value, ["resources"]) |
		some field in array.concat(["model"], [name | some name in kserve.frameworks])
		value := predictor[field]
		is_object(value)
	},
	"uris": object.get(predictor, "storageUris", null),
	"containers": [object.remove(container, ["resources"]) |
		some container in object.get(predictor, "containers", [])
		is_object(container)
	],
}
