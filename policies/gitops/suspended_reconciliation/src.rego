# METADATA
# title: Reconciliation is not suspended
# description: |
#   An object that no tool of GitOps puts back is what the last person made of it: a change by hand stays, a fix in git does not arrive, and the dashboard
#   is green. Suspending is right for an hour of trouble, and forgotten for a year.
#
#   Refused are `suspend: true` of Flux' kinds, `kustomize.toolkit.fluxcd.io/reconcile: disabled` and `helm.toolkit.fluxcd.io/reconcile: disabled`,
#   `configmanagement.gke.io/managed: disabled` of Config Sync, `client.lifecycle.config.k8s.io/mutation: ignore`, by which it leaves changes alone,
#   `argocd.argoproj.io/skip-reconcile: "true"`, and `driftDetection.mode: disabled` of a HelmRelease, said aloud. An annotation that
#   gives a reason (`reasonAnnotation`, with a text) lets an object be suspended; without the parameter there is none. The profiles look at workloads,
#   namespaces, accounts, rights and network policies, not at every kind: a webhook is asked about whatever its policies match.
#
#   Not covered: Argo CD's Applications without automatic sync, windows of its projects, `suspend` of Jobs and workflows, which have another meaning, and
#   controllers that are scaled to zero.
# related_resources:
#   - ref: https://fluxcd.io/flux/components/kustomize/kustomizations/#suspend
#     description: Suspending in Flux
#   - ref: https://cloud.google.com/kubernetes-engine/config-sync/docs/how-to/managing-objects
#     description: Managed objects of Config Sync
# custom:
#   id: LG-G016
#   severity: medium
#   external: false
#   systems: [fluxcd, config-sync, argo-cd]
#   controls:
#     - NIST SP 800-53 CM-6 (configuration settings are monitored)
package lockgate.gitops.suspended_reconciliation

import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates

violation contains report.violation(found.path, "reconciliation is suspended", found.value, why, fix) if {
	not updates.unchanged_annotated
	not reasoned
	some found in suspended
	why := "changes by hand stay, and changes in git do not arrive"
	fix := sprintf("remove %s", [paths.field(found.path)])
}

annotations := given if {
	given := review.target.metadata.annotations
	is_object(given)
} else := {}

reasoned if {
	name := review.parameters.reasonAnnotation
	name != ""
	settings.text(annotations[name])
}

switches := {
	"argocd.argoproj.io/skip-reconcile": "true",
	"client.lifecycle.config.k8s.io/mutation": "ignore",
	"configmanagement.gke.io/managed": "disabled",
	"helm.toolkit.fluxcd.io/reconcile": "disabled",
	"kustomize.toolkit.fluxcd.io/reconcile": "disabled",
}

suspended := array.concat(
	[{"path": ["metadata", "annotations", name], "value": value} |
		some name, off in switches
		value := annotations[name]
		is_string(value)
		lower(trim_space(value)) == off
	],
	array.concat(
		[{"path": ["spec", "suspend"], "value": settings.shown(value)} |
			of_flux
			value := review.target.spec.suspend
			not value in {false, null}
			not settings.unknown(value)
		],
		[{"path": ["spec", "driftDetection", "mode"], "value": mode} |
			of_flux
			mode := review.target.spec.driftDetection.mode
			mode == "disabled"
		],
	),
)

of_flux if {
	is_string(review.target.apiVersion)
	endswith(split(review.target.apiVersion, "/")[0], ".toolkit.fluxcd.io")
}
