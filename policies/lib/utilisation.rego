# METADATA
# title: What workloads use
# description: |
#   The provider `lockgate-utilisation` is asked about workloads by name: `{"name":"fraud","namespace":"shop"}`. It answers with what was measured of their
#   containers: `{"containers": {name: {resource: {"p95", "maximum", "samples", "since", "until"}}}}`; `resource` is `cpu` (cores), `memory` (bytes) or
#   `devices` (of which each is busy all the time), of one pod; `p95` is what 95 of 100 measurements do not exceed. `lockgate utilisation` writes such answers.
package lib.lockgate.utilisation

import data.lib.lockgate.external
import data.lib.lockgate.settings
import data.lib.lockgate.workloads

# METADATA
# description: |
#   The containers of workloads whose pods keep the workload's name, as `{"path", "name", "value", "workload", "key"}`; `key` is what the provider is asked.
containers := [{"path": path, "name": name, "value": container, "workload": pod.workload, "key": key} |
	some pod in pods
	key := json.marshal({"name": pod.workload, "namespace": pod.namespace})
	some [rest, name, container] in listed(pod)
	path := array.concat(pod.path, rest)
]

# Where pods stand, the name of what has them and its namespace.
pods := array.concat(
	[{"path": array.concat(at.path, ["spec", "template", "spec"]), "workload": name, "namespace": namespace(at.value), "of": at.name} |
		some at in workloads.objects
		at.name in templated
		name := metadata(at.value).name
		settings.literal(name)
	],
	[{"path": array.concat(at.path, ["spec", component]), "workload": sprintf("%s-%s", [name, component]), "namespace": namespace(at.value), "of": at.name} |
		some at in workloads.objects
		at.name == "serving.kserve.io/InferenceService"
		name := metadata(at.value).name
		settings.literal(name)
		some component in ["explainer", "predictor", "transformer"]
	],
)

templated := {"apps/DaemonSet", "apps/Deployment", "apps/StatefulSet", "argoproj.io/Rollout"}

metadata(value) := settings.fields(object.get(value, "metadata", {}))

namespace(value) := name if {
	name := metadata(value).namespace
	settings.literal(name)
} else := name if {
	name := input.review.namespace
	settings.literal(name)
} else := "default"

listed(pod) := array.concat(
	[[["containers", i], container.name, container] |
		some i, container in workloads.children(array.concat(pod.path, ["containers"]))
		settings.literal(container.name)
	],
	[[["model"], "kserve-container", model] |
		pod.of == "serving.kserve.io/InferenceService"
		model := workloads.value_at(array.concat(pod.path, ["model"]))
		is_object(model)
	],
)

answers := external.answers("lockgate-utilisation", sort({container.key | some container in containers})) if count(containers) > 0

said[key] := value if some [key, value] in answers.responses

# METADATA
# description: |
#   What was measured of a container (an entry of `containers`), by resource; `{}` where nothing was. Uses without a number that is not below 0, how many
#   measurements there are and times are left out.
of(container) := {resource: use |
	some resource, use in settings.fields(settings.fields(settings.fields(said[container.key]).containers)[container.name])
	is_object(use)
	is_number(use.p95)
	use.p95 >= 0
	is_number(use.samples)
	count([time | some time in [use.since, use.until]; is_time(time)]) == 2
}

is_time(text) if {
	is_string(text)
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$`, text)
}

# METADATA
# description: Days from one time to another, and days that have gone since one.
days(since, until) := (time.parse_rfc3339_ns(until) - time.parse_rfc3339_ns(since)) / 86400000000000

age(moment) := (time.now_ns() - time.parse_rfc3339_ns(moment)) / 86400000000000
