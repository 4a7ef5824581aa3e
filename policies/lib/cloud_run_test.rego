package lib.lockgate.cloud_run_test

import data.lib.lockgate.cloud_run

forms(judged) := [[one.kind, one.form] |
	some one in cloud_run.objects with input as {"review": {"object": judged}}
]

test_connector if {
	every kind in ["RunService", "RunJob"] {
		forms({"apiVersion": "run.cnrm.cloud.google.com/v1beta1", "kind": kind, "spec": {}}) == [[kind, "connector"]]
	}
}

test_knative_where_cloud_run_reads_it if {
	service := {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "spec": {}}
	forms(service) == []
	forms(object.union(service, {"metadata": {"annotations": {"run.googleapis.com/ingress": "all"}}})) == [["Service", "knative"]]
	forms(object.union(service, {"metadata": {"labels": {"cloud.googleapis.com/location": "europe-west1"}}})) == [["Service", "knative"]]
	template := {"metadata": {"annotations": {"run.googleapis.com/cpu-throttling": "false"}}}
	forms(object.union(service, {"spec": {"template": template}})) == [["Service", "knative"]]
	forms(object.union(service, {"metadata": {"annotations": {"example.com/run.googleapis.com": "x"}}})) == []
	forms(object.union(service, {"metadata": {"annotations": "x", "labels": ["run.googleapis.com/x"]}})) == []
}
