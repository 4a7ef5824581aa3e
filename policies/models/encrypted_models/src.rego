# METADATA
# title: Models are fetched over TLS
# description: |
#   A model that is fetched over `http://` or `ftp://` can be replaced by whoever stands between, and a model may be code: a pickle runs when it is
#   loaded. Every model, adapter and data set that a workload loads is judged, wherever it is written (`models/pinned_models` says where), and so are
#   variables that say where models are asked for (`HF_ENDPOINT`, `AWS_ENDPOINT_URL`, `MLFLOW_TRACKING_URI` and
#   their like).
#
#   Hosts of the cluster and its network (`models.ml.svc`, names without a dot, private addresses) may be read without TLS; `insideCluster: refuse`
#   refuses these too. `exemptHosts` names others; `*.example.com` is every host below `example.com`.
#
#   Not covered: endpoints of object stores that Secrets set (an `s3://` reference does not say how it is read), what code in an image
#   fetches, and artifacts of workflows (pipelines/workflow_inputs).
# related_resources:
#   - ref: https://kserve.github.io/website/docs/model-serving/storage/providers/uri
#     description: Models by URL in KServe
#   - ref: https://docs.python.org/3/library/pickle.html
#     description: Security of pickle
# custom:
#   id: LG-M010
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 SC-8 (transmission confidentiality and integrity)
#     - NIST SP 800-53 SI-7 (software integrity)
#   systems: [kserve, kubeflow-trainer, kubernetes, mlflow, ray, sagemaker]
package lockgate.models.encrypted_models

import data.lib.lockgate.hosts
import data.lib.lockgate.models
import data.lib.lockgate.programs
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates

violation contains report.violation(found.path, sprintf("%s is fetched without TLS", [found.what]), found.text, why, fix) if {
	not updates.unchanged
	some found in named
	is_string(found.text)
	address := hosts.parse(found.text)
	address.scheme in {"ftp", "http"}
	not accepted(address.host)
	why := "whoever stands between decides which bytes are loaded"
	fix := "use https://, or a store that the server reads with its own client (s3://, gs://, oci://)"
}

named := array.concat(
	[{"path": found.path, "text": found.text, "what": noun(found.use)} | some found in models.references],
	[{"path": variable.path, "text": variable.value, "what": sprintf("what %s names", [variable.name])} |
		some variable in programs.variables
		variable.name in endpoints
	],
)

endpoints := {
	"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_S3_ENDPOINT", "FSSPEC_S3_ENDPOINT_URL", "HF_ENDPOINT", "MLFLOW_S3_ENDPOINT_URL",
	"MLFLOW_TRACKING_URI", "S3_ENDPOINT", "S3_ENDPOINT_URL", "WANDB_BASE_URL",
}

noun("dataset") := "data set"

noun(use) := use if use in {"adapter", "model"}

noun("volume") := "image volume"

accepted(host) if {
	not review.parameters.insideCluster == "refuse"
	hosts.inside(host)
}

accepted(host) if hosts.listed(host, object.get(review.parameters, "exemptHosts", []))
