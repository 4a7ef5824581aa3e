# METADATA
# title: The images that an object runs
# description: |
#   Every image reference of an object, wherever it is written: in fields of containers and volumes, in YAML and JSON inside of strings, in the parts of
#   a compiled pipeline, and in pieces as kustomize and values of Helm charts have them.
package lib.lockgate.used_images

import data.lib.lockgate.images
import data.lib.lockgate.kubeflow_pipelines
import data.lib.lockgate.texts
import data.lib.lockgate.workloads

# METADATA
# description: |
#   `{"path", "text", "how", "reference"}`. `how` is `field`, `text` (in a string, at which the path ends) or `pieces` (put together: the path is that of the
#   piece with the version, or of what has the name). `reference` is what `images.parse` reads, null where that cannot be told: of a placeholder,
#   of what is no string and of what is no valid reference.
references := [object.union(found, {"reference": reference_of(found.text)}) | some found in found_images]

found_images := array.concat(
	array.concat(
		[{"path": path, "text": workloads.value_at(path), "how": "field"} | some path in workloads.image_paths],
		[object.union(found, {"how": "text"}) | some found in texts.images],
	),
	array.concat(compiled, array.concat(kustomized, charted)),
)

# METADATA
# description: Paths of strings with an object or a pod in them that cannot be read, or whose text a placeholder changes.
unreadable := {found.path | some found in texts.texts; not found.readable}

reference_of(text) := images.parse(text) if {
	is_string(text)
	not images.placeholder(text)
} else := null

compiled := [{"path": executor.path, "text": executor.container.image, "how": "text"} |
	some executor in kubeflow_pipelines.executors
	executor.how == "text"
	executor.container.image
]

# What kustomize replaces: the tag or digest is told, or the image itself; what is not given stays as it was.
kustomized := [{"path": path, "text": written, "how": "pieces"} |
	some list in image_lists
	some i, image in workloads.value_at(list)
	is_object(image)
	path := array.concat(list, [i])
	written := images.of_kustomize(image)
]

image_lists := [path |
	some at in workloads.objects
	path := array.concat(at.path, list_fields[at.name])
	is_array(workloads.value_at(path))
]

list_fields := {
	"kustomize.config.k8s.io/Component": ["images"],
	"kustomize.config.k8s.io/Kustomization": ["images"],
	"kustomize.toolkit.fluxcd.io/Kustomization": ["spec", "images"],
}

charted := [{"path": array.concat(start, inner), "text": written, "how": "pieces"} |
	some start in value_paths
	walk(workloads.value_at(start), [inner, value])
	is_string(value.repository)
	is_image(inner, value)
	written := images.of_pieces(value)
]

value_paths := [path |
	some at in workloads.objects
	some field in value_fields[at.name]
	path := array.concat(at.path, field)
	is_object(workloads.value_at(path))
]

value_fields := {
	"argoproj.io/Application": [["spec", "source", "helm", "valuesObject"]],
	"documents.lockgate.dev/HelmValues": [["spec"]],
	"helm.toolkit.fluxcd.io/HelmRelease": [["spec", "values"]],
}

# A repository may be of git or of charts; an image's stands under such a name, or has a tag or digest beside.
is_image(inner, _) if {
	name := inner[count(inner) - 1]
	is_string(name)
	endswith(lower(name), "image")
}

is_image(_, value) if {
	some field in ["tag", "digest", "pullPolicy", "imagePullPolicy"]
	object.get(value, field, null) != null
}
