# METADATA
# title: MLflow's models are loaded by approved modules
# description: |
#   An `MLmodel` says which Python module loads the model, and how it was written. The module must be one of `loaderModules`; with `cloudpickle: deny`, or without
#   that parameter, no flavour may be written by cloudpickle, which runs code when it is loaded; code beside the model (`code`) is refused unless `code: allow`; and with
#   `require`, the signature of its inputs, or the run that made it, must be named.
#
#   A model without an `MLmodel` is not judged here. What is not known of a model is a violation, as `models/scanned_models` has it.
# related_resources:
#   - ref: https://mlflow.org/docs/latest/ml/model/
#     description: MLflow models
# custom:
#   id: LG-M008
#   severity: high
#   external: true
#   controls:
#     - NIST SP 800-53 CM-7 (least functionality)
#     - NIST SP 800-53 SI-3 (malicious code protection)
#   systems: [kserve, mlflow]
package lockgate.models.mlflow_models

import data.lib.lockgate.model_facts
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.workloads

violation contains unknown if some unknown in model_facts.unknown

violation contains report.violation(one.found.path, "model is loaded by a module that is not approved", one.found.text, why, fix) if {
	some one in models
	others := {name | some name in one.entry.loaderModules} - approved
	count(others) > 0
	why := sprintf("it is loaded by %s; approved are: %s", [report.names(others), report.names(approved)])
	fix := "log the model with a flavour of MLflow's own"
}

violation contains report.violation(one.found.path, "model is written by cloudpickle", one.found.text, why, fix) if {
	object.get(review.parameters, "cloudpickle", "deny") == "deny"
	some one in models
	"cloudpickle" in one.entry.serialization
	why := "it runs code when it is loaded"
	fix := "log the model with serialization_format skops, or export it (ONNX)"
}

violation contains report.violation(one.found.path, "model brings code", one.found.text, why, fix) if {
	not review.parameters.code == "allow"
	some one in models
	count(one.entry.code) > 0
	why := sprintf("%s is imported when it is loaded", [report.names({name | some name in one.entry.code})])
	fix := "install the code in the image instead of logging it with the model (code_paths)"
}

violation contains report.violation(one.found.path, sprintf("model names no %s", [words[field]]), one.found.text, why, fix) if {
	some one in models
	some field in object.get(review.parameters, "require", [])
	object.get(one.entry, field, null) in {null, "", false}
	why := "its MLmodel does not say"
	fix := sprintf("log the model with its %s", [words[field]])
}

violation contains report.too_deep(path) if {
	some path in workloads.too_deep
}

words := {"runId": "run", "signature": "signature"}

models := [{"found": one.found, "entry": entry} |
	some one in model_facts.known
	some entry in one.answer.evidence
	entry.kind == "mlflow"
]

approved := {name | some name in object.get(review.parameters, "loaderModules", [])}
