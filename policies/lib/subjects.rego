# METADATA
# title: What an object runs in which version
# description: |
#   The subjects of promotions: everything in an object whose version decides what runs, in workloads, in the kinds of GitOps tools and in those
#   that choose between versions. Two states of an object are compared by `kind` and `key`: what differs then is the version.
package lib.lockgate.subjects

import data.lib.lockgate.gitops
import data.lib.lockgate.images
import data.lib.lockgate.models
import data.lib.lockgate.workloads

# METADATA
# description: |
#   `{"path", "kind", "key", "version", "pin"}`. `kind` is `model`, `adapter`, `dataset`, `image`, `chart`, `revision` (of git, or of what a GitOps tool
#   reads), `folder` (where it reads), `registry` (a version in a model registry), `code` (of a function, or fetched by a server), `runtime`, `pipeline`, `parameter`
#   or `traffic` (which versions answer). `key` names the subject without its version. `pin` is `content`, `version`, `moving` or `unknown`.
subjects := array.concat(
	array.concat(array.concat(model_subjects, image_subjects), array.concat(argo, flux)),
	array.concat(array.concat(kustomize, config_sync), array.concat(registries, choices)),
)

# METADATA
# description: The same as an object, with `destinations`, for who asks from outside.
told := {"destinations": destinations, "subjects": subjects}

# METADATA
# description: |
#   Where tools of GitOps put what an object names: `{"cluster", "namespace"}`. `cluster` is a name, a URL or the Secret with the way there, and `""` for
#   the cluster that the object is in; `namespace` is `""` where it is not said.
destinations := array.concat(
	[{"cluster": cluster, "namespace": gitops.field(spec.value, ["destination", "namespace"])} |
		some spec in gitops.application_specs
		some name in ["name", "server"]
		cluster := foreign(gitops.field(spec.value, ["destination", name]))
	],
	[{"cluster": cluster, "namespace": gitops.field(at.value, ["spec", "targetNamespace"])} |
		some kind in ["helm.toolkit.fluxcd.io/HelmRelease", "kustomize.toolkit.fluxcd.io/Kustomization"]
		some at in gitops.named(kind)
		cluster := gitops.field(at.value, ["spec", "kubeConfig", "secretRef", "name"])
	],
)

foreign(cluster) := "" if {
	cluster in {"https://kubernetes.default.svc", "in-cluster"}
} else := cluster

subject(path, kind, key, version, pin) := {"path": path, "kind": kind, "key": key, "version": version, "pin": pin}

model_subjects := [subject(found.path, found.use, key, version, pin_of[found.pin]) |
	some found in models.references
	found.use != "volume" # is an image
	key := key_of(found)
	version := version_of(found)
]

key_of(found) := gitops.text(found.text) if {
	found.pin in {"unknown", "unreadable"}
} else := sprintf("%s:%s", [found.scheme, found.location])

pin_of := {
	"content": "content", "moving": "moving", "name": "moving", "unknown": "unknown", "unreadable": "unknown",
	"version": "version",
}

# A place without versions is its own version: what is fetched from there changes with it.
version_of(found) := found.version if {
	found.version != ""
} else := "latest" if {
	found.scheme in {"hf", "modelscope", "models", "oci"}
	found.pin == "moving"
} else := ""

image_subjects := [image_subject(path, text) |
	some path in workloads.image_paths
	text := workloads.value_at(path)
	is_string(text)
]

image_subject(path, text) := subject(path, "image", text, "", "unknown") if {
	images.placeholder(text)
} else := subject(path, "image", reference.name, reference.digest, "content") if {
	reference := images.parse(text)
	reference.digest != ""
} else := subject(path, "image", reference.name, tag, "moving") if {
	reference := images.parse(text)
	tag := {true: "latest", false: reference.tag}[reference.tag == ""]
} else := subject(path, "image", text, "", "unknown")

# The objects, with their group and kind, whatever the version of the API.
objects := workloads.objects

# --- Argo CD

argo := array.concat(
	array.concat(argo_revisions, argo_folders),
	array.concat(argo_overrides, array.concat(argo_hydrated, generated)),
)

