package lockgate.serving.canary_rollout_test

import data.lockgate.serving.canary_rollout as rule

service(annotations, predictor) := {
	"apiVersion": "serving.kserve.io/v1beta1",
	"kind": "InferenceService",
	"metadata": {"name": "s", "namespace": "shop-prod", "annotations": annotations},
	"spec": {"predictor": predictor},
}

model(uri, more) := service({}, object.union(more, {"model": {"storageUri": uri}}))

said(new, old, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"operation": "UPDATE", "object": new, "oldObject": old}, "parameters": parameters}
}

at_once(new, old) if {
	[message] := [message | some message in said(new, old, {})]
	startswith(message, "model is replaced at once at spec.predictor.canaryTrafficPercent (")
}

test_replaced if {
	at_once(model("s3://m/2", {}), model("s3://m/1", {}))
	at_once(model("s3://m/2", {"canaryTrafficPercent": 51}), model("s3://m/1", {}))
	at_once(model("s3://m/2", {"canaryTrafficPercent": "10"}), model("s3://m/1", {}))
	at_once(model("s3://m/2", {"canaryTrafficPercent": -1}), model("s3://m/1", {}))
	said(model("s3://m/2", {"canaryTrafficPercent": 50}), model("s3://m/1", {}), {}) == set()
	said(model("s3://m/2", {"canaryTrafficPercent": "${PERCENT}"}), model("s3://m/1", {}), {}) == set()
	count(said(model("s3://m/2", {"canaryTrafficPercent": 50}), model("s3://m/1", {}), {"maximumPercent": 10})) == 1
}

test_what_changes if {
	at_once(service({}, {"sklearn": {"storageUri": "s3://m/2"}}), service({}, {"sklearn": {"storageUri": "s3://m/1"}}))
	at_once(service({}, {"containers": [{"image": "i:2"}]}), service({}, {"containers": [{"image": "i:1"}]}))
	at_once(service({}, {"model": {}, "storageUris": [{"uri": "s3://m/2"}]}), service({}, {"model": {}, "storageUris": [{"uri": "s3://m/1"}]}))
	at_once(service({}, {"model": {"runtimeVersion": "2"}}), service({}, {"model": {"runtimeVersion": "1"}}))
	said(model("s3://m/1", {"minReplicas": 3}), model("s3://m/1", {}), {}) == set()
	said(model("s3://m/1", {}), model("s3://m/1", {"canaryTrafficPercent": 10}), {}) == set()
	said(service({}, {"model": {"resources": {"limits": {"cpu": 2}}}}), service({}, {"model": {}}), {}) == set()
}

test_what_is_not_judged if {
	count(rule.violation) == 0 with input as {"review": {"operation": "CREATE", "object": model("s3://m/1", {})}, "parameters": {}}
	every mode in ["ModelMesh", "RawDeployment", "Standard"] {
		annotations := {"serving.kserve.io/deploymentMode": mode}
		said(service(annotations, {"model": {"storageUri": "s3://m/2"}}), service(annotations, {"model": {"storageUri": "s3://m/1"}}), {}) == set()
	}
	elsewhere := json.patch(model("s3://m/2", {}), [{"op": "replace", "path": "/metadata/namespace", "value": "shop"}])
	said(elsewhere, model("s3://m/1", {}), {}) == set()
	count(said(elsewhere, model("s3://m/1", {}), {"assumed": "production"})) == 1
}

test_odd if {
	every old in [{}, {"spec": null}, {"spec": {"predictor": "x"}}, null] {
		said(model("s3://m/2", {}), old, {}) == set()
	}
	every predictor in [null, "x", []] {
		said(service({}, predictor), model("s3://m/1", {}), {}) == set()
	}
	at_once(service(null, {"model": "x", "containers": "y"}), model("s3://m/1", {}))
}
