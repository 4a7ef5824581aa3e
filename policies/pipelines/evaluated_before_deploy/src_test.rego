package lockgate.pipelines.evaluated_before_deploy_test

import data.lockgate.pipelines.evaluated_before_deploy as rule

document(root, components) := {"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "KubeflowPipeline", "metadata": {"name": "p"}, "spec": {
	"pipelineInfo": {"name": "p"},
	"components": components,
	"root": {"dag": {"tasks": root}},
}}

said(root, components, parameters) := {violation.details.path |
	some violation in rule.violation with input as {"review": {"object": document(root, components)}, "parameters": parameters}
}

after(names) := {"dependentTasks": names}

fed_by(name) := {"inputs": {"artifacts": {"model": {"taskOutputArtifact": {"producerTask": name, "outputArtifactKey": "m"}}}}}

asked(name) := {"inputs": {"parameters": {"auc": {"taskOutputParameter": {"producerTask": name, "outputParameterKey": "m"}}}}}

deploy := {["spec", "root", "dag", "tasks", "deploy-model"]}

test_the_order if {
	said({"train": {}, "deploy-model": after(["train"])}, {}, {}) == deploy
	said({"train": {}, "evaluate": after(["train"]), "deploy-model": after(["evaluate"])}, {}, {}) == set()
	said({"train": {}, "evaluate": fed_by("train"), "deploy-model": asked("evaluate")}, {}, {}) == set()
	said({"train": {}, "evaluate": fed_by("train"), "report": fed_by("evaluate"), "deploy-model": fed_by("report")}, {}, {}) == set()
	said({"train": {}, "evaluate": fed_by("deploy-model"), "deploy-model": fed_by("train")}, {}, {}) == deploy
	said({"evaluate": {}, "deploy-model": {}}, {}, {}) == deploy
	said({"validate-data": {}, "deploy-model": after(["gone"])}, {}, {}) == deploy
	said({"deploy-model": {"dependentTasks": [7]}}, {}, {}) == deploy
	said({"train": {}}, {}, {}) == set()
}

test_words if {
	every name in ["register", "model-upload", "upload-model", "promote-to-production", "Deploy", "rollout"] {
		count(said({name: {}}, {}, {})) == 1
	}
	every name in ["train", "preserve-data", "undeployed", "unregistered", "upload-report"] {
		said({name: {}}, {}, {}) == set()
	}
	said({"step-1": {"componentRef": {"name": "comp-deploy"}}}, {}, {}) == {["spec", "root", "dag", "tasks", "step-1"]}
	said({"latest": {}, "deploy-model": after(["latest"])}, {}, {}) == deploy
	said({"deploy-model": {}}, {}, {"exempt": ["deploy-model"]}) == set()
	said({"deploy-model": {}}, {}, {"deploys": ["ship"]}) == set()
	said({"ship-it": {}}, {}, {"deploys": ["ship", ".*"]}) == {["spec", "root", "dag", "tasks", "ship-it"]}
	said({"look": {}, "deploy-model": after(["look"])}, {}, {"evaluations": ["look"]}) == set()
}

condition(inner) := {"comp-condition-1": {"dag": {"tasks": inner}}}

outer(fields) := object.union({"componentRef": {"name": "comp-condition-1"}}, fields)

inside := {["spec", "components", "comp-condition-1", "dag", "tasks", "deploy-model"]}

test_graphs_inside_of_graphs if {
	said({"evaluate": {}, "condition-1": outer(asked("evaluate"))}, condition({"deploy-model": {}}), {}) == set()
	said({"evaluate": {}, "condition-1": outer({})}, condition({"deploy-model": {}}), {}) == inside
	said({"condition-1": outer({})}, condition({"evaluate": {}, "deploy-model": {}}), {}) == inside
	said({"condition-1": outer({})}, condition({"evaluate": {}, "deploy-model": after(["evaluate"])}), {}) == set()
	said({"condition-1": outer({}), "deploy-model": after(["condition-1"])}, condition({"evaluate": {}}), {}) == set()
	said({"condition-1": outer({}), "deploy-model": {}}, condition({"evaluate": {}}), {}) == deploy
}

test_updates if {
	version := {"apiVersion": "pipelines.kubeflow.org/v2beta1", "kind": "PipelineVersion", "spec": {"pipelineSpec": {"root": {"dag": {"tasks": {"deploy": {}}}}}}}
	count(rule.violation) == 1 with input as {"review": {"object": version}}
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(version, {"status": {}}), "oldObject": version}}
	count(rule.violation) == 0 with input as {"review": {"operation": "DELETE", "object": version}}
}