# Without a target revision the newest is meant: HEAD, or any version of a chart.
argo_revisions := [subject(array.concat(source.path, ["targetRevision"]), kind, key, version, pin) |
	some source in gitops.argo_sources
	chart := gitops.field(source.value, ["chart"])
	kind := {true: "chart", false: "revision"}[chart != ""]
	key := trim_right(concat("/", [gitops.field(source.value, ["repoURL"]), chart]), "/")
	given := gitops.field(source.value, ["targetRevision"])
	version := {true: {"chart": "*", "revision": "HEAD"}[kind], false: given}[given == ""]
	pin := {"chart": gitops.chart_pin(version), "revision": gitops.revision_pin(version)}[kind]
]

argo_folders := [subject(array.concat(source.path, ["path"]), "folder", gitops.field(source.value, ["repoURL"]), path, "moving") |
	some source in gitops.argo_sources
	path := gitops.field(source.value, ["path"])
	path != ""
]

argo_overrides := array.concat(
	[subject(array.concat(source.path, ["helm", "parameters", i, "value"]), "parameter", key, gitops.text(given.value), "moving") |
		some source in gitops.argo_sources
		some i, given in source.value.helm.parameters
		is_string(given.name)
		says_version(given.name)
		key := sprintf("%s#%s", [gitops.field(source.value, ["repoURL"]), given.name])
	],
	array.concat(
		[kustomized(array.concat(source.path, ["kustomize", "images", i]), image) |
			some source in gitops.argo_sources
			some i, image in source.value.kustomize.images
			is_string(image)
		],
		[found |
			some source in gitops.argo_sources
			some found in value_images(array.concat(source.path, ["helm", "valuesObject"]), source.value.helm.valuesObject)
		],
	),
)

# A name by which templates are told a version.
says_version(name) if regex.match(`(?i)(^|[._-])(tag|digest|version|revision|image|model(_?uri|_?name|_?id)?|storageuri)$`, name)

says_version(name) if regex.match(`[a-z](Tag|Digest|Version|Revision|Image|Uri|URI)$`, name)

# `old=new:tag`, `name:tag` or `name@digest`, as kustomize takes them.
kustomized(path, image) := image_subject(path, new) if {
	at := indexof(image, "=")
	at > 0
	new := substring(image, at + 1, -1)
} else := image_subject(path, image)

argo_hydrated := [subject(path, "revision", key, branch, "moving") |
	some spec in gitops.application_specs
	branch := spec.value.sourceHydrator.syncSource.targetBranch
	path := array.concat(spec.path, ["sourceHydrator", "syncSource", "targetBranch"])
	key := sprintf("%s#hydrated", [gitops.field(spec.value, ["sourceHydrator", "drySource", "repoURL"])])
	is_string(branch)
]

# What a list generator hands to its template, by the element's own name.
generated := [subject(array.concat(gitops.below(at, ["spec", "generators", i, "list", "elements", j]), [name]), "parameter", key, gitops.text(value), "moving") |
	some at in gitops.named("argoproj.io/ApplicationSet")
	some i, generator in at.value.spec.generators
	some j, element in generator.list.elements
	some name, value in element
	says_version(name)
	key := sprintf("%s#%s", [element_name(element, j), name])
]

element_name(element, index) := names[0] if {
	names := [element[one] | some one in ["name", "cluster", "env", "environment", "namespace"]; is_string(element[one])]
	count(names) > 0
} else := sprintf("%d", [index])

# --- Flux

flux := array.concat(array.concat(flux_sources, flux_charts), array.concat(flux_kustomizations, flux_values))

flux_sources := array.concat(
	[subject(gitops.below(at, ["spec", "ref", name]), "revision", gitops.field(at.value, ["spec", "url"]), gitops.text(value), pin) |
		some at in gitops.named("source.toolkit.fluxcd.io/GitRepository")
		some name, value in at.value.spec.ref
		pin := gitops.revision_pin(gitops.text(value))
	],
	[subject(gitops.below(at, ["spec", "ref", name]), "revision", gitops.field(at.value, ["spec", "url"]), gitops.text(value), pin) |
		some at in gitops.named("source.toolkit.fluxcd.io/OCIRepository")
		some name, value in at.value.spec.ref
		pin := gitops.revision_pin(gitops.text(value))
	],
)

