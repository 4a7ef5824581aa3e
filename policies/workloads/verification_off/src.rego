# METADATA
# title: Certificates and signatures are verified
# description: |
#   A client that does not compare certificates, or a tool that leaves out the check of a signature, takes what whoever stands between gives it: models, packages,
#   credentials that it sends along. Refused are the variables (`NODE_TLS_REJECT_UNAUTHORIZED=0`, `PYTHONHTTPSVERIFY=0`, `GIT_SSL_NO_VERIFY`, an empty `CURL_CA_BUNDLE`,
#   names that end in `SKIP_TLS_VERIFY`, `VERIFY_SSL=0` and the like), the flags (`--insecure-skip-tls-verify`, `--skip-tls-verify`, `--insecure-ignore-tlog`,
#   `--trusted-host`, `--plain-http`), calls of `curl -k` and `wget --no-check-certificate`, downloads and package indexes over plain HTTP, and
#   `verify=False` and its kin in Python that a command holds; an APIService with `insecureSkipTLSVerify`, and Istio's `mode: DISABLE` and `insecureSkipVerify`.
#
#   Read are commands, arguments, scripts, hooks, probes and variables of every container of every kind of workload, compiled pipelines and Ray's entrypoints. Calls to the
#   container itself (`localhost`) are accepted. `exceptions` names variables and flags that are not judged; `apiServices: allow` leaves APIServices to later, since most
#   adapters of metrics are published with theirs unverified.
#
#   Not covered: settings in files and ConfigMaps, what programs do by default, and hosts of a cluster that are asked over plain HTTP.
# related_resources:
#   - ref: https://cwe.mitre.org/data/definitions/295.html
#     description: Certificates that are not verified (CWE-295)
# custom:
#   id: LG-W011
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 SC-8 (transmission confidentiality and integrity)
#     - NIST SP 800-53 SC-23 (session authenticity)
#     - NIST SP 800-53 SI-7 (software integrity)
#   systems: [argo-workflows, kserve, kubeflow-pipelines, kubeflow-trainer, kubernetes, mlflow, ray]
package lockgate.workloads.verification_off

import data.lib.lockgate.hosts
import data.lib.lockgate.models
import data.lib.lockgate.programs
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(one.path, "verification is off", one.shown, why, fix) if {
	not updates.unchanged
	some one in places
	not one.name in exceptions
	why := "whoever stands between is taken for the other side"
	fix := sprintf("take %s away, and give the program the authority's certificate", [one.name])
}

violation contains report.too_deep(path) if {
	not updates.unchanged
	some path in workloads.too_deep
}

exceptions := {name | some name in object.get(review.parameters, "exceptions", [])}

places := array.concat(array.concat(variables, flags), array.concat(calls, fields))

on := {"1", "on", "t", "true", "y", "yes"}

off := {"0", "disable", "disabled", "f", "false", "n", "no", "none", "off"}

variables := [{"path": set.path, "name": set.name, "shown": shown(set)} |
	some set in programs.variables
	is_off(upper(set.name), lower(trim_space(set.value)))
]

# Named after what is verified: off by a value that says no.
is_off(name, value) if {
	name in {"CONDA_SSL_VERIFY", "CONSUL_HTTP_SSL_VERIFY", "NODE_TLS_REJECT_UNAUTHORIZED", "NPM_CONFIG_STRICT_SSL", "PYTHONHTTPSVERIFY"}
	value in off
}

is_off(name, value) if {
	regex.match(`(^|_)(VERIFY_(SSL|TLS|CERTS?|HTTPS)|(SSL|TLS|CERT|HTTPS)_VERIFY|(SSL|TLS)_VERIFICATION(_?MODE)?)$`, name)
	value in off
}

# Named after leaving it out: off by a value that says yes.
is_off(name, value) if {
	regex.match(`(^|_)(SKIP_(SSL|TLS)(_VERIFY|_VERIFICATION)?|(SSL|TLS)_(SKIP|NO)_VERIFY|INSECURE_SKIP(_TLS)?_VERIFY|INSECURE_(SSL|TLS)|(SSL|TLS)_INSECURE|INSECURE_DISABLE_SSL|DISABLE_(SSL|TLS)_VERIF[A-Z]+|SKIP_VERIFY)$`, name)
	value in on
}

is_off(name, value) if {
	name in {"CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"}
	value == ""
}

is_off(name, value) if {
	name in {"GOINSECURE", "PIP_TRUSTED_HOST", "UV_INSECURE_HOST"}
	value != ""
	not settings.unknown(value)
}

is_off(name, value) if {
	name in {"PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"}
	hosts.plain(value)
}

# A value that is a URL may hold a password.
shown(set) := sprintf("%s=%s", [set.name, set.value]) if {
	not contains(set.value, "://")
} else := set.name

