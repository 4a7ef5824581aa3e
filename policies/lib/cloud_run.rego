# METADATA
# title: What Cloud Run runs
# description: |
#   Services and jobs of Cloud Run in the two forms that manifests have: Config Connector's RunService and RunJob, and Knative's Service
#   as Cloud Run reads it. https://cloud.google.com/run/docs/reference/yaml/v1
package lib.lockgate.cloud_run

import data.lib.lockgate.workloads

# METADATA
# description: |
#   They, as `{"path", "kind", "form", "value"}`; `form` is `connector` or `knative`, and `kind` is `RunService`, `RunJob` or `Service`.
objects := [{"path": at.path, "kind": kind, "form": form, "value": at.value} |
	some at in workloads.objects
	form := form_of(at)
	kind := split(at.name, "/")[1]
]

form_of(at) := "connector" if at.name in {"run.cnrm.cloud.google.com/RunService", "run.cnrm.cloud.google.com/RunJob"}

form_of(at) := "knative" if {
	at.name == "serving.knative.dev/Service"
	for_cloud_run(at.value)
}

# Nothing in Knative's own form says whose it is but these.
for_cloud_run(value) if {
	some field in ["annotations", "labels"]
	some path in [["metadata"], ["spec", "template", "metadata"]]
	some name, _ in object.get(value, array.concat(path, [field]), {})
	is_string(name)
	regex.match(`^(run|cloud)\.googleapis\.com/`, name)
}
