# METADATA
# title: Consoles ask who comes
# description: |
#   Whoever reaches a notebook, an editor or a server of workflows that asks for no sign-in runs code with its rights, and reads its credentials. Refused are the flags and
#   variables that turn the sign-in off: Jupyter's empty token or password, `--auth none` of code-server, `--auth-mode=server` of Argo Workflows,
#   `--disable-auth` of Argo CD, `--enable-skip-login` of the Kubernetes dashboard, `--anonymous-auth=true` and `AlwaysAllow` of Kubernetes' servers,
#   `trust` of PostgreSQL, `--noauth` of MongoDB, `--protected-mode no` of Redis, and Elasticsearch's `xpack.security.enabled=false`.
#
#   Read are commands, arguments, scripts and variables of every container of every kind of workload. A Jupyter behind a proxy that signs people in is
#   accepted: where the pod has a container of `oauth-proxy`, `oauth2-proxy` or `kube-rbac-proxy`, or the annotation `notebooks.opendatahub.io/inject-oauth` (or `inject-auth`)
#   is true. `exceptions` names flags and variables that are not judged, as a message names them.
#
#   Not covered: settings in files and ConfigMaps, servers that have no sign-in at all, Grafana (observability/grafana_access), Ray (serving/ray_access), and gateways before
#   the pod: where one asks who comes, exempt the object or name the flag.
# related_resources:
#   - ref: https://jupyter-server.readthedocs.io/en/latest/operators/security.html
#     description: Security of Jupyter Server
#   - ref: https://argo-workflows.readthedocs.io/en/latest/argo-server-auth-mode/
#     description: Modes of sign-in of Argo's server
# custom:
#   id: LG-W012
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 AC-3 (access enforcement)
#     - NIST SP 800-53 IA-2 (identification and authentication)
#   systems: [argo-cd, argo-workflows, kubeflow-notebooks, kubernetes]
package lockgate.workloads.no_sign_in

import data.lib.lockgate.models
import data.lib.lockgate.programs
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(one.path, "nobody has to sign in", one.name, why, fix) if {
	not updates.unchanged
	some one in places
	not one.name in exceptions
	not is_behind_a_proxy(one)
	why := "whoever reaches it acts with its rights"
	fix := sprintf("take %s away, and let it ask who comes; where a gateway before it does, name it in exceptions", [one.name])
}

violation contains report.too_deep(path) if {
	not updates.unchanged
	some path in workloads.too_deep
}

exceptions := {name | some name in object.get(review.parameters, "exceptions", [])}

places := array.concat(array.concat(jupyter, flags), variables)

# An empty token or password; the name of the class before it differs by version.
empty_secret := `(?:(?:Notebook|Server|Lab|Identity|Password)(?:App|Provider|IdentityProvider)|IdentityProvider|JupyterApp)\.(?:token|password|hashed_password)\s*=\s*(?:u?['"]\s*['"]|\\["']\\["'])?(?:\s|$|["'](?:\s|$|,))`

jupyter := array.concat(
	[{"path": said.path, "name": "empty token of Jupyter"} |
		some said in programs.texts
		regex.match(empty_secret, said.text)
		not regex.match(`inject-o?auth["']?\s*:\s*["']?true`, said.text) # a manifest in a text, which has a proxy put before it
	],
	[{"path": set.path, "name": "empty token of Jupyter"} |
		some set in programs.variables
		gives_no_token(set)
	],
)

gives_no_token(set) if {
	set.name in {"JUPYTER_PASSWORD", "JUPYTER_TOKEN"}
	trim_space(set.value) == ""
}

gives_no_token(set) if regex.match(empty_secret, set.value)

# With the values that do harm; "" is the flag alone.
open_flags := {
	"--anonymous-auth": {"true"},
	"--auth": {"none"},
	"--auth-mode": {"server"},
	"--authorization-mode": {"alwaysallow"},
	"--disable-auth": {"", "true"},
	"--enable-skip-login": {"", "true"},
	"--noauth": {"", "true"},
	"--protected-mode": {"no"},
	"--skip-grant-tables": {"", "1", "on", "true"},
}

flags := [{"path": said.path, "name": name} |
	some line in models.command_lines
	some i, said in line.words
	startswith(said.word, "--")
	name := split(said.word, "=")[0]
	value := lower(value_of(said.word, line.words, i))
	some bad in open_flags[name]
	value == bad
]

# A flag that is nothing by itself takes the next word.
value_of(word, words, i) := substring(word, indexof(word, "=") + 1, -1) if {
	contains(word, "=")
} else := words[i + 1].word if {
	not "" in open_flags[word]
} else := ""

open_variables := {
	"ARGOCD_SERVER_DISABLE_AUTH": {"true"},
	"ARGO_AUTH_MODE": {"server"},
	"POSTGRES_HOST_AUTH_METHOD": {"trust"},
	"xpack.security.enabled": {"false"},
}

variables := [{"path": set.path, "name": set.name} |
	some set in programs.variables
	lower(trim_space(set.value)) in open_variables[set.name]
]

# A proxy in the pod stands before its other ports.
is_behind_a_proxy(one) if {
	one.name == "empty token of Jupyter"
	some pod in workloads.pods
	array.slice(one.path, 0, count(pod.path)) == pod.path
	some container in pod.value.containers
	regex.match(`(^|[/-])(oauth2?-proxy|kube-rbac-proxy|ose-oauth-proxy)`, workloads.text(container.image))
}

is_behind_a_proxy(one) if {
	one.name == "empty token of Jupyter"
	some name in ["notebooks.opendatahub.io/inject-auth", "notebooks.opendatahub.io/inject-oauth"]
	review.target.metadata.annotations[name] == "true"
}
