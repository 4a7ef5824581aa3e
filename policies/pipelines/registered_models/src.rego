# METADATA
# title: What is served is in the model registry
# description: |
#   Kubeflow's Model Registry knows who made a model, from what and how it was tested, and finds what serves it by labels. An InferenceService or LLMInferenceService must carry
#   `modelregistry.kubeflow.org/registered-model-id` and `modelregistry.kubeflow.org/model-version-id`. A reference `model-registry://` must name a version: without one it is whatever
#   version was added last. With `scheme: required` the models of a predictor must be such references.
#
#   Labels whose value is a placeholder are accepted, and an empty value is none. An update that changes neither the spec nor the labels is not judged.
#
#   Not covered: whether the registry has these ids, and whether they are those of the model at `storageUri`: only the registry knows.
# related_resources:
#   - ref: https://www.kubeflow.org/docs/components/model-registry/
#     description: Kubeflow Model Registry
# custom:
#   id: LG-P015
#   severity: medium
#   external: false
#   controls:
#     - NIST SP 800-53 CM-8 (system component inventory)
#     - EU AI Act Art. 12 (record-keeping)
#   systems: [kserve, kubeflow-model-registry]
package lockgate.pipelines.registered_models

import data.lib.lockgate.images
import data.lib.lockgate.models
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "served model is not named in the registry", sprintf("%s is not set", [name]), why, fix) if {
	not unchanged
	some service in services
	some name in ["registered-model-id", "model-version-id"]
	label := sprintf("modelregistry.kubeflow.org/%s", [name])
	not settings.text(object.get(labels(service.value), label, ""))
	path := array.concat(service.path, ["metadata", "labels", label])
	why := "nobody finds what is served where, nor how it was tested"
	fix := sprintf("add the label %s with the id that the registry gave", [label])
}

violation contains report.violation(found.path, "reference to the registry names no version", found.text, why, fix) if {
	not unchanged
	some found in references
	is_registry(found.text)
	not images.placeholder(found.text)
	count(steps(found.text)) < 2
	why := "it is whatever version was added last"
	fix := "write model-registry://MODEL/VERSION"
}

violation contains report.violation(found.path, "model is not referred to by the registry", found.text, why, fix) if {
	not unchanged
	review.parameters.scheme == "required"
	some found in references
	not is_registry(found.text)
	not placeholder_only(found.text)
	why := "what the registry knows of a version is not tied to these bytes"
	fix := "write model-registry://MODEL/VERSION"
}

violation contains report.too_deep(path) if {
	not unchanged
	some path in workloads.too_deep
}

unchanged if {
	updates.unchanged
	labels(input.review.object) == labels(input.review.oldObject)
}

kinds := {"serving.kserve.io/InferenceService", "serving.kserve.io/LLMInferenceService", "serving.kubeflow.org/InferenceService"}

services := [at | some at in workloads.objects; at.name in kinds]

labels(value) := settings.fields(object.get(value, ["metadata", "labels"], {}))

references := [found |
	some found in models.references
	found.use == "model"
	found.how == "field"
	is_string(found.text)
	some service in services
	array.slice(found.path, 0, count(service.path)) == service.path
]

is_registry(text) if startswith(lower(text), "model-registry://")

placeholder_only(text) if regex.match(`^(\$\{|\{\{|\$\()`, text)

steps(text) := [step | some step in split(substring(text, count("model-registry://"), -1), "/"); step != ""]
