# METADATA
# title: Objects that are written as text
# description: |
#   What strings of an object hold as YAML or JSON: pods that Argo patches and objects that it makes, objects of Sensors, and the environments in which
#   Ray runs code. What stands in a string has no path of its own, so that a violation points to the string.
package lib.lockgate.texts

import data.lib.lockgate.workloads

# METADATA
# description: |
#   `{"path", "value", "readable"}` for each document in such a string: one that is no YAML, or holds a placeholder by which other text
#   comes in (`{{…}}`), is not readable, and its value is what can be told of it, or null.
texts := [{"path": path, "value": read(document), "readable": is_readable(document)} |
	some path in array.concat(workloads.text_paths, runtime_paths)
	some document in documents(workloads.value_at(path))
]

# METADATA
# description: Paths of the strings in which Ray is told what to serve, and in which environment to run.
runtime_paths := [path |
	some at in workloads.objects
	some field in runtime_fields[at.name]
	path := array.concat(at.path, field)
	is_string(workloads.value_at(path))
]

runtime_fields := {
	"ray.io/RayCronJob": [["spec", "jobTemplate", "runtimeEnvYAML"]],
	"ray.io/RayJob": [["spec", "runtimeEnvYAML"]],
	"ray.io/RayService": [["spec", "serveConfigV2"]],
}

# A stream of documents is taken apart where kubectl does.
documents(text) := [document |
	some document in regex.split(`(?m)^---(?:\s|$)`, text)
	trim_space(document) != ""
]

read(text) := yaml.unmarshal(text) if {
	yaml.is_valid(text)
} else := null

is_readable(text) if {
	yaml.is_valid(text)
	not contains(text, "{{")
	not has_odd_case(yaml.unmarshal(text))
} else := false

# Kubernetes reads fields of JSON whatever their case, and a rule looks for them as they are spelt.
has_odd_case(value) if {
	walk(value, [inner, _])
	name := inner[count(inner) - 1]
	is_string(name)
	spelling[lower(name)] != name
}

spelling := {lower(name): name |
	some name in [
		"args", "command", "containers", "env", "ephemeralContainers", "hostIPC", "hostNetwork", "hostPID", "hostPath", "initContainers", "kind",
		"privileged", "resources", "securityContext", "serviceAccountName", "spec", "template", "volumes",
	]
}

# METADATA
# description: |
#   The pod specs in them, as `{"path", "value"}`: what has a list of containers. A rule on pods judges these too, and tells the string's path.
pods := [{"path": found.path, "value": value} |
	some found in texts
	walk(found.value, [_, value])
	is_object(value)
	has_containers(value)
]

has_containers(value) if {
	some field in ["containers", "initContainers", "ephemeralContainers"]
	some container in value[field]
	is_object(container)
}

# METADATA
# description: |
#   The images in them, as `{"path", "text"}`: whatever is called `image` and is a string, the `reference` of an image volume, and Ray's `image_uri`.
images := [{"path": found.path, "text": value} |
	some found in texts
	walk(found.value, [inner, value])
	is_string(value)
	names_image(inner)
]

# Kubernetes reads fields of JSON whatever their case.
names_image(inner) if {
	name := inner[count(inner) - 1]
	is_string(name)
	lower(name) in {"image", "image_uri", "imageuri"}
}

names_image(inner) if {
	[outer, name] := array.slice(inner, count(inner) - 2, count(inner))
	is_string(outer)
	is_string(name)
	lower(outer) == "image"
	lower(name) == "reference"
}
