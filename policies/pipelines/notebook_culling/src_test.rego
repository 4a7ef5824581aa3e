package lockgate.pipelines.notebook_culling_test

import data.lockgate.pipelines.notebook_culling as rule

settings(values) := {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": values}

said(judged, parameters) := {[split(violation.msg, " at ")[0], violation.details.path] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

idle := "idle notebooks are not stopped"

late := "idle notebooks are stopped late"

test_config_maps if {
	said(settings({"USE_ISTIO": "true"}), {}) == set()
	said(settings({"ENABLE_CULLING": "true", "CULL_IDLE_TIME": "1440"}), {}) == set()
	said(settings({"ENABLE_CULLING": true, "CULL_IDLE_TIME": 60}), {}) == set()
	said(settings({"ENABLE_CULLING": "${CULLING}"}), {}) == set()
	every value in ["false", "", "TRUE", false, null, 1] {
		said(settings({"ENABLE_CULLING": value}), {}) == {[idle, ["data", "ENABLE_CULLING"]]}
	}
	every value in ["1441", "", "12h", -1, null] {
		said(settings({"CULL_IDLE_TIME": value}), {}) == {[late, ["data", "CULL_IDLE_TIME"]]}
	}
	said(settings({"CULL_IDLE_TIME": "120"}), {"maxIdleMinutes": 60}) == {[late, ["data", "CULL_IDLE_TIME"]]}
	said(settings("odd"), {}) == set()
}

deployment(env) := {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"name": "manager", "env": env}]}}}}

test_containers if {
	path := ["spec", "template", "spec", "containers", 0, "env", 0, "value"]
	said(deployment([{"name": "ENABLE_CULLING", "value": "false"}]), {}) == {[idle, path]}
	said(deployment([{"name": "ENABLE_CULLING"}]), {}) == {[idle, path]}
	said(deployment([{"name": "ENABLE_CULLING", "value": "true"}]), {}) == set()
	said(deployment([{"name": "ENABLE_CULLING", "valueFrom": {"configMapKeyRef": {"name": "c"}}}]), {}) == set()
	said(deployment([{"name": "CULL_IDLE_TIME", "value": "10000"}]), {}) == {[late, path]}
}
