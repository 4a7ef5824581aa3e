# METADATA
# title: Pipelines read and write in approved stores
# description: |
#   What an importer of a compiled Kubeflow pipeline brings in is a model or data set that nobody in the pipeline made, and its root is where all that
#   it makes is written. With `allowedStores` both must lie in one of these places: `s3://bucket`, `gs://bucket/folder`, compared by whole steps. Without it nothing may go over plain HTTP or FTP to or from outside of the
#   cluster.
#
#   Importers of `documents.lockgate.dev KubeflowPipeline`, `PipelineVersion` and compiled Workflows are read, `defaultPipelineRoot` of pipelines, that in the ConfigMap
#   `kfp-launcher`, and `gcsOutputDirectory` of a PipelineJob. A URI that is a parameter is known only when the pipeline runs: a violation unless `undecidable` is `allow`.
#   `..` in a path is never within a place. An update that changes nothing but metadata and status is not judged.
#
#   Not covered: what a component reads by itself, and roots that are given with a run.
# related_resources:
#   - ref: https://www.kubeflow.org/docs/components/pipelines/user-guides/components/importer-component/
#     description: Importers
#   - ref: https://www.kubeflow.org/docs/components/pipelines/concepts/pipeline-root/
#     description: Pipeline roots
# custom:
#   id: LG-P017
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 AC-4 (information flow enforcement)
#     - NIST SP 800-53 SR-3 (supply chain controls and processes)
#   systems: [kubeflow-pipelines]
package lockgate.pipelines.pipeline_artifacts

import data.lib.lockgate.hosts
import data.lib.lockgate.images
import data.lib.lockgate.kubeflow_pipelines
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(place.path, sprintf("%s is not in an approved store", [place.what]), place.uri, why, fix) if {
	not updates.unchanged
	listed
	some place in places
	decided(place.uri)
	not within_a_store(place.uri)
	why := sprintf("approved are: %s", [report.names({store | some store in review.parameters.allowedStores})])
	fix := "copy it to an approved store, or write to one"
}

violation contains report.violation(place.path, sprintf("%s goes over an unprotected connection", [place.what]), place.uri, why, fix) if {
	not updates.unchanged
	not listed
	some place in places
	hosts.plain(place.uri)
	why := "whoever stands between decides what the pipeline learns from"
	fix := "put it into an object store, or serve it over HTTPS"
}

violation contains report.violation(place.path, sprintf("%s cannot be read", [place.what]), place.uri, why, fix) if {
	not updates.unchanged
	some place in places
	not is_string(place.uri)
	why := "where it lies cannot be told"
	fix := "write a URI"
}

violation contains report.violation(place.path, sprintf("%s is known only when the pipeline runs", [place.what]), shown(place.uri), why, fix) if {
	not updates.unchanged
	not review.parameters.undecidable == "allow"
	some place in undecided
	why := "whoever runs it decides what is brought in"
	fix := "write the URI as a constant"
}

listed if is_array(review.parameters.allowedStores)

places := array.concat(
	array.concat(
		[{"path": importer.uri_path, "what": "imported artifact", "uri": importer.uri} |
			some importer in kubeflow_pipelines.importers
			importer.how == "constant"
		],
		[{"path": array.concat(pipeline.path, ["defaultPipelineRoot"]), "what": "pipeline root", "uri": root} |
			some pipeline in kubeflow_pipelines.pipelines
			root := object.get(pipeline.value, "defaultPipelineRoot", null)
			not root in {null, ""}
		],
	),
	[{"path": path, "what": "pipeline root", "uri": root} |
		some at in workloads.objects
		some field in roots[at.name]
		path := array.concat(at.path, field)
		root := workloads.value_at(path)
		not root in {null, ""}
	],
)

roots := {
	"/ConfigMap": [["data", "defaultPipelineRoot"]],
	"documents.lockgate.dev/KubeflowPipeline": [["spec", "runtimeConfig", "gcsOutputDirectory"]],
}

undecided := array.concat(
	[{"path": importer.uri_path, "what": "imported artifact", "uri": null} |
		some importer in kubeflow_pipelines.importers
		importer.how == "parameter"
	],
	[place | some place in places; is_string(place.uri); images.placeholder(place.uri)],
)

shown(null) := "a parameter"

shown(uri) := uri if uri != null

decided(uri) if {
	is_string(uri)
	not images.placeholder(uri)
}

within_a_store(uri) if {
	not regex.match(`(^|/)\.\.(/|$)`, uri)
	some store in review.parameters.allowedStores
	place := trim_suffix(store, "/")
	is_below(uri, place)
}

is_below(uri, place) if uri == place

is_below(uri, place) if startswith(uri, sprintf("%s/", [place]))
