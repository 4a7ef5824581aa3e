# METADATA
# title: Configurations of tools
# description: |
#   What a tool reads as a file: documents that are objects by themselves (`documents.lockgate.dev`), those that a ConfigMap or a Secret holds as
#   texts, and values of charts. What stands in a text has no path of its own, so that a violation points to the text.
package lib.lockgate.configurations

import data.lib.lockgate.workloads

# METADATA
# description: |
#   `{"path", "kind", "value", "how"}` for each document; `kind` as in `documents.lockgate.dev`, `how` is `field` or `text`. A text that is no YAML is none.
documents := array.concat(written, held)

# METADATA
# description: The path of a field of a document, where it stands or would stand.
place(document, rest) := array.concat(document.path, rest) if {
	document.how == "field"
} else := document.path

# METADATA
# description: |
#   The same, with documents that values of charts hold: objects that have the keys which documents of the kind have at their root.
with_values := array.concat(documents, [{"path": array.concat(given.path, rest), "kind": kind, "value": value, "how": "field"} |
	some given in values
	walk(given.value, [rest, value])
	is_object(value)
	some kind, keys in roots
	every key in keys {
		object.get(value, key, null) != null
	}
])

# METADATA
# description: |
#   The texts of ConfigMaps and Secrets, as `{"path", "name", "text"}`; `data` of a Secret is decoded.
texts := array.concat(plain, decoded)

# METADATA
# description: |
#   The values that are given to charts, as `{"path", "value"}`: a file of values, a HelmRelease's and an Application's.
values := array.concat(
	[{"path": path, "value": value} |
		some at in workloads.objects
		some place in value_places[at.name]
		path := array.concat(at.path, place)
		value := workloads.value_at(path)
		is_object(value)
	],
	[{"path": path, "value": value} |
		some at in workloads.objects
		at.name == "argoproj.io/Application"
		some path in workloads.below(array.concat(at.path, ["spec", "sources"]), ["helm", "valuesObject"])
		value := workloads.value_at(path)
		is_object(value)
	],
)

value_places := {
	"argoproj.io/Application": [["spec", "source", "helm", "valuesObject"]],
	"documents.lockgate.dev/HelmValues": [["spec"]],
	"helm.toolkit.fluxcd.io/HelmRelease": [["spec", "values"]],
}

written := [{"path": array.concat(at.path, ["spec"]), "kind": kind, "value": at.value.spec, "how": "field"} |
	some at in workloads.objects
	startswith(at.name, "documents.lockgate.dev/")
	kind := trim_prefix(at.name, "documents.lockgate.dev/")
	is_object(at.value.spec)
]

held := [{"path": found.path, "kind": kind, "value": value, "how": "text"} |
	some found in texts
	some kind in kinds_in(found.text)
	yaml.is_valid(found.text)
	value := yaml.unmarshal(found.text)
	is_object(value)
	every key in roots[kind] {
		object.get(value, key, null) != null
	}
]

# The keys that a document of a kind has at its root.
roots := {
	"AlertmanagerConfiguration": ["receivers", "route"],
	"GrafanaDatasources": ["apiVersion", "datasources"],
	"NodeProblemDetectorConfig": ["plugin", "source"],
	"PrometheusConfig": ["scrape_configs"],
	"PrometheusRules": ["groups"],
	"ZabbixExport": ["zabbix_export"],
}

# A text is parsed only where the keys stand in it.
kinds_in(text) := {kind |
	some kind, keys in roots
	every key in keys {
		contains(text, key)
	}
}

plain := [{"path": path, "name": name, "text": text} |
	some at in workloads.objects
	some field in text_fields[at.name]
	some name, text in workloads.children(array.concat(at.path, [field]))
	is_string(name)
	is_string(text)
	path := array.concat(at.path, [field, name])
]

text_fields := {"/ConfigMap": ["data"], "/Secret": ["stringData"]}

decoded := [{"path": path, "name": name, "text": text} |
	some at in workloads.objects
	at.name == "/Secret"
	some name, written in workloads.children(array.concat(at.path, ["data"]))
	is_string(name)
	regex.match(`\.(ini|json|ya?ml)$`, name)
	base64.is_valid(written)
	text := base64.decode(written)
	path := array.concat(at.path, ["data", name])
]