flux_charts := array.concat(
	[subject(gitops.below(at, ["spec", "chart", "spec", "version"]), "chart", key, version, gitops.chart_pin(version)) |
		some at in gitops.named("helm.toolkit.fluxcd.io/HelmRelease")
		chart := at.value.spec.chart.spec
		key := sprintf("%s/%s", [gitops.field(chart, ["sourceRef", "name"]), gitops.field(chart, ["chart"])])
		version := object.get(chart, "version", "*")
	],
	[subject(gitops.below(at, ["spec", "version"]), "chart", key, version, gitops.chart_pin(version)) |
		some at in gitops.named("source.toolkit.fluxcd.io/HelmChart")
		key := sprintf("%s/%s", [gitops.field(at.value, ["spec", "sourceRef", "name"]), gitops.field(at.value, ["spec", "chart"])])
		version := object.get(at.value.spec, "version", "*")
	],
)

flux_kustomizations := array.concat(
	[subject(gitops.below(at, ["spec", "path"]), "folder", gitops.field(at.value, ["spec", "sourceRef", "name"]), path, "moving") |
		some at in gitops.named("kustomize.toolkit.fluxcd.io/Kustomization")
		path := at.value.spec.path
		is_string(path)
	],
	array.concat(
		[found |
			some at in gitops.named("kustomize.toolkit.fluxcd.io/Kustomization")
			some found in listed_images(gitops.below(at, ["spec", "images"]), at.value.spec.images)
		],
		[subject(gitops.below(at, ["spec", "postBuild", "substitute", name]), "parameter", name, gitops.text(value), "moving") |
			some at in gitops.named("kustomize.toolkit.fluxcd.io/Kustomization")
			some name, value in at.value.spec.postBuild.substitute
			says_version(name)
		],
	),
)

flux_values := [found |
	some at in gitops.named("helm.toolkit.fluxcd.io/HelmRelease")
	some found in value_images(gitops.below(at, ["spec", "values"]), at.value.spec.values)
]

# Images as values of charts have them: a repository with a tag or a digest beside, and what is called a reference to a model.
value_images(path, values) := array.concat(
	[object.union(found, {"path": array.concat(path, array.concat(inner, [last]))}) |
		walk(values, [inner, value])
		is_string(value.repository)
		last := {true: "digest", false: "tag"}[gitops.field(value, ["digest"]) != ""]
		found := image_subject([], images.of_pieces(value))
	],
	[object.union(found, {"path": array.concat(path, inner)}) |
		walk(values, [inner, value])
		is_string(value)
		inner[count(inner) - 1] in {"modelUri", "modelURI", "model_uri", "storageUri"}
		read := models.parse(value, "")
		found := subject([], "model", sprintf("%s:%s", [read.scheme, read.location]), version_of(read), pin_of[read.pin])
	],
)

# --- Kustomize and kpt

kustomize := array.concat(
	array.concat(
		[found |
			some at in gitops.named("kustomize.config.k8s.io/Kustomization")
			some found in listed_images(gitops.below(at, ["images"]), at.value.images)
		],
		[subject(gitops.below(at, ["helmCharts", i, "version"]), "chart", key, version, gitops.chart_pin(version)) |
			some at in gitops.named("kustomize.config.k8s.io/Kustomization")
			some i, chart in at.value.helmCharts
			key := sprintf("%s/%s", [gitops.field(chart, ["repo"]), gitops.field(chart, ["name"])])
			version := object.get(chart, "version", "*")
		],
	),
	array.concat(
		[subject(gitops.below(at, [list, i]), "revision", located, version, gitops.revision_pin(version)) |
			some at in gitops.named("kustomize.config.k8s.io/Kustomization")
			some list in ["resources", "bases", "components"]
			some i, resource in at.value[list]
			is_string(resource)
			[located, query] := array.slice(split(resource, "?"), 0, 2)
			[version] := array.slice(
				[value |
					some pair in split(query, "&")
					[name, value] := split(pair, "=")
					name in {"ref", "version"}
				],
				0, 1,
			)
		],
		[subject(gitops.below(at, ["upstream", "git", "ref"]), "revision", key, version, gitops.revision_pin(version)) |
			some at in gitops.named("kpt.dev/Kptfile")
			git := at.value.upstream.git
			key := sprintf("%s/%s", [trim_suffix(gitops.field(git, ["repo"]), "/"), trim_prefix(gitops.field(git, ["directory"]), "/")])
			version := gitops.field(git, ["ref"])
		],
	),
)

