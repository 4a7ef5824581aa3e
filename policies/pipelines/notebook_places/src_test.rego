package lockgate.pipelines.notebook_places_test

import data.lockgate.pipelines.notebook_places as rule

notebook(pod) := {
	"apiVersion": "kubeflow.org/v1", "kind": "Notebook", "metadata": {"name": "n", "namespace": "team-a"},
	"spec": {"template": {"spec": pod}},
}

said(pod, parameters) := {[split(violation.msg, " at ")[0], array.slice(violation.details.path, 3, 9)] |
	some violation in rule.violation with input as {"review": {"object": notebook(pod)}, "parameters": parameters}
}

messages(judged, parameters) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {"review": judged, "parameters": parameters}
}

astray := "notebook is where none may be"

test_namespaces if {
	messages({"object": notebook({})}, {}) == set()
	messages({"object": notebook({})}, {"allowedNamespaces": ["team-a"]}) == set()
	messages({"object": notebook({})}, {"allowedNamespaces": []}) == {astray}
	nameless := object.remove(notebook({}), ["metadata"])
	messages({"object": nameless, "namespace": "team-a"}, {"allowedNamespaces": ["team-a"]}) == set()
	messages({"object": nameless}, {"allowedNamespaces": ["team-a"]}) == {astray}
	messages({"object": object.union(nameless, {"metadata": {"namespace": 7}})}, {"allowedNamespaces": ["team-a"]}) == {astray}
}

node := "notebook reaches the node"

test_the_node if {
	said({"hostNetwork": true, "hostPID": false, "hostIPC": null}, {}) == {[node, ["hostNetwork"]]}
	said({"hostPID": "true"}, {}) == {[node, ["hostPID"]]}
	said({"volumes": [{"emptyDir": {}}, {"hostPath": {"path": "/"}}]}, {}) == {[node, ["volumes", 1, "hostPath"]]}
	said({"volumes": [{"hostPath": {}}]}, {}) == {[node, ["volumes", 0, "hostPath"]]}
	said({"securityContext": {"runAsUser": 0}}, {}) == {[node, ["securityContext", "runAsUser"]]}
	container := {"securityContext": {"privileged": true, "capabilities": {"add": ["SYS_ADMIN"], "drop": ["ALL"]}}}
	said({"containers": [container]}, {}) == {
		[node, ["containers", 0, "securityContext", "privileged"]],
		[node, ["containers", 0, "securityContext", "capabilities", "add"]],
	}
	said({"initContainers": [{}, {"securityContext": {"privileged": "yes"}}]}, {}) == {[node, ["initContainers", 1, "securityContext", "privileged"]]}
	said({"containers": [{"securityContext": {"privileged": false, "runAsUser": 1000, "capabilities": {"add": []}}}, "odd"], "volumes": "odd"}, {}) == set()
}

test_images if {
	given := {"allowedImages": ["registry.example.com/notebooks"]}
	said({"containers": [{"image": "registry.example.com/notebooks/torch:v1"}]}, given) == set()
	every image in ["registry.example.com/notebooks-evil/torch", "jupyter", 7, "${IMAGE}"] {
		said({"containers": [{"image": image}]}, given) == {["image of a notebook is not approved", ["containers", 0, "image"]]}
	}
	said({"containers": ["odd", {"image": "jupyter"}]}, given) == {["image of a notebook is not approved", ["containers", 1, "image"]]}
	said({"containers": [{"name": "n"}]}, given) == {["image of a notebook is not approved", ["containers", 0, "image"]]}
	said({"containers": [{"image": "jupyter"}]}, {}) == set()
}

with_gpus(gpus) := {"containers": [{"resources": {"limits": {"nvidia.com/gpu": gpus, "cpu": 4}}}]}

test_devices if {
	given := {"maxDevices": 1}
	said(with_gpus(1), given) == set()
	said({"containers": [{}]}, {"maxDevices": 0}) == set()
	said(with_gpus(8), {}) == set()
	every gpus in [2, "8", "${GPUS}"] {
		said(with_gpus(gpus), given) == {["notebook takes more devices than allowed", ["containers", 0, "resources", "limits", "nvidia.com/gpu"]]}
	}
}

test_updates if {
	judged := notebook({"hostPID": true})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(judged, {"metadata": {"annotations": {"kubeflow-resource-stopped": "now"}}}), "oldObject": judged}}
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": notebook({})}}
	count(rule.violation) == 0 with input as {"review": {"operation": "DELETE", "object": judged}}
}
