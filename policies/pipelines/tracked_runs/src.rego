# METADATA
# title: Runs are tracked where they should be, and keep the key secret
# description: |
#   A training run writes what it did to a tracking server. Its key may not stand in the manifest, where everybody who may read it, and every copy of it, has it: not as the value of a variable
#   (`WANDB_API_KEY`, `MLFLOW_TRACKING_PASSWORD`, `MLFLOW_TRACKING_TOKEN`, `COMET_API_KEY`, `NEPTUNE_API_TOKEN`, `CLEARML_API_SECRET_KEY`), not in the URL of a server, and not as an argument
#   of `wandb login`. A server outside of the cluster may not be spoken to over plain HTTP, nor with certificates unverified.
#
#   With `allowedHosts` runs go to these hosts only, Weights & Biases' own (api.wandb.ai) among them if named: no data leaves otherwise. With `requireTracking` a run may not turn tracking
#   off (`WANDB_MODE` offline, disabled or dryrun, `WANDB_DISABLED`): what is to be promoted needs its run.
#
#   A value from a Secret or ConfigMap and a placeholder (`${KEY}`, `<your key>`) are accepted. An update that changes nothing but metadata and status is not judged.
#
#   Not covered: keys that an image holds, and keys under other names. Messages do not show a key.
# related_resources:
#   - ref: https://docs.wandb.ai/guides/track/environment-variables/
#     description: Variables of Weights & Biases
#   - ref: https://mlflow.org/docs/latest/api_reference/python_api/mlflow.environment_variables.html
#     description: Variables of MLflow
# custom:
#   id: LG-P012
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 IA-5 (authenticator management)
#     - NIST SP 800-53 AC-4 (information flow enforcement)
#   systems: [argo-workflows, katib, kubeflow-trainer, kubernetes, mlflow, ray, wandb]
package lockgate.pipelines.tracked_runs

import data.lib.lockgate.hosts
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(found.path, "key of a tracking server stands in the manifest", found.shown, why, fix) if {
	not updates.unchanged
	some found in keys
	why := "everybody who may read the object, or a copy of it, has it"
	fix := "take it from a Secret (valueFrom.secretKeyRef), and replace the key"
}

violation contains report.violation(set.path, "tracking server is spoken to unprotected", shown, why, fix) if {
	not updates.unchanged
	some set in written
	shown := unprotected(set)
	why := "its key, and what is logged, can be read and changed on the way"
	fix := "use HTTPS, and give the certificate of the authority"
}

violation contains report.violation(set.path, "run is tracked at a host that is not approved", host, why, fix) if {
	not updates.unchanged
	is_array(review.parameters.allowedHosts)
	some set in written
	host := host_of(set)
	not hosts.listed(host, review.parameters.allowedHosts)
	why := sprintf("approved are: %s", [report.names({name | some name in review.parameters.allowedHosts})])
	fix := fixes[set.name]
}

violation contains report.violation(set.path, "run is not tracked", shown, why, fix) if {
	not updates.unchanged
	review.parameters.requireTracking == true
	some set in written
	shown := lower(set.value)
	shown in silent[set.name]
	why := "what it makes cannot be traced to how it was made"
	fix := sprintf("leave out %s", [set.name])
}

secrets := {
	"CLEARML_API_SECRET_KEY", "COMET_API_KEY", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "NEPTUNE_API_TOKEN",
	"WANDB_API_KEY",
}

servers := {"MLFLOW_REGISTRY_URI", "MLFLOW_TRACKING_URI", "WANDB_BASE_URL"}

silent := {"WANDB_DISABLED": {"1", "true", "yes"}, "WANDB_MODE": {"disabled", "dryrun", "offline"}}

fixes := {
	"MLFLOW_REGISTRY_URI": "set it to the approved server",
	"MLFLOW_TRACKING_URI": "set it to the approved server",
	"WANDB_API_KEY": "set WANDB_BASE_URL to the approved server, else runs go to api.wandb.ai",
	"WANDB_BASE_URL": "set it to the approved server",
}

variables := [{"path": array.concat(container.path, ["env", i, "value"]), "container": container.path, "name": variable.name, "variable": variable} |
	some container in workloads.containers
	some i, variable in container.value.env
	is_string(variable.name)
]

written := [object.union(variable, {"value": variable.variable.value}) |
	some variable in variables
	is_string(variable.variable.value)
]

keys := array.concat(
	array.concat(
		[{"path": set.path, "shown": set.name} |
			some set in written
			set.name in secrets
			is_literal(set.value)
		],
		[{"path": set.path, "shown": sprintf("%s with a password", [set.name])} |
			some set in written
			set.name in servers
			[_, password] := split(hosts.parse(set.value).user, ":")
			is_literal(password)
		],
	),
	[{"path": array.concat(container.path, [field, i]), "shown": "wandb login with a key"} |
		some container in workloads.containers
		some field in ["args", "command"]
		words := [word | some word in container.value[field]]
		some i, word in words
		is_string(word)
		logs_in(words, i)
	],
)

# In one word of a shell, or word by word.
logs_in(words, i) if regex.match(`\bwandb\s+login\s+([^|;&\n]*\s)?[0-9A-Za-z_-]{40,}`, words[i])

logs_in(words, i) if {
	regex.match(`^[0-9A-Za-z_-]{40,}$`, words[i])
	before := array.slice(words, 0, i)
	"login" in before
	some word in before
	regex.match(`(^|/)wandb$`, word)
}

is_literal(text) if {
	settings.literal(text)
	not regex.match(`(?i)^(your|my|changeme|change-me|replace|dummy|example|todo|x+$|\*+$)`, text)
}

unprotected(set) := set.value if {
	set.name in servers
	hosts.plain(set.value)
	not approved(hosts.parse(set.value).host)
} else := sprintf("%s=%s", [set.name, set.value]) if {
	set.name == "MLFLOW_TRACKING_INSECURE_TLS"
	lower(set.value) in {"1", "true"}
}

approved(host) if hosts.listed(host, object.get(review.parameters, "allowedHosts", []))

host_of(set) := hosts.parse(set.value).host if {
	set.name in servers
} else := "api.wandb.ai" if {
	set.name == "WANDB_API_KEY"
	not elsewhere(set.container)
}

elsewhere(container) if {
	some variable in variables
	variable.container == container
	variable.name == "WANDB_BASE_URL"
}
