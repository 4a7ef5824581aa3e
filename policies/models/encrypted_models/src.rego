# METADATA
# title: Models are fetched over TLS
# description: |
#   A model that is fetched over `http://` or `ftp://` can be replaced by whoever stands between, and a model may be code: a pickle runs when it is
#   loaded. Every model, adapter and data set that a workload loads is judged, wherever it is written (`models/pinned_models` says where), and so are
#   variables that say where models are asked for (`HF_ENDPOINT`, `AWS_ENDPOINT_URL`, `MLFLOW_TRACKING_URI` and
#   their like).
#
#   Secrets that KServe reads for S3 are judged too: the annotations `serving.kserve.io/s3-usehttps` and `s3-verifyssl`, and `endpoint_url` and `verify_ssl` of
#   its storage configurations in `stringData`.
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
import data.lib.lockgate.workloads

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

violation contains report.violation(one.path, "store of models is read without verified TLS", one.shown, why, one.fix) if {
	not updates.unchanged_annotated
	some one in stores
	not is_inside(with_scheme(one.endpoint))
	why := "whoever stands between decides which bytes are loaded, and is sent the credentials"
}

# KServe's annotations of a Secret, and its storage configurations. Without an endpoint it is that of AWS.
stores := array.concat(
	[{"path": array.concat(at.path, ["metadata", "annotations", name]), "shown": sprintf("%s: %v", [name, value]), "endpoint": endpoint, "fix": sprintf("leave out %s, or set it to 1", [name])} |
		some at in secrets
		some name in ["serving.kserve.io/s3-usehttps", "serving.kserve.io/s3-verifyssl"]
		value := at.value.metadata.annotations[name]
		lower(sprintf("%v", [value])) in {"0", "false"}
		endpoint := object.get(at.value.metadata.annotations, "serving.kserve.io/s3-endpoint", aws)
	],
	[{"path": array.concat(at.path, ["stringData", name]), "shown": "verify_ssl or endpoint_url", "endpoint": endpoint, "fix": "use https:// in endpoint_url, and leave out verify_ssl"} |
		some at in secrets
		some name, text in at.value.stringData
		json.is_valid(text)
		config := json.unmarshal(text)
		config.type == "s3"
		endpoint := object.get(config, "endpoint_url", aws)
		is_open(config, endpoint)
	],
)

aws := "https://s3.amazonaws.com"

secrets := [at | some at in workloads.objects; at.name == "/Secret"]

is_open(config, _) if lower(sprintf("%v", [config.verify_ssl])) in {"0", "false"}

is_open(_, endpoint) if startswith(lower(endpoint), "http://")

is_inside(url) if accepted(hosts.parse(url).host)

# A Service and its namespace, with the port of a store: nobody's domain.
is_inside(url) if {
	not review.parameters.insideCluster == "refuse"
	regex.match(`^https?://[a-z0-9-]+\.[a-z0-9-]+:[0-9]{4,5}/?$`, url)
}

with_scheme(endpoint) := endpoint if {
	contains(endpoint, "://")
} else := sprintf("https://%s", [endpoint])

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