# kustomize's `images`: what of it is not given stays as it was, which cannot be told here.
listed_images(path, list) := [found |
	some i, image in list
	name := object.get(image, "newName", object.get(image, "name", ""))
	some found in listed_image(array.concat(path, [i]), name, image)
]

listed_image(path, name, image) := [subject(array.concat(path, ["digest"]), "image", named_image(name), image.digest, "content")] if {
	is_string(image.digest)
	image.digest != ""
} else := [subject(array.concat(path, ["newTag"]), "image", named_image(name), gitops.text(image.newTag), "moving")] if {
	not object.get(image, "newTag", "") in {"", null}
} else := []

named_image(name) := images.parse(name).name if {
	images.parse(name)
} else := gitops.text(name)

# --- Config Sync

config_sync := array.concat(
	array.concat(
		[subject(gitops.below(at, ["spec", "git", which]), "revision", gitops.field(git, ["repo"]), version, gitops.revision_pin(version)) |
			some at in gitops.syncs
			git := at.value.spec.git
			which := {true: "revision", false: "branch"}[gitops.field(git, ["revision"]) != ""]
			given := gitops.field(git, [which])
			version := {true: "HEAD", false: given}[given == ""]
		],
		[subject(gitops.below(at, ["spec", source, "dir"]), "folder", key, folder, "moving") |
			some at in gitops.syncs
			some source in ["git", "oci"]
			folder := at.value.spec[source].dir
			is_string(folder)
			key := sprintf("%s%s", [gitops.field(at.value, ["spec", "git", "repo"]), gitops.field(at.value, ["spec", "oci", "image"])])
		],
	),
	array.concat(
		[image_subject(gitops.below(at, ["spec", "oci", "image"]), image) |
			some at in gitops.syncs
			image := at.value.spec.oci.image
			is_string(image)
		],
		[subject(gitops.below(at, ["spec", "helm", "version"]), "chart", key, version, gitops.chart_pin(version)) |
			some at in gitops.syncs
			helm := at.value.spec.helm
			key := sprintf("%s/%s", [gitops.field(helm, ["repo"]), gitops.field(helm, ["chart"])])
			version := object.get(helm, "version", "*")
		],
	),
)

# --- Registries of models, functions and pipelines

registries := array.concat(
	array.concat(
		[subject(gitops.below(at, ["metadata", "labels", "modelregistry.kubeflow.org/model-version-id"]), "registry", key, gitops.text(version), "version") |
			some at in objects
			version := at.value.metadata.labels["modelregistry.kubeflow.org/model-version-id"]
			key := sprintf("registered-model/%s", [gitops.field(at.value, ["metadata", "labels", "modelregistry.kubeflow.org/registered-model-id"])])
		],
		[subject(gitops.below(at, ["spec", "code", "s3ObjectVersion"]), "code", key, version, function_pin(version)) |
			some at in gitops.named("lambda.services.k8s.aws/Function")
			code := at.value.spec.code
			is_string(code.s3Key)
			key := sprintf("s3://%s/%s", [gitops.field(code, ["s3Bucket"]), code.s3Key])
			version := gitops.field(code, ["s3ObjectVersion"])
		],
	),
	array.concat(
		[subject(gitops.below(at, ["spec"]), "pipeline", key, crypto.sha256(json.marshal(at.value.spec)), "content") |
			some at in gitops.named("pipelines.kubeflow.org/PipelineVersion")
			key := gitops.field(at.value, ["spec", "pipelineName"])
		],
		[subject(gitops.below(at, ["spec", "modelApprovalStatus"]), "registry", key, gitops.text(at.value.spec.modelApprovalStatus), "version") |
			some at in gitops.named("sagemaker.services.k8s.aws/ModelPackage")
			key := sprintf("%s%s", [gitops.field(at.value, ["spec", "modelPackageGroupName"]), gitops.field(at.value, ["spec", "modelPackageName"])])
			at.value.spec.modelApprovalStatus
		],
	),
)

