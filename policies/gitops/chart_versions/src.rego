# METADATA
# title: Charts are of one version
# description: |
#   A range such as `>=1.0.0`, `6.x` or `*` lets the chart's author decide when a new version runs in the cluster, and two clusters that read the same
#   line run different things. A chart must be named by one whole version; without a version every tool takes the newest.
#
#   Read are HelmReleases and HelmCharts of Flux, sources with a chart of Argo CD's Applications and ApplicationSets, `helmCharts` of kustomize, and
#   `helm` of Config Sync's RootSync and RepoSync. A chart that lies in a git repository or a Bucket has the source's revision (`gitops/pinned_sources`).
#
#   Placeholders are not judged, and neither is a part of a HelmRelease that names no chart and no version.
#
#   Not covered: whether a repository replaces the bytes of a version (verify it: `gitops/verified_sources`), charts of charts, and images in values.
# related_resources:
#   - ref: https://helm.sh/docs/chart_best_practices/dependencies/#versions
#     description: Versions of charts
# custom:
#   id: LG-G010
#   severity: medium
#   external: false
#   systems: [fluxcd, argo-cd, config-sync]
#   controls:
#     - NIST SP 800-53 CM-3 (configuration change control)
package lockgate.gitops.chart_versions

import data.lib.lockgate.gitops
import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.updates

violation contains report.violation(chart.path, "chart is not of one version", shown, why, fix) if {
	not updates.unchanged
	some chart in charts
	not one_version(chart.version)
	shown := {true: "no version", false: chart.version}[chart.version in {"", null}]
	why := "the newest that fits runs without a change here"
	fix := sprintf("set %s to one whole version, such as 1.4.2", [paths.field(chart.path)])
}

one_version(version) if {
	is_string(version)
	gitops.chart_pin(version) in {"unknown", "version"}
}

# A digest of an artefact is one version too.
one_version(version) if {
	is_string(version)
	regex.match(`^([^@]*@)?sha256:[0-9a-f]{64}$`, version)
}

charts := array.concat(array.concat(flux, argo), array.concat(kustomize, config_sync))

flux := array.concat(
	[{"path": gitops.below(at, ["spec", "chart", "spec", "version"]), "version": object.get(chart, "version", "")} |
		some at in gitops.named("helm.toolkit.fluxcd.io/HelmRelease")
		chart := at.value.spec.chart.spec
		is_object(chart)
		names_chart(chart)
		not in_source(chart)
	],
	[{"path": gitops.below(at, ["spec", "version"]), "version": object.get(at.value.spec, "version", "")} |
		some at in gitops.named("source.toolkit.fluxcd.io/HelmChart")
		is_string(at.value.spec.chart)
		not in_source(at.value.spec)
	],
)

in_source(chart) if chart.sourceRef.kind in {"Bucket", "ExternalArtifact", "GitRepository"}

argo := [{"path": array.concat(source.path, ["targetRevision"]), "version": object.get(source.value, "targetRevision", "")} |
	some source in gitops.sources_of(array.concat(gitops.application_specs, gitops.override_specs))
	gitops.field(source.value, ["chart"]) != ""
]

kustomize := [{"path": gitops.below(at, ["helmCharts", i, "version"]), "version": object.get(chart, "version", "")} |
	some at in gitops.named("kustomize.config.k8s.io/Kustomization")
	some i, chart in at.value.helmCharts
	is_object(chart)
	is_string(chart.repo)
]

config_sync := [{"path": gitops.below(at, ["spec", "helm", "version"]), "version": object.get(at.value.spec.helm, "version", "")} |
	some at in gitops.syncs
	is_object(at.value.spec.helm)
]

names_chart(chart) if {
	some name in ["chart", "version"]
	not object.get(chart, name, null) == null
}
