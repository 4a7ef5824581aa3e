package lockgate.serving.sagemaker_isolation_test

import data.lockgate.serving.sagemaker_isolation as rule

made(kind, spec) := {"apiVersion": "sagemaker.services.k8s.aws/v1alpha1", "kind": kind, "metadata": {"name": "m"}, "spec": spec}

said(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

isolated := {"enableNetworkIsolation": true}

all := {"requireVPC": true, "requireEncryption": true}

network := {"vpcConfig": {"subnets": ["subnet-1"], "securityGroupRefs": [{"from": {"name": "sg"}}]}}

test_isolated if {
	every kind in ["Model", "TrainingJob"] {
		said(made(kind, isolated), {}) == set()
		said(made(kind, {"enableNetworkIsolation": "${ISOLATED}"}), {}) == set()
		said(made(kind, {}), {"requireIsolation": false}) == set()
	}
	every kind in ["ProcessingJob", "DataQualityJobDefinition", "ModelQualityJobDefinition"] {
		said(made(kind, {"networkConfig": isolated}), {}) == set()
	}
	said(made("HyperParameterTuningJob", {"trainingJobDefinitions": [isolated, isolated]}), {}) == set()
	said(made("MonitoringSchedule", {"monitoringScheduleConfig": {"monitoringJobDefinitionName": "d"}}), {}) == set()
	said(made("ModelExplainabilityJobDefinition", {}), {}) == set()
	said(made("Endpoint", {}), all) == set()
	said({"apiVersion": "example.com/v1", "kind": "Model", "spec": {}}, all) == set()
}

# What is judged, and where it is lacking.
open := [
	["Model", {}, "spec.enableNetworkIsolation (not set)"],
	["Model", {"enableNetworkIsolation": null}, "spec.enableNetworkIsolation (not set)"],
	["Model", {"enableNetworkIsolation": false}, "spec.enableNetworkIsolation (false)"],
	["Model", {"enableNetworkIsolation": "true"}, "spec.enableNetworkIsolation (true)"],
	["TrainingJob", {}, "spec.enableNetworkIsolation (not set)"],
	["ProcessingJob", {}, "spec.networkConfig.enableNetworkIsolation (not set)"],
	["ProcessingJob", {"networkConfig": "x"}, "spec.networkConfig.enableNetworkIsolation (not set)"],
	["HyperParameterTuningJob", {"trainingJobDefinition": {}}, "spec.trainingJobDefinition.enableNetworkIsolation (not set)"],
	[
		"HyperParameterTuningJob",
		{"trainingJobDefinitions": [isolated, {}]},
		"spec.trainingJobDefinitions[1].enableNetworkIsolation (not set)",
	],
	[
		"MonitoringSchedule",
		{"monitoringScheduleConfig": {"monitoringJobDefinition": {}}},
		"spec.monitoringScheduleConfig.monitoringJobDefinition.networkConfig.enableNetworkIsolation (not set)",
	],
]

test_open if {
	every row in open {
		found := said(made(row[0], row[1]), {})
		count(found) == 1
		some message in found
		startswith(message, concat(" at ", ["container is not cut off from the network", row[2]]))
	}
}

test_network if {
	parameters := {"requireVPC": true, "requireIsolation": false}
	said(made("Model", network), parameters) == set()
	every config in [null, "x", {}, {"subnets": ["a"]}, {"subnets": [], "securityGroupIDs": ["b"]}, {"subnets": 7, "securityGroupIDs": 7}] {
		some message in said(made("Model", {"vpcConfig": config}), parameters)
		startswith(message, "container runs outside of your network at spec.vpcConfig")
	}
	count(said(made("ModelBiasJobDefinition", {}), parameters)) == 1
	said(made("Model", {}), {"requireIsolation": false}) == set()
}

test_encryption if {
	parameters := {"requireEncryption": true, "requireIsolation": false}
	every number in [2, "2"] {
		some message in said(made("TrainingJob", {"resourceConfig": {"instanceCount": number}}), parameters)
		startswith(message, "traffic between instances is not encrypted at spec.enableInterContainerTrafficEncryption")
	}
	groups := {"resourceConfig": {"instanceGroups": [{"instanceCount": 1}, {"instanceCount": 1}]}}
	count(said(made("HyperParameterTuningJob", {"trainingJobDefinition": groups}), parameters)) == 1
	said(made("TrainingJob", object.union(groups, {"enableInterContainerTrafficEncryption": true})), parameters) == set()
	said(made("TrainingJob", {"resourceConfig": {"instanceCount": 1}}), parameters) == set()
	said(made("TrainingJob", {}), parameters) == set()
	said(made("TrainingJob", groups), {"requireIsolation": false}) == set()
}

test_notebook if {
	said(made("NotebookInstance", {"directInternetAccess": "Disabled"}), {}) == set()
	said(made("NotebookInstance", {"directInternetAccess": "$ACCESS"}), {}) == set()
	every value in ["Enabled", "disabled", null, true, []] {
		some message in said(made("NotebookInstance", {"directInternetAccess": value}), {"requireIsolation": false})
		startswith(message, "notebook reaches the internet at spec.directInternetAccess")
	}
	count(said(made("NotebookInstance", {}), {})) == 1
}

test_updates if {
	old := made("Model", {})
	marked := object.union(old, {"status": {"ready": true}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": marked, "oldObject": old}}
	new := made("Model", {"modelName": "n"})
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": new, "oldObject": old}}
}
