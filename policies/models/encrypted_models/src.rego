# METADATA
# title: Models are fetched over TLS
# description: |
#   A model that is fetched over `http://` or `ftp://` can be replaced by whoever stands between, and a model may be code: a pickle runs when it is
#   loaded. Every model, adapter and data set that a workload loads is judged, wherever it is written (`models/pinned_models` says where).
#
#   Hosts of the cluster and its network (`models.ml.svc`, names without a dot, private addresses) may be read without TLS; `insideCluster: refuse`
#   refuses these too. `exemptHosts` names others; `*.example.com` is every host below `example.com`.
#
#   Not covered: endpoints of object stores that are set by variables and Secrets (an `s3://` reference does not say how it is read), and what code in an
#   image fetches.
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
#   systems: [kserve, kubeflow-trainer, kubernetes, ray, sagemaker]
package lockgate.models.encrypted_models

import data.lib.lockgate.hosts
import data.lib.lockgate.models
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates

violation contains report.violation(found.path, sprintf("%s is fetched without TLS", [noun(found.use)]), found.text, why, fix) if {
	not updates.unchanged
	some found in models.references
	is_string(found.text)
	address := hosts.parse(found.text)
	address.scheme in {"ftp", "http"}
	not accepted(address.host)
	why := "whoever stands between decides which bytes are loaded"
	fix := "use https://, or a store that the server reads with its own client (s3://, gs://, oci://)"
}

noun("dataset") := "data set"

noun(use) := use if use in {"adapter", "model"}

noun("volume") := "image volume"

accepted(host) if {
	not review.parameters.insideCluster == "refuse"
	hosts.inside(host)
}

accepted(host) if hosts.listed(host, object.get(review.parameters, "exemptHosts", []))
