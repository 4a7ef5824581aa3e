# METADATA
# title: An MLmodel says what it takes, where it is from, and loads no pickles
# description: |
#   The file `MLmodel` beside a model that MLflow saved is what a server goes by when it loads it. It must have a `signature` of its inputs, without which a server takes anything, and with `run: required`
#   the `run_id` that made it. No flavour may be written by pickle or cloudpickle (`serialization_format`, or a `python_model` of MLflow's own pyfunc), which run code as they are loaded,
#   unless `pickles` is `allow`; and no flavour may bring code (`code`) that is imported then, unless `code` is `allow`.
#
#   Files in a repository are judged, as `documents.lockgate.dev MLmodel`; nothing of the kind reaches a cluster. `models/mlflow_models` asks the same of models that a workload loads,
#   by their signed facts.
#
#   Not covered: whether the files beside it are what it says; `lockgate scan` looks at them.
# related_resources:
#   - ref: https://mlflow.org/docs/latest/ml/model/
#     description: MLflow models
# custom:
#   id: LG-P019
#   severity: medium
#   external: false
#   controls:
#     - NIST SP 800-53 SI-3 (malicious code protection)
#     - NIST SP 800-53 SI-10 (information input validation)
#   systems: [mlflow]
package lockgate.pipelines.mlflow_documents

import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.workloads

violation contains report.violation(path, "model has no signature", "signature is not set", why, fix) if {
	some model in models
	object.get(model.value, "signature", null) in {null, "", {}}
	path := array.concat(model.path, ["signature"])
	why := "its server takes any input, and a change of it is noticed by nobody"
	fix := "log the model with a signature (infer_signature)"
}

violation contains report.violation(path, "model names no run", "run_id is not set", why, fix) if {
	review.parameters.run == "required"
	some model in models
	object.get(model.value, "run_id", null) in {null, ""}
	path := array.concat(model.path, ["run_id"])
	why := "nobody can tell what it was made from"
	fix := "log the model inside of a run"
}

violation contains report.violation(found.path, "model is loaded from a pickle", found.shown, why, fix) if {
	not review.parameters.pickles == "allow"
	some found in pickles
	why := "it runs code when it is loaded"
	fix := "log the model with serialization_format skops, or export it (ONNX, safetensors)"
}

violation contains report.violation(path, "model brings code", code, why, fix) if {
	not review.parameters.code == "allow"
	some flavor in flavors
	code := object.get(flavor.value, "code", null)
	not code in {null, "", [], {}}
	path := array.concat(flavor.path, ["code"])
	why := "it is imported when the model is loaded"
	fix := "install the code in the image instead of logging it with the model (code_paths)"
}

violation contains report.violation(path, "flavours cannot be read", value, why, fix) if {
	some model in models
	value := object.get(model.value, "flavors", null)
	not is_object(value)
	path := array.concat(model.path, ["flavors"])
	why := "how it is loaded cannot be told"
	fix := "write a mapping of flavours, as MLflow does"
}

models := [{"path": array.concat(at.path, ["spec"]), "value": at.value.spec} |
	some at in workloads.objects
	at.name == "documents.lockgate.dev/MLmodel"
	is_object(at.value.spec)
]

flavors := [{"path": array.concat(model.path, ["flavors", name]), "name": name, "value": value} |
	some model in models
	some name, value in model.value.flavors
	is_object(value)
]

pickles := array.concat(
	[{"path": array.concat(flavor.path, ["serialization_format"]), "shown": format} |
		some flavor in flavors
		format := flavor.value.serialization_format
		not harmless(format)
	],
	[{"path": array.concat(flavor.path, ["python_model"]), "shown": flavor.value.python_model} |
		some flavor in flavors
		flavor.name == "python_function"
		is_string(flavor.value.python_model)
		regex.match(`(?i)\.(pkl|pickle|cloudpickle)$`, flavor.value.python_model)
	],
)

# Formats that hold no code; whatever else a flavour calls it may.
harmless(format) if {
	is_string(format)
	lower(format) in {"safetensors", "skops"}
}

harmless(null)
