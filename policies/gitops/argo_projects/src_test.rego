package lockgate.gitops.argo_projects_test

import data.lockgate.gitops.argo_projects as rule

project(spec) := {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "fraud"}, "spec": spec}

found(spec, parameters) := {concat(".", [sprintf("%v", [one]) | some one in violation.details.path]) |
	some violation in rule.violation with input as {"review": {"object": project(spec)}, "parameters": parameters}
}

narrow := {
	"sourceRepos": ["https://git.example.com/ml/*", "!https://git.example.com/ml/secret"],
	"sourceNamespaces": ["fraud"],
	"destinations": [{"server": "https://k.example.com", "namespace": "fraud-*"}, {"name": "prod", "namespace": "fraud"}],
	"clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}, {"group": "*", "kind": "CustomResourceDefinition"}],
}

test_narrow_projects if {
	found(narrow, {}) == set()
	found({}, {}) == set()
	found(null, {}) == set()
	found({"destinations": []}, {}) == set()
}

test_every_repository if {
	every pattern in ["*", "**", "https://*", "https://**", "*://*", "*/*", " * ", 7, null] {
		found({"sourceRepos": [pattern]}, {}) == {"spec.sourceRepos.0"}
	}
	found({"sourceRepos": ["*", "!https://evil.example.com/*"]}, {}) == {"spec.sourceRepos.0"}
	every pattern in ["https://git.example.com/*", "git@git.example.com:*", "oci://r.example.com/**", ""] {
		found({"sourceRepos": [pattern]}, {}) == set()
	}
	found({"sourceRepos": 7}, {}) == {"spec.sourceRepos.0"}
}

test_destinations if {
	found({"destinations": [{"server": "*", "namespace": "*"}]}, {}) == {"spec.destinations.0.server", "spec.destinations.0.namespace"}
	found({"destinations": [{"name": "*", "namespace": "fraud"}]}, {}) == {"spec.destinations.0.name"}
	found({"destinations": [{"server": "https://k.example.com", "namespace": "*"}]}, {}) == {"spec.destinations.0.namespace"}
	found({"destinations": [{"server": "https://k.example.com", "namespace": "*"}]}, {"anyNamespace": "allow"}) == set()
	found({"destinations": ["odd"]}, {}) == set()
}

test_cluster_wide_objects if {
	found({"clusterResourceWhitelist": [{"group": "*", "kind": "*"}]}, {}) == {"spec.clusterResourceWhitelist.0"}
	found({"clusterResourceWhitelist": [{"group": "rbac.authorization.k8s.io", "kind": "*"}]}, {}) == set()
}

test_any_namespace_may_bring_applications if found({"sourceNamespaces": ["*"]}, {}) == {"spec.sourceNamespaces.0"}

test_exemptions if {
	found({"sourceRepos": ["*"]}, {"exemptProjects": ["fraud"]}) == set()
	found({"sourceRepos": ["*"]}, {"exemptProjects": ["platform"]}) == {"spec.sourceRepos.0"}
}

test_status_may_be_written if {
	judged := project({"sourceRepos": ["*"]})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}}
}
