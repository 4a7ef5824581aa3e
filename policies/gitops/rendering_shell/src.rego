# METADATA
# title: Rendering manifests runs no programs
# description: |
#   A tool of GitOps renders what it read with its own rights. Where rendering may start programs, whoever may push to the repository runs a program beside
#   the tool, with its credentials for every repository and cluster.
#
#   Refused are `enableShellInRendering` of Config Sync's RootSync and RepoSync (remote bases and Helm's plugins need it, and so do generators that run
#   programs), functions of a Kptfile that are programs (`exec`), functions of kustomize by `config.kubernetes.io/function` that are programs, want the network,
#   or mount the host (in the kinds that the constraint matches), and in Argo CD's `argocd-cm` `kustomize.buildOptions` with `--enable-exec`, `--enable-alpha-plugins`, `--network` or
#   `--load-restrictor LoadRestrictionsNone`, for all and for each version. `plugins: refuse` refuses sources of Argo CD that are rendered by a plugin.
#
#   Not covered: what images of functions do (`gitops/kpt_functions`), plugins that stand in the repository server's own pod, and kustomize's
#   options outside of Argo CD.
# related_resources:
#   - ref: https://cloud.google.com/kubernetes-engine/config-sync/docs/reference/rootsync-reposync-fields
#     description: Fields of RootSync and RepoSync
#   - ref: https://kpt.dev/book/04-using-functions/
#     description: Functions of kpt
# custom:
#   id: LG-G011
#   severity: high
#   external: false
#   systems: [config-sync, kpt, argo-cd]
#   controls:
#     - NIST SP 800-53 CM-7 (least functionality)
package lockgate.gitops.rendering_shell

import data.lib.lockgate.gitops
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates

violation contains report.violation(path, "rendering may run a shell", settings.shown(value), why, fix) if {
	not updates.unchanged
	some at in gitops.syncs
	value := at.value.spec.override.enableShellInRendering
	not value in {false, null}
	path := gitops.below(at, ["spec", "override", "enableShellInRendering"])
	why := "whoever may push to the repository runs programs with the reconciler's rights"
	fix := "remove enableShellInRendering, and render in CI what needs a program"
}

violation contains report.violation(path, "function is a program", program, why, fix) if {
	not updates.unchanged
	some at in gitops.named("kpt.dev/Kptfile")
	some list in ["mutators", "validators"]
	some i, function in at.value.pipeline[list]
	program := function.exec
	not program in {"", null}
	path := gitops.below(at, ["pipeline", list, i, "exec"])
	why := "rendering the package runs it with the rights of who renders"
	fix := "use a function of an image, pinned by digest, in place of exec"
}

violation contains report.violation(path, "function of kustomize is not confined", text, why, fix) if {
	not updates.unchanged
	text := review.target.metadata.annotations["config.kubernetes.io/function"]
	is_string(text)
	unconfined(text)
	path := ["metadata", "annotations", "config.kubernetes.io/function"]
	why := "rendering runs it with the rights, or on the host, of who renders"
	fix := "use an image alone (container.image), without exec, network and mounts"
}

violation contains report.violation(path, "kustomize may run programs and read any file", text, why, fix) if {
	not updates.unchanged
	review.target.kind == "ConfigMap"
	gitops.field(review.target, ["metadata", "name"]) == "argocd-cm"
	some name, text in review.target.data
	regex.match(`^kustomize\.buildOptions(\.|$)`, name)
	is_string(text)
	regex.match(`(?i)--enable-exec|--enable-alpha-plugins|--enable[-_]alpha[-_]plugins|--network(=true)?(\s|$)|--load[-_]restrictor[= ]*"?(none|LoadRestrictionsNone)`, text)
	path := ["data", name]
	why := "whoever may push to a repository reads or runs what the repository server can"
	fix := "remove these options, and render in CI what needs them"
}

violation contains report.violation(path, "source is rendered by a plugin", "plugin", why, fix) if {
	not updates.unchanged
	object.get(review.parameters, "plugins", "accept") == "refuse"
	some source in gitops.sources_of(array.concat(gitops.application_specs, gitops.override_specs))
	not object.get(source.value, "plugin", null) == null
	path := array.concat(source.path, ["plugin"])
	why := "it is a program that runs with what the repository names"
	fix := "commit what the plugin renders, or use Helm or kustomize"
}

# The annotation is YAML; what is none is read as text.
unconfined(text) if {
	yaml.is_valid(text)
	function := yaml.unmarshal(text)
	not object.get(settings.fields(function), "exec", null) == null
}

unconfined(text) if {
	yaml.is_valid(text)
	container := yaml.unmarshal(text).container
	is_object(container)
	not object.get(container, "network", false) in {false, null}
}

unconfined(text) if {
	yaml.is_valid(text)
	mounts := yaml.unmarshal(text).container.mounts
	is_array(mounts)
	count(mounts) > 0
}

unconfined(text) if not yaml.is_valid(text)
