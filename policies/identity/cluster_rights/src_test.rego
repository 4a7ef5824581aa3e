package lockgate.identity.cluster_rights_test

import data.lockgate.identity.cluster_rights as rule

role(kind, rules) := {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": "runner"}, "rules": rules}

said(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

one(found, beginning) if {
	count(found) == 1
	some message in found
	startswith(message, beginning)
}

grant(groups, resources, verbs) := {"apiGroups": groups, "resources": resources, "verbs": verbs}

more := "a role leads to more rights than it names at rules[0] ("

test_everything if {
	every kind in ["ClusterRole", "Role"] {
		every given in [
			grant(["*"], ["*"], ["*"]), grant([""], ["*"], ["get", "patch"]), grant(["apps", "x.io"], ["*"], ["delete"]), grant(["*"], ["*/*"], ["*"]),
			grant("*", "*", "*"), grant(["rbac.authorization.k8s.io"], ["*"], ["CREATE"]), object.union(grant(["*"], ["*"], ["*"]), {"resourceNames": ["x"]}),
		] {
			one(said(role(kind, [given]), {}), "a role may do everything at rules[0] (")
		}
		every given in [
			grant(["kubeflow.org"], ["*"], ["*"]), grant(["custom.metrics.k8s.io"], ["*"], ["*"]), grant([], ["*"], ["*"]), grant(["apps"], ["deployments"], ["update"]),
			null, "*", {}, {"verbs": ["*"]}, grant(null, null, null), grant([null], [7], [{}]), grant({"a": "*"}, ["*"], ["*"]),
		] {
			said(role(kind, [given]), {}) == set()
		}
		every rules in [null, "*", 7, {}] {
			said(role(kind, rules), {}) == set()
		}
	}
	one(said(role("ClusterRole", [{"nonResourceURLs": ["*"], "verbs": ["*"]}]), {}), "a role may do everything at rules[0] (* on *)")
	said(role("ClusterRole", [{"nonResourceURLs": ["/metrics"], "verbs": ["*"]}]), {}) == set()
}

test_ways_in_all_roles if {
	every kind in ["ClusterRole", "Role"] {
		every given in [
			grant(["rbac.authorization.k8s.io"], ["clusterroles"], ["bind"]), grant(["*"], ["roles"], ["escalate", "get"]),
			grant([""], ["serviceaccounts"], ["impersonate"]), grant([""], ["users", "groups"], ["Impersonate"]),
		] {
			one(said(role(kind, [given]), {}), more)
			said(role(kind, [object.union(given, {"resourceNames": ["trainer"]})]), {}) == set()
			one(said(role(kind, [object.union(given, {"resourceNames": []})]), {}), more)
		}
		said(role(kind, [grant(["rbac.authorization.k8s.io"], ["roles", "rolebindings"], ["create", "update"])]), {}) == set()
		said(role(kind, [grant(["x.io"], ["roles"], ["bind"])]), {}) == set()
	}
	one(said(role("Role", [grant(["rbac.authorization.k8s.io"], ["roles"], ["*"])]), {}), more)
	said(role("Role", [grant([""], ["serviceaccounts"], ["*"])]), {}) == set()
}

test_ways_of_cluster_roles if {
	every given in [
		grant([""], ["serviceaccounts/token"], ["create"]), grant([""], ["nodes/proxy"], ["get"]), grant(["certificates.k8s.io"], ["signers"], ["approve"]),
	] {
		one(said(role("ClusterRole", [given]), {}), more)
		said(role("Role", [given]), {}) == set()
		said(role("ClusterRole", [object.union(given, {"resourceNames": ["trainer"]})]), {}) == set()
	}
	said(role("ClusterRole", [grant([""], ["nodes/metrics", "nodes/stats"], ["get"])]), {}) == set()
}

test_secrets if {
	place := "a role reads the Secrets of the whole cluster at rules[0] ("
	every given in [grant([""], ["secrets"], ["get"]), grant(["*"], ["*"], ["list", "watch"]), grant(["", "x.io"], ["pods", "secrets"], ["watch"])] {
		one(said(role("ClusterRole", [given]), {}), place)
		said(role("Role", [given]), {}) == set()
		one(said(object.union(role("Role", [given]), {"metadata": {"namespace": "kube-system"}}), {}), place)
		said(role("ClusterRole", [object.union(given, {"resourceNames": ["model-store"]})]), {}) == set()
		said(role("ClusterRole", [given]), {"operators": ["run*"]}) == set()
		said(role("ClusterRole", [given]), {"operators": ["runner"]}) == set()
		one(said(role("ClusterRole", [given]), {"operators": ["run", "unne*"]}), place)
		said(object.union(role("ClusterRole", [given]), {"metadata": {"name": "ingress-nginx"}}), {}) == set()
	}
	said(role("ClusterRole", [grant([""], ["secrets"], ["create", "update"])]), {}) == set()
	said(role("ClusterRole", [grant(["x.io"], ["secrets"], ["get"])]), {}) == set()
}

test_verbs if {
	place := "a role may do whatever verbs there are at rules[0] (* on "
	every given in [grant([""], ["pods"], ["*"]), grant(["apps"], ["deployments"], ["get", "*"])] {
		one(said(role("ClusterRole", [given]), {}), "a role may do whatever verbs there are at rules[0] (*")
		said(role("Role", [given]), {}) == set()
	}
	one(said(role("ClusterRole", [grant([""], ["namespaces"], ["*"])]), {}), place)
	said(role("ClusterRole", [grant(["coordination.k8s.io", "kubeflow.org"], ["leases"], ["*"])]), {}) == set()
}

test_exec if {
	refuse := {"exec": "refuse"}
	every verb in ["create", "get", "*"] {
		some message in said(role("ClusterRole", [grant([""], ["pods/exec"], [verb])]), refuse)
		startswith(message, "a role may enter any pod at rules[0] (")
	}
	one(said(role("ClusterRole", [grant([""], ["pods/attach"], ["create"])]), refuse), "a role may enter any pod at rules[0] (")
	said(role("ClusterRole", [grant([""], ["pods/exec"], ["create"])]), {}) == set()
	said(role("ClusterRole", [grant([""], ["pods/exec"], ["create"])]), {"exec": "refuse", "operators": ["runner"]}) == set()
	said(role("ClusterRole", [grant([""], ["pods/log"], ["get"])]), refuse) == set()
	said(role("Role", [grant([""], ["pods/exec"], ["create"])]), refuse) == set()
}

test_aggregation if {
	every selector in [{}, {"matchLabels": {}}, {"matchExpressions": []}] {
		one(said(object.union(role("ClusterRole", []), {"aggregationRule": {"clusterRoleSelectors": [selector]}}), {}), "a role gathers all roles at aggregationRule.clusterRoleSelectors[0] (")
	}
	every selector in [null, 7, "all", {"matchLabels": {"a": "b"}}, {"matchLabels": 7}] {
		said(object.union(role("ClusterRole", []), {"aggregationRule": {"clusterRoleSelectors": [selector]}}), {}) == set()
	}
	every given in [null, 7, [], {"clusterRoleSelectors": 7}] {
		said(object.union(role("ClusterRole", []), {"aggregationRule": given}), {}) == set()
	}
	one(said(object.union(role("ClusterRole", [grant(["*"], ["*"], ["*"])]), {"metadata": {"name": 7, "namespace": 7, "labels": 7}}), {}), "a role may do everything")
	gathered := {"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}}
	made := object.union(role("ClusterRole", [grant(["*"], ["*"], ["*"])]), gathered)
	count(rule.violation) == 1 with input as {"review": {"operation": "CREATE", "object": made}}
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": made, "oldObject": object.union(role("ClusterRole", []), gathered)}}
}

test_roles_let_through if {
	all := [grant(["*"], ["*"], ["*"])]
	said(object.union(role("ClusterRole", all), {"metadata": {"name": "argocd-application-controller"}}), {}) == set()
	one(said(object.union(role("ClusterRole", all), {"metadata": {"name": "argocd-application-controller"}}), {"allowedRoles": []}), "a role may do everything")
	shipped := {"metadata": {"name": "cluster-admin", "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}}
	said(object.union(role("ClusterRole", all), shipped), {}) == set()
	one(said(object.union(role("ClusterRole", all), {"metadata": {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}}), {}), "a role may do everything")
	one(said(object.union(role("ClusterRole", all), {"metadata": {"name": "cluster-admin"}}), {}), "a role may do everything")
	one(said(object.union(role("ClusterRole", all), {"apiVersion": "authorization.openshift.io/v1"}), {}), "a role may do everything")
	one(said({"apiVersion": "v1", "kind": "List", "items": [role("ClusterRole", all)]}, {}), "a role may do everything at items[0].rules[0]")
}

test_updates if {
	old := role("ClusterRole", [grant(["*"], ["*"], ["*"])])
	marked := object.union(old, {"metadata": {"labels": {"a": "b"}}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": marked, "oldObject": old}}
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": old, "oldObject": role("ClusterRole", [])}}
}
