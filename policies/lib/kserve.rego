# METADATA
# title: InferenceServices, read
# description: |
#   The components of KServe's InferenceServices and what they say of their models, in the groups that the kind has had.
#   https://kserve.github.io/website/docs/reference/crd-api
package lib.lockgate.kserve

import data.lib.lockgate.workloads

# METADATA
# description: |
#   The InferenceServices, as `{"path", "value", "version"}`; `version` is what follows the group in `apiVersion`.
services := [{"path": at.path, "value": at.value, "version": version} |
	some at in workloads.objects
	at.name in workloads.inference_services
	version := split(at.value.apiVersion, "/")[1]
]

# METADATA
# description: |
#   The components that are objects, as `{"path", "name", "value", "service"}`; `name` is `predictor`, `transformer` or `explainer`, and
#   `service` the entry of `services`. Those of v1alpha2 stand elsewhere and are not here.
components := [{"path": array.concat(service.path, ["spec", name]), "name": name, "value": value, "service": service} |
	some service in services
	some name in ["predictor", "transformer", "explainer"]
	value := service.value.spec[name]
	is_object(value)
]

# METADATA
# description: Fields of a predictor that name a framework, as was done before `model`.
frameworks := {
	"huggingface", "lightgbm", "onnx", "paddle", "pmml",
	"pytorch", "sklearn", "tensorflow", "triton", "xgboost",
}

# METADATA
# description: |
#   What is said about the models of predictors, as `{"path", "field", "value", "predictor"}`: `model`, or the field of a framework; an empty one
#   (`sklearn: {}` or null) is there too.
models := [{"path": array.concat(component.path, [field]), "field": field, "value": value, "predictor": component} |
	some component in components
	component.name == "predictor"
	some field, value in component.value
	field in (frameworks | {"model"})
]
