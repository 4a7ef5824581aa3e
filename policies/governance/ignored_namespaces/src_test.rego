package lockgate.governance.ignored_namespaces_test

import data.lockgate.governance.ignored_namespaces as rule

said(review, parameters) := {violation.details.path | some violation in rule.violation with input as {"review": review, "parameters": parameters}}

namespace(name, labels) := {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}

ignored := {"admission.gatekeeper.sh/ignore": "no-self-managing"}

place := ["metadata", "labels", "admission.gatekeeper.sh/ignore"]

test_labels if {
	said({"object": namespace("team", ignored)}, {}) == {place}
	said({"object": namespace("team", {"admission.gatekeeper.sh/ignore": ""})}, {}) == {place}
	said({"object": namespace("team", {"other": "x"})}, {}) == set()
	said({"object": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}}, {}) == set()
	said({"object": namespace("gatekeeper-system", ignored)}, {}) == set()
	said({"object": namespace("team", ignored)}, {"allowedNamespaces": ["team"]}) == set()
	said({"object": namespace("kube-system", ignored)}, {"allowedNamespaces": ["team"]}) == {place}
}

test_updates if {
	said({"object": namespace("team", ignored), "oldObject": namespace("team", ignored), "operation": "UPDATE"}, {}) == set()
	said({"object": namespace("team", ignored), "oldObject": namespace("team", {}), "operation": "UPDATE"}, {}) == {place}
}

config(entry) := {"apiVersion": "config.gatekeeper.sh/v1alpha1", "kind": "Config", "spec": {"match": [entry]}}

test_configs if {
	every processes in [["*"], ["audit", "webhook"]] {
		said({"object": config({"excludedNamespaces": ["kube-system", "*"], "processes": processes})}, {}) == {["spec", "match", 0, "excludedNamespaces", 1]}
	}
	said({"object": config({"excludedNamespaces": ["*"]})}, {}) == {["spec", "match", 0, "excludedNamespaces", 0]}
	said({"object": config({"excludedNamespaces": ["*"], "processes": ["audit"]})}, {}) == set()
	said({"object": config({"excludedNamespaces": ["kube-*"], "processes": ["*"]})}, {}) == set()
	said({"object": {"apiVersion": "config.gatekeeper.sh/v1alpha1", "kind": "Config", "spec": 7}}, {}) == set()
}
