# METADATA
# title: Secrets are not written into objects
# description: |
#   What is written into a Deployment, a workflow or a ConfigMap can be read by whoever may read these, in the cluster, in Git and in every copy of both;
#   an object of the kind Secret is guarded apart. Refused are values of variables whose names say that they are secrets (`HF_TOKEN`,
#   `AWS_SECRET_ACCESS_KEY`), flags of such names (`--api-key=…`), entries of such names in ConfigMaps, in values of charts, in annotations and in maps of variables (Lambda, SageMaker,
#   Flux), pairs of such a name and a value (parameters, arguments, defaults of pipelines), and everywhere in the object: what scripts and files set (`export DB_PASSWORD=…`, `password: …`),
#   logins (`curl -u`, `wandb login`), headers of authorization, and tokens, private keys and passwords in URLs that are known by their shape (AWS, Azure, GitHub, GitLab,
#   Hugging Face, NVIDIA, OpenAI, Slack, Google, Vault, JSON Web Tokens).
#
#   Placeholders, paths of files, places in stores of secrets, and words that stand where a value is wanted (`dummy`, `your-token`) are let through;
#   `changeme` is a password. `exemptNames` names variables, flags and entries that are none, such as a key of a local server that asks nobody. The value is
#   never shown.
#
#   Not covered: objects of the kind Secret, which are for access rights and for what encrypts them in Git, and secrets that nothing tells apart from
#   other text.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/configuration/secret/
#     description: Secrets
#   - ref: https://kubernetes.io/docs/concepts/security/secrets-good-practices/
#     description: Good practices for Secrets
# custom:
#   id: LG-A002
#   severity: critical
#   external: false
#   controls:
#     - NIST SP 800-53 IA-5 (authenticator management)
#     - NIST SP 800-190 4.1.4 (embedded secrets)
#   systems: [kubernetes, argo-cd, argo-workflows, fluxcd, grafana, kserve, kubeflow-pipelines, mlflow, ray, wandb]
package lockgate.identity.literal_secrets

import data.lib.lockgate.models
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.secrets
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(found.path, sprintf("%s is written out", [found.what]), "not shown", why, fix) if {
	some found in named
	not kept(found.path)
	why := "whoever may read this object, or the repository that it is kept in, has the secret"
	fix := "put it into a Secret and name that (valueFrom.secretKeyRef, envFrom, existingSecret), and have the value replaced where it is known already"
}

violation contains report.violation(path, sprintf("%s is written out", [what]), "not shown", why, fix) if {
	some path, text in texts
	not path in named_paths
	not kept(path)
	some what in told(text)
	why := "whoever may read this object, or the repository that it is kept in, has the secret"
	fix := "put it into a Secret and mount that, and have the value replaced where it is known already"
}

# What an update leaves as it was, and what is said of how the object is; an annotation may be written by itself.
kept(path) if {
	updates.unchanged
	path[0] == "status"
}

kept(path) if {
	updates.unchanged
	object.get(input.review.object, path, null) == object.get(input.review.oldObject, path, null)
}

named := array.concat(array.concat(variables, flags), array.concat(array.concat(entries, pairs), array.concat(maps, literals)))

told(text) := held if {
	held := secrets.held(text)
	count(held) > 0
} else := [sprintf("secret %s", [names[0]]) | count(names) > 0] if {
	names := [name | some name in secrets.assigned(text); not name in exempt]
}

named_paths := {found.path | some found in named}

variables := [{"path": array.concat(container.path, ["env", i, "value"]), "what": sprintf("secret %s", [variable.name])} |
	some container in workloads.containers
	some i, variable in container.value.env
	is_secret(variable.name, variable.value)
]

flags := [{"path": said.path, "what": sprintf("secret of %s", [flag])} |
	some line in models.command_lines
	some i, said in line.words
	startswith(said.word, "--")
	flag := split(said.word, "=")[0]
	value := flag_value(line.words, i)
	is_secret(trim_left(flag, "-"), value)
]

flag_value(words, i) := substring(words[i].word, indexof(words[i].word, "=") + 1, -1) if {
	contains(words[i].word, "=")
} else := words[i + 1].word if {
	not startswith(words[i + 1].word, "-")
}

