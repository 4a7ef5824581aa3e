# METADATA
# title: Production's traffic goes to what was approved
# description: |
#   Where all traffic follows the newest revision, a push is in production before anybody has seen it answer, and what ran before is not there to go back to.
#   In production the traffic of these must be pinned:
#
#   - Knative's Services and services of Cloud Run: `traffic` must name revisions, and what follows the newest one may take `latestPercent` (20 unless given) of
#     it at most. Without `traffic` the newest has all of it.
#   - Aliases of Lambda functions: `functionVersion` and the versions of `routingConfig` must be numbers, not `$LATEST`, which changes with each upload.
#   - URLs of Lambda functions: without a `qualifier`, the name of an alias, they call `$LATEST`.
#
#   Production is told by the object's labels (`environmentLabels`; `lockgate.dev/environment`, `environment` and `env` unless given) and its namespace's
#   name, by the words in `tiers` (`prod`, `prd`, `production`, `live`). Nothing else is judged, unless `assumed` says
#   what it is: for namespaces that labels tell, match them by `namespaceSelector` and say `assumed`.
#
#   Placeholders are left for when they are filled in. An update that leaves spec, annotations and these labels as they were is not judged, nor a
#   Service that another object controls (KServe's are judged by `serving/canary_rollout`).
#
#   Not covered: whether the named revision is the approved one, and traffic that a mesh or a gateway shifts.
# related_resources:
#   - ref: https://knative.dev/docs/serving/traffic-management/
#     description: Traffic management of Knative
#   - ref: https://cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration
#     description: Rollouts of Cloud Run
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
#     description: Aliases of Lambda
# custom:
#   id: LG-S013
#   severity: medium
#   external: false
#   systems: [knative, cloud-run, config-connector, aws-lambda, aws-ack]
#   controls:
#     - NIST SP 800-53 CM-3 (configuration change control)
#     - NIST SP 800-53 CP-10 (system recovery and reconstitution)
package lockgate.serving.pinned_traffic

import data.lib.lockgate.owners
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.tiers
import data.lib.lockgate.workloads

violation contains report.violation(target.path, "traffic follows the newest revision", settings.shown(target.value), why, fix) if {
	not tiers.unchanged
	some service in services
	tiers.of(service.value) == "production"
	some target in following(service)
	why := "a push is in production before anybody has seen it answer"
	fix := sprintf("name the revision that is approved, and give the newest %d%% at most", [latest_percent])
}

violation contains report.violation(version.path, "function's newest code is called", settings.shown(version.value), why, fix) if {
	not tiers.unchanged
	some version in versions
	tiers.of(version.holder) == "production"
	not undecided(version.value)
	not version.pinned
	why := "$LATEST is whatever was uploaded last"
	fix := version.fix
}

latest_percent := object.get(review.parameters, "latestPercent", 20)

services := [at |
	some at in workloads.objects
	at.name in {"run.cnrm.cloud.google.com/RunService", "serving.knative.dev/Route", "serving.knative.dev/Service"}
	not owners.controlled(at.value)
]

# Targets that follow the newest revision with too much of the traffic; without any target it has all.
following(service) := [{"path": path, "value": written}] if {
	path := array.concat(service.path, ["spec", "traffic"])
	written := workloads.value_at(path)
	not settings.unknown(written)
	not listed(written)
} else := [{"path": array.concat(service.path, ["spec", "traffic", i]), "value": shown(target)} |
	some i, target in workloads.children(array.concat(service.path, ["spec", "traffic"]))
	not pinned(target)
	not small(share(target))
]

listed(written) if {
	is_array(written)
	count(written) > 0
}

# By the fields of Knative, and of Cloud Run in Config Connector's form, where what is not said is the newest.
pinned(target) if settings.text(target.revisionName)

pinned(target) if {
	is_object(target)
	target.type == "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
}

pinned(target) if settings.unknown(target.latestRevision)

pinned(target) if settings.unknown(target.type)

pinned(target) if settings.unknown(target)

share(target) := object.get(target, "percent", 0) if {
	is_object(target)
} else := "unreadable"

small(percent) if percent == null

small(percent) if settings.unknown(percent)

small(percent) if {
	is_number(percent)
	percent <= latest_percent
}

shown(target) := sprintf("%v%% to the newest", [share(target)]) if {
	is_object(target)
} else := target

# What says which version of a function is called.
versions := array.concat(
	[version |
		some at in workloads.objects
		at.name == "lambda.services.k8s.aws/Alias"
		some named in array.concat([[["functionVersion"], object.get(settings.fields(at.value.spec), "functionVersion", null)]], weighted(at))
		version := {
			"path": array.concat(at.path, array.concat(["spec"], named[0])), "value": named[1], "holder": at.value,
			"pinned": numbered(named[1]), "fix": "publish a version and write its number",
		}
	],
	[{"path": path, "value": value, "holder": at.value, "pinned": qualified(value), "fix": "set it to the name of an alias that points to a number"} |
		some at in workloads.objects
		at.name == "lambda.services.k8s.aws/FunctionURLConfig"
		path := array.concat(at.path, ["spec", "qualifier"])
		value := workloads.value_at(path)
	],
)

# The name of the newest code is written like a variable of a shell.
undecided(value) if {
	value != "$LATEST"
	settings.unknown(value)
}

# The versions that take a share are the keys.
weighted(at) := [[["routingConfig", "additionalVersionWeights", name], name] |
	some name, _ in settings.fields(workloads.value_at(array.concat(at.path, ["spec", "routingConfig", "additionalVersionWeights"])))
]

numbered(value) if {
	is_string(value)
	regex.match(`^[0-9]+$`, value)
} else := false

qualified(value) if {
	settings.text(value)
	value != "$LATEST"
} else := false
