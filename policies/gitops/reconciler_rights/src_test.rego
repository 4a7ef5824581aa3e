package lockgate.gitops.reconciler_rights_test

import data.lockgate.gitops.reconciler_rights as rule

found(judged, parameters) := {concat(".", [sprintf("%v", [one]) | some one in violation.details.path]) |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

allow := {"unnamed": "allow"}

flux(namespace, spec) := {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "k", "namespace": namespace}, "spec": object.union({"interval": "1m"}, spec)}

account := "spec.serviceAccountName"

test_accounts if {
	found(flux("fraud", {}), {}) == {account}
	found(flux("fraud", {}), allow) == set()
	found(flux("fraud", {"serviceAccountName": ""}), {}) == {account}
	found(flux("flux-system", {}), {}) == set()
	found(flux("fraud", {"kubeConfig": {"secretRef": {"name": "c"}}}), {}) == set()
	every name in ["kustomize-controller", "default", 7] {
		found(flux("fraud", {"serviceAccountName": name}), allow) == {account}
	}
	every name in ["fraud-deployer", "${ACCOUNT}"] {
		found(flux("fraud", {"serviceAccountName": name}), {}) == set()
	}
	found(flux("fraud", {"serviceAccountName": "default"}), {"controllerAccounts": ["x"]}) == set()
}

test_sources_of_others if {
	found(flux("fraud", {"serviceAccountName": "a", "sourceRef": {"kind": "GitRepository", "name": "g", "namespace": "flux-system"}}), {}) == {"spec.sourceRef.namespace"}
	found(flux("fraud", {"serviceAccountName": "a", "sourceRef": {"kind": "GitRepository", "name": "g", "namespace": "fraud"}}), {}) == set()
}

test_releases if {
	release := {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "k", "namespace": "fraud"}, "spec": {"interval": "1m", "chart": {"spec": {"sourceRef": {"namespace": "other"}}}}}
	found(release, {}) == {account, "spec.chart.spec.sourceRef.namespace"}
	found({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "k"}, "spec": {"values": {}}}, {}) == set()
}

root(override) := {"apiVersion": "configsync.gke.io/v1beta1", "kind": "RootSync", "metadata": {"name": "r", "namespace": "config-management-system"}, "spec": {"git": {"repo": "r"}, "override": override}}

test_config_sync if {
	found(root({}), {}) == {"spec.override.roleRefs"}
	found(root(null), {}) == {"spec.override.roleRefs"}
	found(root({"roleRefs": []}), {}) == {"spec.override.roleRefs"}
	found(root({}), allow) == set()
	found(root({"roleRefs": [{"kind": "ClusterRole", "name": "cluster-admin"}]}), allow) == {"spec.override.roleRefs.0.name"}
	found(root({"roleRefs": [{"kind": "ClusterRole", "name": "cluster-admin", "namespace": "fraud"}]}), allow) == {"spec.override.roleRefs.0.name"}
	found(root({"roleRefs": [{"kind": "ClusterRole", "name": "admin"}]}), allow) == {"spec.override.roleRefs.0.name"}
	found(root({"roleRefs": [{"kind": "ClusterRole", "name": "admin", "namespace": "fraud"}]}), {}) == set()
	found(root({"roleRefs": [{"kind": "Role", "name": "cluster-admin", "namespace": "fraud"}]}), {}) == set()
	found(root({"roleRefs": [{"kind": "ClusterRole", "name": "owner"}]}), {"adminRoles": ["owner"]}) == {"spec.override.roleRefs.0.name"}
}

binding(kind, role, subject) := {
	"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": "b", "namespace": "fraud"},
	"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}, "subjects": [subject],
}

test_bindings if {
	reconciler := {"kind": "ServiceAccount", "namespace": "config-management-system", "name": "ns-reconciler-fraud"}
	found(binding("RoleBinding", "cluster-admin", reconciler), allow) == {"roleRef.name"}
	found(binding("ClusterRoleBinding", "admin", reconciler), allow) == {"roleRef.name"}
	found(binding("RoleBinding", "admin", reconciler), {}) == set()
	found(binding("RoleBinding", "cluster-admin", {"kind": "ServiceAccount", "namespace": "fraud", "name": "ns-reconciler-fraud"}), {}) == set()
	found(binding("RoleBinding", "cluster-admin", {"kind": "User", "name": "ns-reconciler"}), {}) == set()
}

test_updates_that_change_nothing if {
	judged := flux("fraud", {})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}}
}