# Whole documents of settings: what stands at a key of such a name; in a text, where the text stands.
entries := [{"path": at, "what": sprintf("secret %s", [name])} |
	some document in array.concat(documents, written_as_text)
	walk(document.value, [inner, value])
	count(inner) > 0
	name := inner[count(inner) - 1]
	name != "secret" # names one, in charts
	is_secret(name, value)
	at := array.concat(document.path, [step | some step in inner; document.form == "object"])
]

documents := array.concat(
	[{"path": ["data"], "value": settings.fields(review.target.data), "form": "object"} | review.target.kind == "ConfigMap"],
	[{"path": path, "value": value, "form": "object"} |
		some path in array.concat([["spec", "values"]], [array.concat(helm, ["valuesObject"]) | some helm in charts])
		value := object.get(review.target, path, null)
		is_object(value)
	],
)

written_as_text := [{"path": path, "value": yaml.unmarshal(text), "form": "text"} |
	some helm in charts
	path := array.concat(helm, ["values"])
	text := object.get(review.target, path, null)
	is_string(text)
	count(text) <= 1048576
	yaml.is_valid(text)
]

charts := [path |
	some above in [["spec"], ["spec", "template", "spec"]]
	some path in array.concat(
		[array.concat(above, ["source", "helm"])],
		[array.concat(above, ["sources", i, "helm"]) | some i, _ in object.get(review.target, array.concat(above, ["sources"]), [])],
	)
]

# Parameters, arguments, variables of charts: pairs of a name and a value, wherever they stand.
pairs := [{"path": array.concat(path, [field]), "what": sprintf("secret %s", [name])} |
	walk(review.target, [path, pair])
	is_object(pair)
	some naming in ["name", "key"]
	name := pair[naming]
	secrets.named(name)
	some field in ["value", "default"]
	is_secret(name, pair[field])
]

# Variables, hyperparameters and annotations that are written as maps, and fields of such a name that hold the value in a field of their own.
maps := array.concat(
	[{"path": path, "what": sprintf("secret %s", [name])} |
		walk(review.target, [path, value])
		is_string(value)
		name := path[naming_step(path)]
		is_secret(name, value)
	],
	[{"path": path, "what": "secret secretData"} |
		review.target.kind == "SecretManagerSecretVersion"
		path := ["spec", "secretData", "value"]
		secrets.written("password", object.get(review.target, path, null))
	],
)

naming_step(path) := count(path) - 1 if {
	path[count(path) - 2] in {
		"annotations", "envVars", "env_vars", "environment", "hadoopConf", "hyperParameters", "hyperparameters", "sparkConf", "substitute", "variables",
	}
} else := count(path) - 2 if {
	path[count(path) - 1] in {"defaultValue", "value"}
} else := count(path) - 3 if {
	array.slice(path, count(path) - 2, count(path)) == ["runtimeValue", "constant"]
}

is_secret(name, value) if {
	secrets.named(name)
	not name in exempt
	secrets.written(name, value)
}

exempt := {name | some name in object.get(review.parameters, "exemptNames", [])}

# kustomize makes ConfigMaps and Secrets of such a list: `NAME=value`.
literals := [{"path": path, "what": sprintf("secret %s", [name])} |
	some field in ["configMapGenerator", "secretGenerator"]
	some i, generator in review.target[field]
	some j, literal in generator.literals
	is_string(literal)
	parts := split(literal, "=")
	name := parts[0]
	is_secret(name, trim(substring(literal, count(name) + 1, -1), `"'`))
	path := [field, i, "literals", j]
]

# All texts of the object but what servers write themselves.
texts[path] := value if {
	walk(review.target, [path, value])
	is_string(value)
	count(value) >= 12
	regex.match(`://|-----BEGIN|AKIA|ASIA|AIza|_|-|\.|[=:\s]`, value)
	not path[1] in {"managedFields", "resourceVersion", "uid"}
	not path[count(path) - 1] == "kubectl.kubernetes.io/last-applied-configuration"
}
