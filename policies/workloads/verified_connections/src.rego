# METADATA
# title: Certificates and signatures are verified
# description: |
#   A program that is told not to verify a certificate talks to whoever answers: credentials, models and images go to and come from anybody who stands
#   between. Refused are variables that say so (`GIT_SSL_NO_VERIFY`, `PYTHONHTTPSVERIFY=0`, `NODE_TLS_REJECT_UNAUTHORIZED=0`, `MLFLOW_TRACKING_INSECURE_TLS`,
#   `S3_VERIFY_SSL=0`, and names such as `…_SKIP_TLS_VERIFY`), flags (`--insecure-skip-tls-verify`, `--no-check-certificate`, `--skip-tls-verify`, `--tls-verify=false`;
#   cosign's `--insecure-ignore-tlog`), `curl -k`, `http.sslVerify=false` of Git, `verify=False` in Python's calls, an APIService with
#   `insecureSkipTLSVerify: true`, and the annotation of KServe's Secrets `s3-verifyssl: "0"`.
#
#   Commands, arguments and variables of every container of every kind of workload are read, shell lines too. `exempt` names flags and variables that are let
#   through. A value that is known only when it runs is none.
#
#   Not covered: settings in files and images, connections without TLS at all (`models/encrypted_models`, `gitops/insecure_sources`), sources of tools of
#   GitOps (`gitops/insecure_sources`), and pip's `--trusted-host`, which Kubeflow Pipelines writes by itself.
# related_resources:
#   - ref: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/api-service-v1/
#     description: APIService
#   - ref: https://docs.sigstore.dev/cosign/verifying/verify/
#     description: Verification by cosign
# custom:
#   id: LG-W004
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 SC-8 (transmission confidentiality and integrity)
#     - NIST SP 800-53 SC-23 (session authenticity)
#   systems: [kubernetes, argo-workflows, kserve, kubeflow-pipelines, mlflow, wandb]
package lockgate.workloads.verified_connections

import data.lib.lockgate.models
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(found.path, "verification is turned off", found.shown, why, fix) if {
	not updates.unchanged
	some found in array.concat(array.concat(variables, flags), array.concat(spoken, fields))
	not found.name in exempt
	why := "whoever stands between is taken for the other side, and sees and changes what is sent"
	fix := sprintf("remove %s, and give the program the certificate of the authority that it is to trust", [found.name])
}

exempt := {name | some name in object.get(review.parameters, "exempt", [])}

# Values at which a variable turns verification off.
variable_values := {
	"CONDA_SSL_VERIFY": no, "GIT_SSL_NO_VERIFY": yes, "MLFLOW_TRACKING_INSECURE_TLS": yes, "NODE_TLS_REJECT_UNAUTHORIZED": no, "NPM_CONFIG_STRICT_SSL": no,
	"PYTHONHTTPSVERIFY": no, "S3_VERIFY_SSL": no, "WANDB_INSECURE_DISABLE_SSL": yes,
}

yes := {"1", "t", "true", "y", "yes", "on"}

no := {"0", "f", "false", "n", "no", "off"}

variables := [{"path": array.concat(container.path, ["env", i, "value"]), "name": variable.name, "shown": sprintf("%s=%s", [variable.name, variable.value])} |
	some container in workloads.containers
	some i, variable in container.value.env
	is_string(variable.name)
	is_string(variable.value)
	lower(trim_space(variable.value)) in values_of(upper(variable.name))
]

values_of(name) := variable_values[name] if {
	variable_values[name]
} else := yes if {
	regex.match(`(^|_)((INSECURE_)?SKIP_(TLS|SSL|CERT|CERTIFICATE|HOSTNAME)_?VERIF(Y|ICATION)|(TLS|SSL)_SKIP_VERIFY|(TLS|SSL)_INSECURE(_SKIP_VERIFY)?|INSECURE_(SKIP_VERIFY|TLS|SSL)|(DISABLE|NO)_(TLS|SSL)_VERIF(Y|ICATION)|(TLS|SSL)_NO_VERIFY)$`, name)
} else := no if {
	regex.match(`(^|_)((TLS|SSL|HTTPS|CERT)_VERIFY|VERIFY_(TLS|SSL|HTTPS|CERTS?|CERTIFICATES?))$`, name)
}

