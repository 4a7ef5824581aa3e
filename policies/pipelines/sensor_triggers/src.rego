# METADATA
# title: An event starts what was decided, and does not decide what runs
# description: |
#   A parameter of a sensor's trigger writes a value of the event into the object that it makes. Where it writes what runs (an image, a command, the source of a script,
#   arguments of a shell, a patch of pods, a manifest), under which account or in which namespace, or which model is served (`storageUri`, `modelUri`), whoever sends an event
#   decides, past review and promotion. The same holds for a workflow's argument whose name says that it is an image.
#   An object may not be fetched over plain HTTP from outside of the cluster, nor with certificates unverified.
#
#   Unless `requireFilters` is false, each dependency of a sensor whose triggers do something must have `filters`, so that not every event counts.
#
#   An update that changes nothing but metadata and status is not judged.
#
#   Not covered: what a workflow does with its other arguments (its templates may run them), and payloads that are sent on to other systems.
# related_resources:
#   - ref: https://argoproj.github.io/argo-events/tutorials/02-parameterization/
#     description: Parameters of triggers
#   - ref: https://argoproj.github.io/argo-events/sensors/filters/intro/
#     description: Filters of dependencies
# custom:
#   id: LG-P010
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 SI-10 (information input validation)
#     - NIST SP 800-53 CM-3 (configuration change control)
#   systems: [argo-events, argo-workflows]
package lockgate.pipelines.sensor_triggers

import data.lib.lockgate.argo
import data.lib.lockgate.hosts
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(written.path, "an event decides what runs", written.dest, why, fix) if {
	not updates.unchanged
	some written in parameters
	what := decided(written)
	why := sprintf("whoever sends it sets %s, past review and promotion", [what])
	fix := "write it in the object, or let the trigger open a change request"
}

violation contains report.violation(path, "an event is not filtered", shown, why, fix) if {
	not updates.unchanged
	object.get(review.parameters, "requireFilters", true) != false
	some sensor in sensors
	count([trigger | some trigger in argo.triggers; trigger.sensor == sensor.path]) > 0
	some i, dependency in sensor.value.spec.dependencies
	not filtered(dependency)
	path := array.concat(sensor.path, ["spec", "dependencies", i, "filters"])
	shown := called(dependency)
	why := "every event of its source starts the triggers"
	fix := "add filters that say which events count (data, exprs or context)"
}

violation contains report.violation(path, "object is fetched unprotected", url, why, fix) if {
	not updates.unchanged
	some trigger in argo.triggers
	location := trigger.value.source.url
	unprotected(location)
	path := array.concat(trigger.path, ["source", "url", "path"])
	url := object.get(location, "path", "no path")
	why := "whoever stands between decides what the sensor makes"
	fix := "write the object in source.resource, or fetch it over HTTPS with verifyCert true"
}

unprotected(location) if hosts.plain(location.path)

unprotected(location) if {
	location.verifyCert == false
	startswith(lower(location.path), "https:")
}

sensors := [at | some at in workloads.objects; at.name == "argoproj.io/Sensor"]

called(dependency) := dependency.name if {
	is_string(dependency.name)
} else := "a dependency"

filtered(dependency) if {
	is_object(dependency.filters)
	some field in ["context", "data", "exprs", "script", "time"]
	not object.get(dependency.filters, field, null) in {null, "", [], {}}
}

# What parameters write: those of what a trigger does, whose paths begin in the object, and those of the trigger's template.
parameters := array.concat(
	[{"path": array.concat(trigger.path, ["parameters", i, "dest"]), "dest": parameter.dest, "object": resource_of(trigger.value)} |
		some trigger in argo.triggers
		trigger.doer in {"argoWorkflow", "k8s"}
		some i, parameter in trigger.value.parameters
		is_string(parameter.dest)
	],
	[{"path": array.concat(trigger, ["parameters", i, "dest"]), "dest": parameter.dest, "object": object.get(template, [steps[0], "source", "resource"], {})} |
		some sensor in sensors
		some trigger in workloads.below(array.concat(sensor.path, ["spec", "triggers"]), [])
		some i, parameter in workloads.children(array.concat(trigger, ["parameters"]))
		is_string(parameter.dest)
		steps := split(parameter.dest, ".")
		template := {doer: value | some doer, value in workloads.children(array.concat(trigger, ["template"]))}
	],
)

resource_of(value) := object.get(value, ["source", "resource"], {})

# The steps of a path of sjson; what leads to the object is not part of it.
steps_of(written) := array.slice(all, 3, count(all)) if {
	all := split(written.dest, ".")
	all[1] == "source"
	all[2] == "resource"
} else := split(written.dest, ".")

words := {
	"apiVersion", "command", "hostPath", "image", "imageName", "inline", "kind", "manifest", "modelUri", "namespace",
	"podSpecPatch", "script", "serviceAccount", "serviceAccountName", "source", "storageUri", "uri", "workflowTemplateRef",
}

decided(written) := found[count(found) - 1] if {
	found := [step | some step in steps_of(written); step in words]
	count(found) > 0
} else := "the arguments of a shell" if {
	steps := steps_of(written)
	some i, step in steps
	step == "args"
	container := value_of(written.object, array.slice(steps, 0, i))
	some word in array.concat(list(container, "command"), list(container, "args"))
	is_string(word)
	regex.match(`^((.*/)?(ba|da|z|k)?sh|-l?i?c|(.*/)?python[0-9.]*)$`, word)
} else := sprintf("the argument %s", [name]) if {
	steps := steps_of(written)
	steps[count(steps) - 1] == "value"
	holder := value_of(written.object, array.slice(steps, 0, count(steps) - 1))
	name := holder.name
	is_string(name)
	regex.match(`(?i)image`, name)
}

list(container, field) := value if {
	value := container[field]
	is_array(value)
} else := []

value_of(holder, steps) := object.get(holder, [step_in(step) | some step in steps], null) if is_object(holder)

step_in(step) := to_number(step) if {
	regex.match(`^[0-9]{1,6}$`, step)
} else := step
