package lockgate.pipelines.cluster_queues_test

import data.lockgate.pipelines.cluster_queues as rule

queue(spec) := {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "ClusterQueue", "metadata": {"name": "team"}, "spec": spec}

said(judged, parameters) := {[split(violation.msg, " at ")[0], violation.details.path] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

all := {["queue is open to every namespace", ["spec", "namespaceSelector"]]}

test_selectors if {
	every selector in [{}, {"matchLabels": {}}, {"matchExpressions": [], "matchLabels": null}] {
		said(queue({"namespaceSelector": selector}), {}) == all
		said(queue({"namespaceSelector": selector}), {"allNamespaces": ["team"]}) == set()
	}
	every selector in [null, {"matchLabels": {"team": "a"}}, {"matchExpressions": [{"key": "team", "operator": "Exists"}]}] {
		said(queue({"namespaceSelector": selector}), {}) == set()
	}
	said(queue({}), {}) == set()
}

flavors(quotas) := [{"coveredResources": ["nvidia.com/gpu"], "flavors": [{"name": "f", "resources": [object.union({"name": "nvidia.com/gpu"}, quota)]} | some quota in quotas]}]

given := {"maxQuota": {"nvidia.com/gpu": 16}}

many := {["queue has more nvidia.com/gpu than allowed", ["spec", "resourceGroups"]]}

test_quotas if {
	said(queue({"resourceGroups": flavors([{"nominalQuota": 8}, {"nominalQuota": "8"}])}), given) == set()
	said(queue({"resourceGroups": flavors([{"nominalQuota": 8}, {"nominalQuota": 9}])}), given) == many
	said(queue({"resourceGroups": flavors([{"nominalQuota": "1k"}])}), given) == many
	said(queue({"resourceGroups": flavors([{"nominalQuota": 99}])}), {}) == set()
	said(queue({"resourceGroups": flavors([{"nominalQuota": "many"}])}), given) == many
	said(queue({"resourceGroups": flavors([{"nominalQuota": "${GPUS}"}])}), given) == set()
	said(queue({"cohort": "c", "resourceGroups": flavors([{"nominalQuota": 8}])}), given) == many
	said(queue({"cohortName": "c", "resourceGroups": flavors([{"nominalQuota": 8, "borrowingLimit": 8}])}), given) == set()
	said(queue({"cohortName": "c", "resourceGroups": flavors([{"nominalQuota": 8, "borrowingLimit": 9}])}), given) == many
	said(queue({"resourceGroups": "odd"}), given) == set()
}

configuration(fields) := object.union({"apiVersion": "config.kueue.x-k8s.io/v1beta2", "kind": "Configuration"}, fields)

excluding(prefix) := configuration({"resources": {"excludeResourcePrefixes": [prefix]}})

test_uncounted_devices if {
	every prefix in ["nvidia.com/", "nvidia.com/gpu", "nvidia", "google.com/tpu", "", "nvidia.com/mig-1g", "deviceclass.resource.kubernetes.io/gpu"] {
		said(excluding(prefix), {}) == {["devices are not counted", ["resources"]]}
	}
	every prefix in ["example.com/", "ephemeral-storage", 7] {
		said(excluding(prefix), {}) == set()
	}
}

in_a_map(text) := {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kueue-manager-config"}, "data": {"controller_manager_config.yaml": text}}

test_config_maps if {
	path := ["data", "controller_manager_config.yaml"]
	said(in_a_map(yaml.marshal(excluding("nvidia.com/"))), {}) == {["devices are not counted", path]}
	said(in_a_map(yaml.marshal(configuration({}))), {"queueNames": "required"}) == {["jobs without a queue are let through", path]}
	said(in_a_map("a: ["), {"queueNames": "required"}) == set()
	said(in_a_map("kind: Other"), {"queueNames": "required"}) == set()
}

test_queue_names if {
	required := {"queueNames": "required"}
	said(configuration({}), required) == {["jobs without a queue are let through", ["manageJobsWithoutQueueName"]]}
	said(configuration({"manageJobsWithoutQueueName": "true"}), required) == {["jobs without a queue are let through", ["manageJobsWithoutQueueName"]]}
	said(configuration({"manageJobsWithoutQueueName": true}), required) == set()
	said(configuration({}), {}) == set()
}

test_updates if {
	judged := queue({"namespaceSelector": {}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(judged, {"status": {}}), "oldObject": judged}}
	count(rule.violation) == 0 with input as {"review": {"operation": "DELETE", "object": judged}}
}
