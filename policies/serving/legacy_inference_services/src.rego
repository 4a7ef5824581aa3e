# METADATA
# title: InferenceServices are of the present API
# description: |
#   KServe reads InferenceServices of `serving.kserve.io/v1beta1` whose predictor says what to serve under `model`. Refused are the
#   group `serving.kubeflow.org` and the version v1alpha2, which KServe does not serve any more, and fields that name a framework
#   (`predictor.sklearn`), from which KServe guesses a runtime and which say neither runtime nor protocol. A predictor with
#   two of these fields is refused by KServe.
#
#   `allowFrameworkFields: true` accepts the fields of frameworks and judges the rest.
#
#   An update that leaves the spec as it was is not judged.
#
#   Not covered: fields of explainers, and annotations that newer versions of KServe have other words for.
# related_resources:
#   - ref: https://kserve.github.io/website/docs/reference/crd-api
#     description: KServe's API
# custom:
#   id: LG-S001
#   severity: low
#   external: false
#   systems: [kserve]
#   controls:
#     - NIST SP 800-53 SA-22 (unsupported system components)
#     - NIST SP 800-53 CM-2 (baseline configuration)
package lockgate.serving.legacy_inference_services

import data.lib.lockgate.kserve
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates

violation contains report.violation(path, "InferenceService is of a retired API", shown, why, fix) if {
	not updates.unchanged
	some service in kserve.services
	retired(service)
	path := array.concat(service.path, ["apiVersion"])
	shown := service.value.apiVersion
	why := "KServe does not read it, so nothing is served or an old object goes on"
	fix := "write apiVersion: serving.kserve.io/v1beta1, with what to serve under spec.predictor.model"
}

violation contains report.violation(one.path, "predictor names a framework", one.field, why, fix) if {
	not updates.unchanged
	not review.parameters.allowFrameworkFields == true
	some one in kserve.models
	not retired(one.predictor.service)
	one.field != "model"
	count(said_by(one.predictor)) == 1
	why := "KServe guesses the runtime from it, and a runtime that is added to the cluster may take its place"
	fix := sprintf("write what is below %s under model, with modelFormat.name: %s", [one.field, format(one.field)])
}

violation contains report.violation(predictor.path, "predictor says twice what to serve", shown, why, fix) if {
	not updates.unchanged
	some predictor in kserve.components
	predictor.name == "predictor"
	not retired(predictor.service)
	fields := said_by(predictor)
	count(fields) > 1
	shown := report.names(fields)
	why := "KServe refuses a predictor with more than one of these fields"
	fix := "keep model, and take the others away"
}

retired(service) if not startswith(service.value.apiVersion, "serving.kserve.io/")

retired(service) if service.version == "v1alpha2"

said_by(predictor) := {one.field | some one in kserve.models; one.predictor.path == predictor.path}

# Triton serves many formats, and the field does not say which.
format("triton") := "the model's own, and runtime: kserve-tritonserver"

format(field) := field if field != "triton"
