# METADATA
# title: Policies do not call out and do not read secrets
# description: |
#   A ConstraintTemplate is a program that sees every object, Secrets too. One that calls `http.send` can send them anywhere, decides by what a
#   server answers that nobody pinned, and is slow or open when that server is down. `opa.runtime` reads the process' environment, and
#   `net.lookup_ip_addr` tells a name server what it looks up.
#
#   Refused are calls of these in the Rego of a template, its libraries too. `functions` names further functions, whole. Comments are not read.
#   Facts from elsewhere belong to a Provider of external data, which answers over TLS and for many keys at once.
#
#   Not covered: what a Provider does, templates in CEL, which cannot call out, Rego outside of templates, and templates that are written to be slow.
# related_resources:
#   - ref: https://open-policy-agent.github.io/gatekeeper/website/docs/externaldata/
#     description: External data in Gatekeeper
#   - ref: https://www.openpolicyagent.org/docs/policy-reference/builtins/http
#     description: http.send
# custom:
#   id: LG-V002
#   severity: high
#   external: false
#   systems: [gatekeeper]
#   controls:
#     - NIST SP 800-53 SC-7 (boundary protection)
#     - NIST SP 800-53 CM-7 (least functionality)
package lockgate.governance.template_calls

import data.lib.lockgate.gitops
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates

violation contains report.violation(source.path, "policy calls a function that leaves it", function, why, fix) if {
	not updates.unchanged
	some source in sources
	some function in refused
	calls(source.text, function)
	why := object.get(reasons, function, "the platform does not let policies call it")
	fix := object.get(fixes, function, sprintf("write the rule without %s", [function]))
}

violation contains report.violation(source.path, "policy cannot be read", source.text, why, fix) if {
	not updates.unchanged
	some source in sources
	not is_string(source.text)
	why := "what it calls cannot be told"
	fix := "write the Rego as text"
}

reasons := {
	"http.send": "it sees every object, can send it anywhere, and decides by what a server answers",
	"net.lookup_ip_addr": "it tells a name server what it looks up, and decides by what that answers",
	"opa.runtime": "it reads the environment of the process, where credentials may stand",
}

fixes := {"http.send": "ask a Provider by external_data, or sync the objects that it needs"}

refused := object.keys(reasons) | {name | some name in object.get(review.parameters, "functions", [])}

# `{"path", "text"}`: every text of Rego in a template.
sources := [source |
	some at in gitops.named("templates.gatekeeper.sh/ConstraintTemplate")
	some i, target in at.value.spec.targets
	some source in texts(gitops.below(at, ["spec", "targets", i]), target)
]

texts(path, target) := array.concat(
	array.concat(
		[{"path": array.concat(path, ["rego"]), "text": target.rego} | target.rego != ""],
		[{"path": array.concat(path, ["libs", i]), "text": text} | some i, text in target.libs],
	),
	array.concat(
		[{"path": array.concat(path, ["code", i, "source", "rego"]), "text": code.source.rego} | some i, code in target.code],
		[{"path": array.concat(path, ["code", i, "source", "libs", j]), "text": text} |
			some i, code in target.code
			some j, text in code.source.libs
		],
	),
)

# A function may be named by its parts in brackets too: http["send"]. Without what it is given it is only named.
calls(text, function) if {
	is_string(text)
	parts := split(function, ".")
	contains(text, parts[0])
	code := regex.replace(text, `(?m)^\s*#.*$`, "")
	steps := [step |
		some part in array.slice(parts, 1, count(parts))
		step := sprintf(`(\.%s|%s)`, [part, bracketed])
	]
	regex.match(sprintf(`(^|[^A-Za-z0-9_.])%s%s\(`, [parts[0], concat("", steps)]), code)
}

# A string in brackets, with whatever Rego lets stand around it.
bracketed := concat("", [`\[(\s|#[^\n]*\n|"(\\.|[^"\\])*"|`, "`[^`]*`", `)*\]`])