function_pin("") := "moving"

function_pin(version) := "version" if version != ""

# --- What chooses between versions

choices := array.concat(array.concat(runtimes, traffic), array.concat(parameters, array.concat(fetched, stages)))

runtimes := array.concat(
	[subject(gitops.below(at, ["spec", "runtimeRef", "name"]), "runtime", "runtimeRef", gitops.field(at.value, ["spec", "runtimeRef", "name"]), "moving") |
		some at in gitops.named("trainer.kubeflow.org/TrainJob")
		at.value.spec.runtimeRef.name
	],
	array.concat(
		[subject(gitops.below(at, ["spec", component, server, name]), "runtime", sprintf("%s.%s", [component, name]), gitops.text(value), "moving") |
			some at in objects
			at.name in workloads.inference_services
			some component in ["predictor", "transformer", "explainer"]
			some server in workloads.model_servers
			some name in ["runtime", "runtimeVersion"]
			value := at.value.spec[component][server][name]
		],
		[subject(gitops.below(at, ["spec", name]), "runtime", name, gitops.text(value), "moving") |
			some at in array.concat(gitops.named("ray.io/RayCluster"), array.concat(gitops.named("ray.io/RayJob"), gitops.named("ray.io/RayService")))
			some name in ["rayVersion"]
			value := at.value.spec[name]
		],
	),
)

traffic := array.concat(
	array.concat(
		[subject(gitops.below(at, ["spec", component, "canaryTrafficPercent"]), "traffic", component, gitops.text(percent), "version") |
			some at in objects
			at.name in workloads.inference_services
			some component in ["predictor", "transformer", "explainer"]
			percent := at.value.spec[component].canaryTrafficPercent
		],
		[subject(gitops.below(at, ["spec", "traffic"]), "traffic", "revisions", shares(at.value.spec.traffic), "version") |
			some at in objects
			at.name in {"run.cnrm.cloud.google.com/RunService", "serving.knative.dev/Route", "serving.knative.dev/Service"}
			is_array(at.value.spec.traffic)
		],
	),
	array.concat(
		[subject(gitops.below(at, ["spec", "functionVersion"]), "traffic", gitops.field(at.value, ["spec", "functionName"]), gitops.text(at.value.spec.functionVersion), "version") |
			some at in gitops.named("lambda.services.k8s.aws/Alias")
			at.value.spec.functionVersion
		],
		[subject(gitops.below(at, ["spec", "endpointConfigName"]), "traffic", gitops.field(at.value, ["spec", "endpointName"]), gitops.text(at.value.spec.endpointConfigName), "version") |
			some at in gitops.named("sagemaker.services.k8s.aws/Endpoint")
			at.value.spec.endpointConfigName
		],
	),
)

shares(list) := concat(",", [share |
	some entry in list
	share := sprintf("%s=%v", [revision_name(entry), object.get(entry, "percent", "")])
])

revision_name(entry) := name if {
	name := [gitops.text(entry[one]) | some one in ["revisionName", "revision", "tag"]; entry[one]][0]
} else := "latest"

# Parameters of workflows by whose names a version is told.
parameters := [subject(array.concat(path, ["arguments", "parameters", i, "value"]), "parameter", given.name, gitops.text(given.value), "moving") |
	some path in workloads.workflow_paths
	some i, given in workloads.value_at(path).arguments.parameters
	is_string(given.name)
	says_version(given.name)
	not object.get(given, "value", null) in {"", null}
]

# Code that Ray fetches by URL.
fetched := [subject(path, "code", split(value, "?")[0], "", "moving") |
	some path in models.serve_config_paths
	walk(models.yaml_at(path), [inner, value])
	is_string(value)
	inner[count(inner) - 1] == "working_dir"
	contains(value, "://")
]

stages := [subject(gitops.below(at, ["spec", "freight"]), "revision", gitops.field(at.value, ["spec", "stage"]), gitops.text(at.value.spec.freight), "content") |
	some at in gitops.named("kargo.akuity.io/Promotion")
	at.value.spec.freight
]
