# METADATA
# title: Roles hold what is needed, and no way to more
# description: |
#   A role that may do everything is an administrator's, whatever it is called, and so is one that leads there: to `bind`, `escalate` or
#   `impersonate`, tokens of any account (`serviceaccounts/token`), `nodes/proxy`, the approval of any certificate, or the Secrets of the whole cluster.
#
#   Refused are, in a ClusterRole or a Role: writing verbs (`*` too) on all resources of Kubernetes' own groups, `bind` and `escalate` on roles, and `impersonate`; in a
#   ClusterRole, also the verb `*` on resources of Kubernetes' own groups (leases and events aside), reading Secrets, the other ways above, all verbs on all
#   `nonResourceURLs`, and an aggregation of every role there is. In a Role of kube-system reading Secrets is refused too. With `resourceNames` a rule
#   is let through, unless it gives everything. With `exec: refuse`, ClusterRoles that may enter pods (`pods/exec`, `pods/attach`) are refused as well.
#
#   `operators` names roles that may read Secrets and enter pods everywhere, and `allowedRoles` roles that are not judged at all (a name, or its beginning with `*`); left out, they are
#   the operators of well-known systems whose own manifests have these rights: Argo CD's and Config Sync's are not judged, cert-manager, External Secrets, ingress-nginx, Istio, KServe,
#   Knative, Kueue, Argo, the training operators and others may read Secrets. Kubernetes' own default roles are let through, and the rules that its controller writes into an aggregated role.
#
#   Not covered: who has the role (`identity/cluster_bindings`), rights that two roles give together, other groups' kinds that make pods or roles,
#   and ways through webhooks, volumes and nodes.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/security/rbac-good-practices/
#     description: Good practices of RBAC, with the ways to more rights
#   - ref: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
#     description: Prevention of escalation
# custom:
#   id: LG-A003
#   severity: critical
#   external: false
#   systems: [kubernetes]
#   controls:
#     - NIST SP 800-53 AC-6 (least privilege)
#     - NIST SP 800-53 AC-3 (access enforcement)
package lockgate.identity.cluster_rights

import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(grant.path, "a role may do everything", shown(grant), why, fix) if {
	some grant in grants
	everything(grant)
	why := "whoever has it is an administrator, and reads every Secret"
	fix := "list the apiGroups, resources and verbs that are used"
}

violation contains report.violation(grant.path, "a role leads to more rights than it names", shown(grant), why, fix) if {
	some grant in grants
	not everything(grant)
	not grant.named
	some way in ways(grant)
	why := way.why
	fix := way.fix
}

violation contains report.violation(grant.path, "a role reads the Secrets of the whole cluster", shown(grant), why, fix) if {
	some grant in grants
	not everything(grant)
	not grant.named
	reads_secrets(grant)
	not listed(grant.role, object.get(review.parameters, "operators", known_operators))
	why := "with tokens and keys of every namespace, kube-system's among them, it is an administrator's"
	fix := "make a Role in each namespace that is read, or name the Secrets in resourceNames"
}

violation contains report.violation(grant.path, "a role may do whatever verbs there are", shown(grant), why, fix) if {
	some grant in grants
	not everything(grant)
	grant.wide
	"*" in grant.verbs
	some group in grant.groups
	group in own_groups
	why := "it deletes and changes what it was meant to read, and has verbs that come later"
	fix := "list the verbs that are used"
}

violation contains report.violation(grant.path, "a role may enter any pod", shown(grant), why, fix) if {
	review.parameters.exec == "refuse"
	some grant in grants
	not everything(grant)
	grant.wide
	not grant.named
	core(grant)
	has(grant.resources, {"pods/attach", "pods/exec"})
	not listed(grant.role, object.get(review.parameters, "operators", known_operators))
	has(grant.verbs, {"create", "get"})
	why := "what pods know, the credentials of models among it, is read from inside"
	fix := "make a Role in the namespaces where it is needed"
}

violation contains report.violation(path, "a role gathers all roles", "an empty selector", why, fix) if {
	not updates.unchanged
	some at in roles
	some i, selector in at.value.aggregationRule.clusterRoleSelectors
	selector in [{}, {"matchExpressions": []}, {"matchLabels": {}}, {"matchExpressions": [], "matchLabels": {}}]
	path := array.concat(at.path, ["aggregationRule", "clusterRoleSelectors", i])
	why := "cluster-admin is one of them"
	fix := "select by a label of the roles that are meant"
}

roles := [at |
	some at in workloads.objects
	at.name in {
		"authorization.openshift.io/ClusterRole", "authorization.openshift.io/Role",
		"rbac.authorization.k8s.io/ClusterRole", "rbac.authorization.k8s.io/Role",
	}
	name := object.get(at.value, ["metadata", "name"], "")
	not listed(name, object.get(review.parameters, "allowedRoles", known_administrators))
	not default_role(at.value, name)
]

# Every rule of every role. wide: it holds in all namespaces; named: for some objects only.
grants := [grant |
	not updates.unchanged
	some at in roles
	not gathered(at.value)
	some i, rule in at.value.rules
	is_object(rule)
	grant := {
		"path": array.concat(at.path, ["rules", i]),
		"role": object.get(at.value, ["metadata", "name"], ""),
		"namespace": object.get(at.value, ["metadata", "namespace"], ""),
		"wide": at.value.kind == "ClusterRole",
		"groups": texts(rule, "apiGroups"),
		"resources": ({resource | some resource in texts(rule, "resources")} | {"*" | "*/*" in texts(rule, "resources")}),
		"verbs": {lower(verb) | some verb in texts(rule, "verbs")},
		"urls": texts(rule, "nonResourceURLs"),
		"named": count(texts(rule, "resourceNames")) > 0,
	}
]

