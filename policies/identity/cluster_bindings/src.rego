# METADATA
# title: Roles of administrators are bound to few, and none to everybody
# description: |
#   Whoever is bound to `cluster-admin` may do anything, and so may whoever takes over what runs with that account. A role that is bound to
#   `system:unauthenticated` or `system:anonymous` is for whoever reaches the API server; to `system:authenticated` for everybody who signs in (at some clouds: anybody with an account there),
#   to `system:serviceaccounts` for every pod.
#
#   Refused are `wideRoles` in a ClusterRoleBinding (`cluster-admin`, `admin` and `edit` when left out: the last two read Secrets and act as any account),
#   and `cluster-admin` in a RoleBinding, the others too in kube-system; and any role, but for `publicRoles`, that is bound to everybody. With
#   `defaultAccounts: refuse`, a binding of a namespace's `default` account, which all pods have that name none, is refused too.
#
#   `allowedSubjects` may have wide roles: `namespace/name` of an account, or the name of a user or group, or its beginning with `*`; left out, they are Flux' own controllers,
#   root reconcilers of Config Sync and `system:masters`. `publicRoles`, left out, are Kubernetes' own that say nothing private, and two of Kubeflow Trainer's. Bindings that `flux create tenant`
#   writes, a RoleBinding with the user `gotk:<namespace>:reconciler`, are let through outside of kube-system.
#
#   Not covered: what other roles hold (`identity/cluster_rights`), reconcilers of Config Sync's RepoSyncs (`gitops/reconciler_rights`), and groups that a cloud's sign-in
#   gives.
# related_resources:
#   - ref: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles
#     description: User-facing roles
#   - ref: https://cloud.google.com/kubernetes-engine/docs/best-practices/rbac#default-roles-groups
#     description: Default groups of GKE, and who is in them
# custom:
#   id: LG-A004
#   severity: critical
#   external: false
#   systems: [kubernetes]
#   controls:
#     - NIST SP 800-53 AC-6 (least privilege)
#     - NIST SP 800-53 AC-3 (access enforcement)
package lockgate.identity.cluster_bindings

import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "a role of administrators is bound", told, why, fix) if {
	some binding in bindings
	is_wide(binding)
	bound := [subject | some subject in binding.subjects; not may_have(subject)]
	count(bound) > 0
	not tenant(binding)
	not reconciler(binding)
	path := array.concat(binding.path, ["roleRef", "name"])
	told := sprintf("%s for %s", [binding.role, report.names({subject.told | some subject in bound})])
	why := "it reads every Secret there is and runs anything, and so does whoever takes over what has it"
	fix := "bind a role with the kinds and verbs that are used, in the namespaces where they are"
}

violation contains report.violation(path, "a role is bound to everybody", told, why, fix) if {
	some binding in bindings
	not binding.role in object.get(review.parameters, "publicRoles", known_public)
	some subject in binding.subjects
	who := everybody[subject.name]
	path := array.concat(binding.path, ["subjects", subject.place, "name"])
	told := sprintf("%s for %s", [binding.role, subject.name])
	why := sprintf("it is what %s may do", [who])
	fix := "name the accounts or the group that need it"
}

violation contains report.violation(path, "a role is bound to an account that pods have unasked", told, why, fix) if {
	review.parameters.defaultAccounts == "refuse"
	some binding in bindings
	some subject in binding.subjects
	is_default(subject)
	path := array.concat(binding.path, ["subjects", subject.place, "name"])
	told := sprintf("%s for %s", [binding.role, subject.told])
	why := "every pod of the namespace that names no account has it, notebooks and models too"
	fix := "make a ServiceAccount for what needs it, bind that, and name it in its pods"
}

bindings := [binding |
	not updates.unchanged
	some at in workloads.objects
	kind := kinds[at.name]
	binding := {
		"path": at.path,
		"wide": kind == "ClusterRoleBinding",
		"namespace": object.get(at.value, ["metadata", "namespace"], ""),
		"of": object.get(at.value, ["roleRef", "kind"], "ClusterRole"),
		"role": object.get(at.value, ["roleRef", "name"], ""),
		"subjects": [read(i, subject) | some i, subject in at.value.subjects],
	}
	is_string(binding.role)
]

kinds := {
	"authorization.openshift.io/ClusterRoleBinding": "ClusterRoleBinding", "authorization.openshift.io/RoleBinding": "RoleBinding",
	"rbac.authorization.k8s.io/ClusterRoleBinding": "ClusterRoleBinding", "rbac.authorization.k8s.io/RoleBinding": "RoleBinding",
}

# An account is told as namespace/name: in a user's spelling (system:serviceaccount:namespace:name) too.
read(i, subject) := {"place": i, "name": name, "told": told} if {
	name := object.get(settings.fields(subject), "name", "")
	is_string(name)
	startswith(name, "system:serviceaccount:")
	told := replace(trim_prefix(name, "system:serviceaccount:"), ":", "/")
} else := {"place": i, "name": name, "told": told} if {
	subject.kind == "ServiceAccount"
	name := object.get(settings.fields(subject), "name", "")
	is_string(name)
	told := sprintf("%v/%s", [object.get(subject, "namespace", ""), name])
} else := {"place": i, "name": subject.name, "told": subject.name} if {
	is_string(subject.name)
} else := {"place": i, "name": "", "told": "what is unreadable"}

is_wide(binding) if {
	binding.of != "Role"
	binding.role in object.get(review.parameters, "wideRoles", ["admin", "cluster-admin", "edit"])
	is_far(binding)
}

is_far(binding) if binding.wide

is_far(binding) if binding.namespace == "kube-system"

is_far(binding) if binding.role == "cluster-admin"

may_have(subject) if {
	some entry in object.get(review.parameters, "allowedSubjects", known_subjects)
	matches(subject.told, entry)
}

matches(name, entry) if name == entry

matches(name, entry) if {
	endswith(entry, "*")
	startswith(name, trim_suffix(entry, "*"))
}

tenant(binding) if {
	not binding.wide
	not binding.namespace in {"", "kube-system"}
	some subject in binding.subjects
	subject.name == sprintf("gotk:%s:reconciler", [binding.namespace])
}

# gitops/reconciler_rights refuses these.
reconciler(binding) if {
	binding.role in reconcilers_roles(binding)
	some subject in binding.subjects
	startswith(subject.told, "config-management-system/ns-reconciler")
}

reconcilers_roles(binding) := {"admin", "cluster-admin"} if {
	binding.wide
} else := {"cluster-admin"}

is_default(subject) if endswith(subject.told, "/default")

everybody := {
	"system:anonymous": "whoever reaches the API server",
	"system:authenticated": "everybody who signs in, every pod among them,",
	"system:serviceaccounts": "every pod of every namespace",
	"system:unauthenticated": "whoever reaches the API server",
}

known_subjects := [
	"config-management-system/root-reconciler*", "flux-system/helm-controller", "flux-system/kustomize-controller", "system:masters",
]

known_public := [
	"kubeflow-trainer-public", "kubeflow-trainer-view-cluster-runtimes", "system:basic-user", "system:discovery", "system:public-info-viewer",
	"system:service-account-issuer-discovery",
]
