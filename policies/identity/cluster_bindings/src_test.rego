package lockgate.identity.cluster_bindings_test

import data.lockgate.identity.cluster_bindings as rule

binding(kind, namespace, role, subjects) := {
	"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": "b", "namespace": namespace},
	"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}, "subjects": subjects,
}

cluster(role, subjects) := binding("ClusterRoleBinding", "", role, subjects)

account(namespace, name) := {"kind": "ServiceAccount", "namespace": namespace, "name": name}

runner := account("training", "runner")

said(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

one(found, beginning) if {
	count(found) == 1
	some message in found
	startswith(message, beginning)
}

wide := "a role of administrators is bound at roleRef.name ("

test_wide_roles if {
	every role in ["admin", "cluster-admin", "edit"] {
		every subject in [runner, {"kind": "User", "name": "a@example.com"}, {"kind": "Group", "name": "ml"}] {
			one(said(cluster(role, [subject]), {}), wide)
			one(said(binding("RoleBinding", "kube-system", role, [subject]), {}), wide)
		}
	}
	one(said(binding("RoleBinding", "training", "cluster-admin", [runner]), {}), wide)
	one(said(object.union(cluster("cluster-admin", [runner]), {"apiVersion": "authorization.openshift.io/v1"}), {}), wide)
	one(said({"apiVersion": "v1", "kind": "List", "items": [cluster("edit", [runner])]}, {}), "a role of administrators is bound at items[0].roleRef.name (edit for training/runner)")
	every role in ["admin", "edit", "view"] {
		said(binding("RoleBinding", "training", role, [runner]), {}) == set()
	}
	every role in ["view", "runner", "${ROLE}", null, 7, {}] {
		said(cluster(role, [runner]), {}) == set()
	}
	one(said(cluster("owner", [runner]), {"wideRoles": ["owner"]}), wide)
	said(cluster("edit", [runner]), {"wideRoles": ["owner"]}) == set()
	said(object.union(cluster("cluster-admin", [runner]), {"roleRef": {"kind": "Role"}}), {}) == set()
	one(said({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "roleRef": {"name": "cluster-admin"}, "subjects": [runner]}, {}), wide)
}

test_subjects if {
	every subject in [account("flux-system", "kustomize-controller"), {"kind": "Group", "name": "system:masters"}, account("config-management-system", "root-reconciler-a")] {
		said(cluster("cluster-admin", [subject]), {}) == set()
		one(said(cluster("cluster-admin", [subject, runner]), {}), wide)
		one(said(cluster("cluster-admin", [subject]), {"allowedSubjects": []}), wide)
	}
	every subject in [null, 7, "ml", {}, {"kind": "ServiceAccount", "name": 7}, {"name": null}] {
		one(said(cluster("cluster-admin", [subject]), {}), wide)
	}
	every subjects in [null, [], "ml", 7] {
		said(cluster("cluster-admin", subjects), {}) == set()
	}
	said(cluster("cluster-admin", [runner]), {"allowedSubjects": ["training/*"]}) == set()
	said(cluster("cluster-admin", [{"kind": "User", "name": "system:serviceaccount:training:runner"}]), {"allowedSubjects": ["training/runner"]}) == set()
	one(said(cluster("cluster-admin", [runner]), {"allowedSubjects": ["training", "runner"]}), wide)
}

test_tenants_of_flux if {
	tenant := {"kind": "User", "name": "gotk:training:reconciler"}
	said(binding("RoleBinding", "training", "cluster-admin", [tenant, runner]), {}) == set()
	one(said(binding("RoleBinding", "fraud", "cluster-admin", [tenant, runner]), {}), wide)
	one(said(binding("RoleBinding", "kube-system", "cluster-admin", [{"kind": "User", "name": "gotk:kube-system:reconciler"}]), {}), wide)
	one(said(cluster("cluster-admin", [tenant, runner]), {}), wide)
}

test_reconcilers_are_for_another_rule if {
	reconciler := account("config-management-system", "ns-reconciler-fraud")
	said(cluster("admin", [reconciler]), {}) == set()
	said(binding("RoleBinding", "fraud", "cluster-admin", [reconciler]), {}) == set()
	one(said(cluster("edit", [reconciler]), {}), wide)
}

test_everybody if {
	place := "a role is bound to everybody at subjects[1].name ("
	every name in ["system:anonymous", "system:authenticated", "system:serviceaccounts", "system:unauthenticated"] {
		every judged in [cluster("reader", [runner, {"kind": "Group", "name": name}]), binding("RoleBinding", "training", "view", [runner, {"kind": "User", "name": name}])] {
			one(said(judged, {}), place)
			said(judged, {"publicRoles": ["reader", "view"]}) == set()
		}
		said(cluster("system:public-info-viewer", [{"kind": "Group", "name": name}]), {}) == set()
		one(said(cluster("system:public-info-viewer", [runner, {"kind": "Group", "name": name}]), {"publicRoles": []}), place)
	}
	said(cluster("reader", [{"kind": "Group", "name": "system:serviceaccounts:training"}]), {}) == set()
	count(said(cluster("cluster-admin", [{"kind": "Group", "name": "system:unauthenticated"}]), {})) == 2
}

test_default_accounts if {
	refuse := {"defaultAccounts": "refuse"}
	every subject in [account("training", "default"), {"kind": "User", "name": "system:serviceaccount:training:default"}] {
		one(said(cluster("reader", [subject]), refuse), "a role is bound to an account that pods have unasked at subjects[0].name (reader for training/default)")
		said(cluster("reader", [subject]), {}) == set()
	}
	said(cluster("reader", [runner, {"kind": "Group", "name": "default"}]), refuse) == set()
}

test_updates if {
	old := cluster("cluster-admin", [runner])
	marked := object.union(old, {"metadata": {"labels": {"a": "b"}}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": marked, "oldObject": old}}
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": old, "oldObject": cluster("cluster-admin", [])}}
}