# The rules of an aggregated role are written by Kubernetes' controller, from roles that were judged themselves.
gathered(role) if {
	input.review.operation == "UPDATE"
	some _ in role.aggregationRule.clusterRoleSelectors
}

everything(grant) if {
	"*" in grant.resources
	has(grant.verbs, {"create", "delete", "deletecollection", "patch", "update"})
	some group in grant.groups
	group in own_groups
}

everything(grant) if {
	"*" in grant.urls
	"*" in grant.verbs
}

reads_secrets(grant) if {
	everywhere(grant)
	core(grant)
	has(grant.resources, {"secrets"})
	has(grant.verbs, {"get", "list", "watch"})
}

everywhere(grant) if grant.wide

everywhere(grant) if grant.namespace == "kube-system"

ways(grant) := {way |
	some way in [
		{
			"of": "rbac.authorization.k8s.io", "wide": false, "resources": {"clusterroles", "roles"}, "verbs": {"bind", "escalate"},
			"why": "it gives itself and others rights that it does not have", "fix": "name the roles that it may give in resourceNames",
		},
		{
			"of": "", "wide": not_explicit(grant), "resources": {"groups", "serviceaccounts", "users"}, "verbs": {"impersonate"},
			"why": "it acts as anybody, administrators among them", "fix": "name the accounts in resourceNames",
		},
		{
			"of": "", "wide": true, "resources": {"serviceaccounts/token"}, "verbs": {"create"},
			"why": "it makes tokens of any account, those of administrators among them", "fix": "name the accounts in resourceNames, or make a Role in their namespace",
		},
		{
			"of": "", "wide": true, "resources": {"nodes/proxy"}, "verbs": {"create", "get", "patch", "update"},
			"why": "kubelets run commands in any pod for it, past admission and audit", "fix": "ask for nodes/metrics, nodes/stats or nodes/log instead",
		},
		{
			"of": "certificates.k8s.io", "wide": true, "resources": {"signers"}, "verbs": {"approve", "sign"},
			"why": "a certificate may name any user and group, system:masters among them", "fix": "name the signer in resourceNames",
		},
	]
	some group in [way.of, "*"]
	group in grant.groups
	not narrower(way, grant)
	has(grant.resources, way.resources)
	has(grant.verbs, way.verbs)
}

narrower(way, grant) if {
	way.wide
	not grant.wide
}

# All verbs on the accounts of one namespace are what its people have; to act as them is written out where it is meant.
not_explicit(grant) := false if {
	"impersonate" in grant.verbs
} else := true

core(grant) if {
	some group in grant.groups
	group in {"", "*"}
}

has(found, sought) if {
	some one in found
	one in sought
}

has(found, _) if "*" in found

own_groups := {
	"*", "", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps", "authentication.k8s.io", "batch",
	"certificates.k8s.io", "networking.k8s.io", "policy", "rbac.authorization.k8s.io", "storage.k8s.io",
}

texts(rule, field) := {value | some value in rule[field]; is_string(value)} if {
	is_array(rule[field])
} else := {rule[field]} if {
	is_string(rule[field])
} else := set()

listed(name, names) if {
	some entry in names
	matches(name, entry)
}

matches(name, entry) if name == entry

matches(name, entry) if {
	endswith(entry, "*")
	is_string(name)
	startswith(name, trim_suffix(entry, "*"))
}

# What an API server makes and mends by itself when it starts.
default_role(role, name) if {
	role.metadata.labels["kubernetes.io/bootstrapping"] == "rbac-defaults"
	name in {
		"admin", "cluster-admin", "edit", "system:aggregate-to-admin", "system:aggregate-to-edit", "system:controller:clusterrole-aggregation-controller",
		"system:controller:expand-controller", "system:controller:generic-garbage-collector", "system:controller:horizontal-pod-autoscaler",
		"system:controller:legacy-service-account-token-cleaner", "system:controller:namespace-controller", "system:controller:persistent-volume-binder",
		"system:controller:resourcequota-controller", "system:kube-controller-manager", "system:kubelet-api-admin", "system:node",
		"system:controller:bootstrap-signer", "system:controller:token-cleaner",
	}
}

shown(grant) := sprintf("%s on %s", [report.names(grant.verbs), report.names(grant.resources | grant.urls)])

known_administrators := ["argocd-application-controller", "argocd-server", "config-management-operator"]

known_operators := [
	"ack-*", "argo-cluster-role", "argo-events-role", "argo-events-webhook", "argo-rollouts", "argo-server-cluster-role", "argocd-applicationset-controller",
	"argocd-notifications-controller", "cert-manager-cainjector", "cert-manager-controller-*", "cnrm-*", "crd-controller", "crd-controller-flux-system", "external-secrets-controller",
	"gatekeeper-manager-role", "grafana-operator", "ingress-nginx", "istiod-clusterrole-istio-system", "istiod-gateway-controller-istio-system", "kserve-manager-role", "knative-serving-core", "kube-state-metrics",
	"kubeflow-kubernetes-admin", "kubeflow-kubernetes-edit", "kubeflow-trainer-controller-manager", "kuberay-operator", "kueue-manager-role", "mpi-operator",
	"net-kourier", "prometheus-operator", "secrets-unsealer", "traefik", "training-operator",
]
