# METADATA
# title: Argo's workflows and sensors
# description: |
#   What Argo Workflows and Argo Events are told to do: workflows with their templates, manifests that a template creates as text,
#   and triggers of sensors. All are found in objects inside of others too.
#   https://argo-workflows.readthedocs.io/en/latest/fields/ https://argoproj.github.io/argo-events/APIs/
package lib.lockgate.argo

import data.lib.lockgate.workloads

# METADATA
# description: |
#   Specs of workflows, as `{"path", "name", "value"}`; `name` is `group/Kind` of the object that holds it.
workflows := [{"path": path, "name": at.name, "value": value} |
	some at in workloads.objects
	path := array.concat(at.path, workloads.workflow_specs[at.name])
	value := workloads.value_at(path)
	is_object(value)
]

# METADATA
# description: |
#   Templates of workflows, as `{"path", "workflow", "value"}`; `workflow` is the path of the spec that holds it. Those that are written
#   inline in a step or a task, and the defaults of all templates, are among them.
templates := [{"path": path, "workflow": workflow.path, "value": value} |
	some workflow in workflows
	some pattern in workloads.template_patterns
	some path in workloads.matches(workflow.path, pattern)
	value := workloads.value_at(path)
	is_object(value)
]

# METADATA
# description: Fields of a template of which pods are made; `http` and `plugin` are run by an agent's pod.
pod_fields := {"container", "containerSet", "data", "http", "plugin", "resource", "script"}

# METADATA
# description: Whether a template makes pods by itself; one with steps or tasks makes them by other templates.
makes_pods(template) if {
	some field in pod_fields
	is_object(template[field])
}

# METADATA
# description: |
#   What templates with `resource`, and triggers of sensors, do to objects, as `{"path", "action", "objects", "undecided"}`: objects as
#   `{"path", "name", "value"}`. `undecided` says why it is not known to which: "" where it is.
#   A text is read document by document, as kubectl does, with what is filled in later as `placeholder`.
deeds := array.concat(written, triggered)

# METADATA
# description: Stands in a text that is read for what is filled in when a workflow runs.
placeholder := "lockgate-placeholder"

written := [deed |
	some template in templates
	resource := template.value.resource
	is_object(resource)
	deed := object.union(
		{"action": action(object.get(resource, "action", ""))},
		manifest(array.concat(template.path, ["resource"]), resource),
	)
]

action(value) := lower(value) if {
	is_string(value)
} else := "unreadable"

manifest(path, resource) := in_text(array.concat(path, ["manifest"]), resource.manifest) if {
	is_string(resource.manifest)
	resource.manifest != ""
} else := in_text(array.concat(path, from), text) if {
	from := ["manifestFrom", "artifact", "raw", "data"]
	text := object.get(resource, from, null)
	is_string(text)
} else := {"path": path, "objects": [], "undecided": "its manifest is not written here"}

# METADATA
# description: What stands in a text of one or several documents; `{"path", "objects", "undecided"}`.
in_text(path, text) := {"path": path, "objects": objects, "undecided": reason(unknown)} if {
	documents := [document |
		some document in regex.split(`(?m)^---.*$`, regex.replace(text, `\{\{[^{}]*\}\}`, placeholder))
		trim_space(document) != ""
	]
	read := [value | some document in documents; yaml.is_valid(document); value := yaml.unmarshal(document); value != null]
	listed := [value |
		some outer in read
		some value in items(outer)
	]
	objects := [{"path": path, "name": workloads.identity(value), "value": value} | some value in listed; named(value)]
	unknown := [document | some document in documents; not yaml.is_valid(document)]
	count(objects) == count(listed)
} else := {"path": path, "objects": [], "undecided": "what it holds is filled in when it runs, or is no object"}

reason(unknown) := "" if {
	count(unknown) == 0
} else := "it cannot be read as YAML before it runs"

items(value) := value.items if {
	is_object(value)
	is_array(value.items)
	endswith(workloads.text(object.get(value, "kind", "")), "List")
} else := [value]

named(value) if {
	is_object(value)
	every field in ["apiVersion", "kind"] {
		is_string(value[field])
		not contains(value[field], placeholder)
	}
}

# METADATA
# description: |
#   Triggers of sensors, as `{"path", "sensor", "template", "doer", "value"}`: `template` is that of the trigger, `doer` the field that says what
#   it does (`k8s`, `argoWorkflow`, `http`, …) and `value` what stands there, at `path`.
triggers := [{"path": array.concat(path, ["template", doer]), "sensor": at.path, "template": template, "doer": doer, "value": value} |
	some at in workloads.objects
	at.name == "argoproj.io/Sensor"
	some path in workloads.below(array.concat(at.path, ["spec", "triggers"]), [])
	template := workloads.value_at(array.concat(path, ["template"]))
	some doer, value in template
	doer in doers
	is_object(value)
]

doers := {
	"argoWorkflow", "awsLambda", "azureEventHubs", "azureServiceBus", "custom", "email", "http", "k8s", "kafka", "nats",
	"openWhisk", "pulsar", "slack",
}

triggered := [deed |
	some trigger in triggers
	trigger.doer in {"argoWorkflow", "k8s"}
	deed := object.union(
		{"action": action(object.get(trigger.value, "operation", default_operation[trigger.doer]))},
		source(array.concat(trigger.path, ["source"]), object.get(trigger.value, "source", null)),
	)
]

default_operation := {"argoWorkflow": "submit", "k8s": "create"}

source(path, value) := {"path": at, "objects": [{"path": at, "name": workloads.identity(value.resource), "value": value.resource}], "undecided": ""} if {
	named(value.resource)
	at := array.concat(path, ["resource"])
} else := in_text(array.concat(path, ["inline"]), value.inline) if {
	is_string(value.inline)
} else := {"path": path, "objects": [], "undecided": "the object is not written here"}
