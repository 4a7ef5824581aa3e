# METADATA
# title: What containers are told to run
# description: |
#   The words and programs that a manifest itself holds: commands, arguments, scripts, hooks and probes of containers, and what Ray is told to start.
package lib.lockgate.programs

import data.lib.lockgate.ray
import data.lib.lockgate.workloads

# METADATA
# description: |
#   They, as `{"path", "text"}`: one entry for each string.
texts := array.concat(array.concat(words, scripts), array.concat(probes, entrypoints))

words := [{"path": array.concat(container.path, [field, i]), "text": text} |
	some container in workloads.containers
	some field in ["command", "args"]
	some i, text in container.value[field]
	is_string(text)
]

# Programs of Argo's scripts and of Tekton's steps.
scripts := [{"path": path, "text": text} |
	some container in workloads.containers
	some field in ["script", "source"]
	text := container.value[field]
	is_string(text)
	path := array.concat(container.path, [field])
]

called := [["lifecycle", "postStart"], ["lifecycle", "preStop"], ["livenessProbe"], ["readinessProbe"], ["startupProbe"]]

probes := [{"path": array.concat(path, [i]), "text": text} |
	some container in workloads.containers
	some field in called
	path := array.concat(container.path, array.concat(field, ["exec", "command"]))
	some i, text in workloads.value_at(path)
	is_string(text)
]

entrypoints := [{"path": path, "text": job.value.entrypoint} |
	some job in ray.jobs
	is_string(job.value.entrypoint)
	path := array.concat(job.path, ["entrypoint"])
]

# METADATA
# description: |
#   Variables that have a value of their own, as `{"path", "name", "value"}`: of containers, of SageMaker's containers, Lambda's functions and Kubeflow's PodDefaults, and of Ray's runtime
#   environments, whose path ends at the string that holds them.
variables := array.concat(
	array.concat(
		[{"path": array.concat(container.path, ["env", i]), "name": variable.name, "value": variable.value} |
			some container in workloads.containers
			some i, variable in container.value.env
			is_string(variable.name)
			is_string(variable.value)
		],
		[{"path": array.concat(container.path, ["environment", name]), "name": name, "value": value} |
			some container in workloads.containers
			is_object(container.value.environment)
			some name, value in container.value.environment
			is_string(name)
			is_string(value)
		],
	),
	array.concat(
		[{"path": array.concat(at.path, ["spec", "environment", "variables", name]), "name": name, "value": value} |
			some at in workloads.objects
			at.name == "lambda.services.k8s.aws/Function"
			some name, value in at.value.spec.environment.variables
			is_string(name)
			is_string(value)
		],
		array.concat(
			[{"path": array.concat(at.path, ["spec", "env", i]), "name": variable.name, "value": variable.value} |
				some at in workloads.objects
				at.name == "kubeflow.org/PodDefault"
				some i, variable in at.value.spec.env
				is_string(variable.name)
				is_string(variable.value)
			],
			[{"path": environment.path, "name": name, "value": value} |
				some environment in ray.environments
				some name, value in environment.value.env_vars
				is_string(name)
				is_string(value)
			],
		),
	),
)