skipping := {
	"--allow-insecure-registry", "--insecure-ignore-sct", "--insecure-ignore-tlog", "--insecure-pull", "--insecure-registry",
	"--insecure-skip-tls-verify", "--insecure-skip-tls-verify-backend", "--insecure-skip-verify", "--insecure-tls", "--kubelet-insecure-tls", "--no-check-certificate",
	"--no-verify-ssl", "--plain-http", "--skip-tls-verify", "--skip-tls-verify-pull", "--skip-tls-verify-registry", "--ssl-no-verify",
	"--tls-skip-verify", "--trusted-host",
}

verifying := {"--ssl-verify", "--tls-verify", "--verify-ssl", "--verify-tls"}

flags := [{"path": said.path, "name": name, "shown": said.word} |
	some line in models.command_lines
	some i, said in line.words
	startswith(said.word, "-")

	# Programs in Go take one dash too.
	name := sprintf("--%s", [replace(lower(trim_left(split(said.word, "=")[0], "-")), "_", "-")])
	skips(name, said.word, following(line.words, i))
]

# The word behind a flag is its value where it is no flag itself.
following(words, i) := lower(words[i + 1].word) if {
	not startswith(words[i + 1].word, "-")
} else := ""

skips(name, word, next) if {
	name in skipping
	not given(word) in off
	not leaves_on(word, next)
}

skips(name, word, _) if {
	name in verifying
	given(word) in off
}

skips(name, word, next) if {
	name in verifying
	not contains(word, "=")
	next in off
}

leaves_on(word, next) if {
	not contains(word, "=")
	next in {"0", "f", "false", "n", "no"}
}

given(word) := lower(substring(word, indexof(word, "=") + 1, -1)) if {
	contains(word, "=")
} else := ""

# In a line for a shell or a program for Python.
calls := [{"path": said.path, "name": name, "shown": name} |
	some said in programs.texts
	some name, pattern in patterns
	some found in regex.find_n(pattern, regex.replace(said.text, `\\\s*\n`, " "), 4)
	not to_itself(found)
	not is_near(name, found)
]

patterns := {
	"http://": `\b(curl|wget)\s[^\n;&|]*\bhttp://[^\s"';|&]+`,
	"--index-url": `\b(pip[0-9.]*|uv)\s[^\n;&|]*(--index-url|--extra-index-url|-i|--default-index|--index)[ =]+["']?http://[^\s"']+`,
	"CERT_NONE": `\b(verify_mode\s*=\s*ssl\.CERT_NONE|cert_reqs\s*=\s*["']?(ssl\.)?CERT_NONE)`,
	"_create_unverified_context": `\b_create_unverified_context\b`,
	"check_hostname=False": `\bcheck_hostname\s*=\s*False\b`,
	"curl -k": `\bcurl\s([^\n;&|]*\s)?(-[a-zA-Z]*k[a-zA-Z]*|--insecure)(\s[^\n;&|]*|$)`,
	"rejectUnauthorized: false": `\brejectUnauthorized["']?\s*:\s*false\b`,
	"sslVerify=false": `\bhttp\.sslVerify[= ]+["']?(false|0)\b`,
	"verify=False": `\bverify\s*=\s*False\b`,
	"verify_ssl=False": `\b(verify_ssl|ssl_verify|verify_certs)\s*=\s*False\b`,
	"wget --no-check-certificate": `\bwget\s[^\n;&|]*--no-check-certificate[^\n;&|]*`,
}

# Hosts of the cluster and of the cloud's metadata; what else is asked in plain words can be anybody's.
is_near("http://", found) if {
	every url in regex.find_n(`http://[^\s"';|&]+`, found, -1) {
		not is_far(url)
	}
}

is_far(url) if {
	hosts.plain(url)
	not hosts.parse(url).host in {"0.0.0.0", "169.254.169.254"}
	contains(hosts.parse(url).host, ".")
	regex.match(`\.(com|org|net|io|dev|ai|cn|de|edu|gov|co|app|cloud)$`, hosts.parse(url).host)
}

to_itself(found) if {
	urls := regex.find_n(`https?://[^\s"'/]+`, found, -1)
	count(urls) > 0
	every url in urls {
		hosts.parse(url).host in {"localhost", "127.0.0.1", "[::1]", "0.0.0.0"}
	}
}

fields := [{"path": array.concat(at.path, field), "name": field[count(field) - 1], "shown": settings.shown(value)} |
	some at in workloads.objects
	some [field, bad] in object_fields[at.name]
	not is_let_through(at.name)
	value := workloads.value_at(array.concat(at.path, field))
	lower(sprintf("%v", [value])) == bad
]

is_let_through(name) if {
	review.parameters.apiServices == "allow"
	name == "apiregistration.k8s.io/APIService"
}

object_fields := {
	"apiregistration.k8s.io/APIService": [[["spec", "insecureSkipTLSVerify"], "true"]],
	"networking.istio.io/DestinationRule": [
		[["spec", "trafficPolicy", "tls", "insecureSkipVerify"], "true"],
		[["spec", "trafficPolicy", "tls", "mode"], "disable"],
	],
	"security.istio.io/PeerAuthentication": [[["spec", "mtls", "mode"], "disable"]],
}
