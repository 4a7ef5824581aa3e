# METADATA
# title: What applies a team's manifests has the team's rights
# description: |
#   Flux and Config Sync apply with the rights of an account. Where none is named, that is the controller's own, which may do anything in the cluster: whoever may
#   push to the repository, or create a Kustomization, is an administrator.
#
#   Refused are accounts of the controllers themselves (`controllerAccounts`; `default`, `helm-controller` and `kustomize-controller` when left out), role references
#   of RootSync to a role of administrators (`adminRoles`; `cluster-admin` and `admin` without a namespace when left out), and bindings of
#   such a role to reconcilers of RepoSyncs (`ns-reconciler…` in `config-management-system`). With `unnamed: refuse`, the default, a Kustomization or HelmRelease
#   without `serviceAccountName` and a RootSync without `override.roleRefs` are refused, and sources in another namespace too.
#   `exemptNamespaces` are the platform's own, `flux-system` when left out.
#
#   Not covered: what the account that is named may do, Flux' `--default-service-account` (then say `unnamed: allow`), and clusters that a
#   kubeconfig leads to.
# related_resources:
#   - ref: https://fluxcd.io/flux/installation/configuration/multitenancy/
#     description: Multi-tenancy in Flux
#   - ref: https://cloud.google.com/kubernetes-engine/config-sync/docs/how-to/override-fields-rootsync-reposync
#     description: Overriding fields of RootSync
# custom:
#   id: LG-G012
#   severity: high
#   external: false
#   systems: [fluxcd, config-sync]
#   controls:
#     - NIST SP 800-53 AC-6 (least privilege)
package lockgate.gitops.reconciler_rights

import data.lib.lockgate.gitops
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates

violation contains report.violation(path, "manifests are applied with the controller's rights", "no account", why, fix) if {
	not updates.unchanged
	unnamed_refused
	some at in tenants
	not at.value.spec.kubeConfig
	object.get(at.value.spec, "serviceAccountName", "") in {"", null}
	path := gitops.below(at, ["spec", "serviceAccountName"])
	why := "whoever may push to the source may do anything in the cluster"
	fix := "name a ServiceAccount of the team's namespace in spec.serviceAccountName"
}

violation contains report.violation(path, "manifests are applied with the controller's rights", account, why, fix) if {
	not updates.unchanged
	some at in tenants
	account := at.value.spec.serviceAccountName
	not own(account)
	path := gitops.below(at, ["spec", "serviceAccountName"])
	why := "the account is a controller's, or everybody's in the namespace"
	fix := "name a ServiceAccount that was made for the team's manifests"
}

violation contains report.violation(path, "source is another namespace's", namespace, why, fix) if {
	not updates.unchanged
	unnamed_refused
	some at in tenants
	some steps in [["spec", "sourceRef"], ["spec", "chart", "spec", "sourceRef"], ["spec", "chartRef"]]
	namespace := object.get(at.value, array.concat(steps, ["namespace"]), "")
	not namespace in {"", null, gitops.field(at.value, ["metadata", "namespace"])}
	path := gitops.below(at, array.concat(steps, ["namespace"]))
	why := "it is read with rights that the team does not have, and whoever owns that namespace decides what runs"
	fix := "make a source in the team's own namespace"
}

violation contains report.violation(path, "RootSync has the rights of an administrator", "no roleRefs", why, fix) if {
	not updates.unchanged
	unnamed_refused
	some at in gitops.named("configsync.gke.io/RootSync")
	is_object(at.value.spec)
	not exempt(at)
	count(role_refs(at)) == 0
	path := gitops.below(at, ["spec", "override", "roleRefs"])
	why := "without roleRefs it is bound to cluster-admin"
	fix := "list the roles that it needs in spec.override.roleRefs"
}

violation contains report.violation(path, "reconciler is bound to a role of administrators", gitops.text(ref.name), why, fix) if {
	not updates.unchanged
	some at in gitops.named("configsync.gke.io/RootSync")
	some i, ref in role_refs(at)
	administrators(ref, gitops.field(ref, ["namespace"]))
	path := gitops.below(at, ["spec", "override", "roleRefs", i, "name"])
	why := "whoever may push to the source may do anything in the cluster"
	fix := "name a role with the kinds that the repository holds"
}

violation contains report.violation(path, "reconciler is bound to a role of administrators", gitops.text(at.value.roleRef.name), why, fix) if {
	not updates.unchanged
	some kind in ["ClusterRoleBinding", "RoleBinding"]
	some at in gitops.named(sprintf("rbac.authorization.k8s.io/%s", [kind]))
	administrators(at.value.roleRef, {"ClusterRoleBinding": "", "RoleBinding": "its own"}[kind])
	some subject in at.value.subjects
	subject.kind == "ServiceAccount"
	subject.namespace == "config-management-system"
	startswith(subject.name, "ns-reconciler")
	path := gitops.below(at, ["roleRef", "name"])
	why := "whoever may push to the team's repository has the role"
	fix := "bind a role with the kinds that the repository holds"
}

unnamed_refused if object.get(review.parameters, "unnamed", "refuse") != "allow"

tenants := [at |
	some kind in ["helm.toolkit.fluxcd.io/HelmRelease", "kustomize.toolkit.fluxcd.io/Kustomization"]
	some at in gitops.named(kind)
	is_object(at.value.spec)
	not gitops.is_part(at, ["spec", "interval"])
	not exempt(at)
]

exempt(at) if gitops.field(at.value, ["metadata", "namespace"]) in object.get(review.parameters, "exemptNamespaces", ["flux-system"])

own(account) if account in {"", null}

own(account) if {
	is_string(account)
	not account in object.get(review.parameters, "controllerAccounts", ["default", "helm-controller", "kustomize-controller"])
}

own(account) if settings.unknown(account)

role_refs(at) := [ref | some ref in at.value.spec.override.roleRefs; is_object(ref)]

administrators(ref, _) if {
	ref.kind == "ClusterRole"
	ref.name in object.get(review.parameters, "adminRoles", ["cluster-admin"])
}

# Bound in one namespace, admin is the role of a team's own people.
administrators(ref, namespace) if {
	not review.parameters.adminRoles
	namespace == ""
	ref.kind == "ClusterRole"
	ref.name == "admin"
}