# Flags that turn verification off where they stand, or are true.
off_flags := {
	"--allow-insecure-registry", "--disable-ssl-verification", "--insecure-ignore-sct", "--insecure-ignore-tlog", "--insecure-skip-tls-verify",
	"--insecure-skip-verify", "--kubelet-insecure-tls", "--no-check-certificate", "--no-ssl-verify", "--no-verify-ssl", "--skip-tls-verify",
	"--skip-tls-verify-pull", "--skip-verify", "--tls-insecure", "--tls-insecure-skip-verify", "--tls-skip-verify",
}

# Flags by which it is on unless they are false.
on_flags := {"--check-certificate", "--dest-tls-verify", "--src-tls-verify", "--ssl-verify", "--tls-verify", "--verify-ssl", "--verify-tls"}

flags := [{"path": said.path, "name": flag, "shown": said.word} |
	some line in models.command_lines
	some i, said in line.words
	is_string(said.word)
	startswith(said.word, "-")
	flag := sprintf("--%s", [replace(trim_left(split(said.word, "=")[0], "-"), "_", "-")])
	turns_off(flag, said.word, following(line.words, i))
]

following(words, i) := words[i + 1].word if {
	is_string(words[i + 1].word)
} else := ""

turns_off(flag, word, next) if {
	flag in off_flags
	not lower(given(word)) in no
	not settings.unknown(given(word))
	not stands_off(word, next)
}

turns_off(flag, word, _) if {
	flag in on_flags
	lower(given(word)) in no
}

turns_off(flag, word, next) if {
	flag in on_flags
	not contains(word, "=")
	lower(next) in no
}

stands_off(word, next) if {
	not contains(word, "=")
	lower(next) in no
}

given(word) := substring(word, indexof(word, "=") + 1, -1) if {
	contains(word, "=")
} else := ""

# In shell lines and programs, as they are written in one word or more.
patterns := {
	"curl -k": `\bcurl\b([^|;&\n]*\s)?(-[a-zA-Z]*k[a-zA-Z]*|--insecure|--proxy-insecure)(\s|$)`,
	"http.sslVerify=false": `(?i)\bhttp\.(\S+\.)?sslverify[= ]+["']?(false|0|no|off)\b`,
	"verify=False": `\b(requests|httpx|session|client|s|get|post|put|request|boto3|Client|AsyncClient|resource)\b[^\n;]{0,400}\bverify\s*=\s*(False|0)\b`,
	"_create_unverified_context": `\b_create_unverified_context\b`,
	"CERT_NONE": `\bssl\.CERT_NONE\b`,
	"GIT_SSL_NO_VERIFY": `\bGIT_SSL_NO_VERIFY=["']?(1|true|yes|on)\b`,
	"PYTHONHTTPSVERIFY=0": `\bPYTHONHTTPSVERIFY=["']?0\b`,
	"NODE_TLS_REJECT_UNAUTHORIZED=0": `\bNODE_TLS_REJECT_UNAUTHORIZED=["']?0\b`,
}

# A list of words is one line (`curl`, `-k`), told at its first word that says it, or at the list.
spoken := [{"path": place, "name": name, "shown": name} |
	some container in workloads.containers
	some field in ["command", "args", "source"]
	text := line_of(container.value[field])
	some name, pattern in patterns
	regex.match(pattern, text)
	place := place_of(array.concat(container.path, [field]), container.value[field], pattern)
]

line_of(value) := value if is_string(value)

line_of(value) := concat(" ", [word | some word in value; is_string(word)]) if is_array(value)

place_of(path, value, pattern) := array.concat(path, [min(numbers)]) if {
	is_array(value)
	numbers := {i | some i, word in value; is_string(word); regex.match(pattern, word)}
	count(numbers) > 0
} else := path

fields := array.concat(
	[{"path": path, "name": "insecureSkipTLSVerify", "shown": "insecureSkipTLSVerify"} |
		some at in workloads.objects
		at.name == "apiregistration.k8s.io/APIService"
		path := array.concat(at.path, ["spec", "insecureSkipTLSVerify"])
		not workloads.value_at(path) in {false, null}
	],
	[{"path": array.concat(at.path, ["metadata", "annotations", name]), "name": name, "shown": sprintf("%s: %s", [name, value])} |
		some at in workloads.objects
		at.name in {"/Secret", "/ServiceAccount"}
		some name in ["serving.kserve.io/s3-verifyssl", "serving.kubeflow.org/s3-verifyssl"]
		value := at.value.metadata.annotations[name]
		is_string(value)
		lower(trim_space(value)) in no
	],
)
