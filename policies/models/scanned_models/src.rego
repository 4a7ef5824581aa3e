# METADATA
# title: Models are scanned and bring no code
# description: |
#   A model file is code until its bytes say otherwise. Each model and adapter that a workload loads must have facts: what a scanner found in
#   the bytes of that digest, vouched for by somebody whom the gate trusts. Its tier must be one that `tiers` accepts: `safe` alone when left out.
#   `waivers` names what makes a model `unvetted` and is accepted all the same (`module.name` of a pickle, as a finding says).
#
#   With `maximumAgeDays`, facts must have been recorded that lately, by the time of the trail and not of who signed; facts of which no record says the
#   time are too old. With `producers`, one of them must vouch.
#
#   What is not known is a violation: no facts, facts that nobody trusted vouches for, a provider that does not answer, a reference that cannot be told
#   (`undecidable: allow` accepts what is known only when it runs).
#
#   The provider is `lockgate-models`. Lockgate answers it in process from signed facts; for Gatekeeper a Provider of that name asks
#   `lockgate serve` (docs/models.md).
#
#   Not covered: whether the bytes that are loaded are those of the digest, where the reference does not pin them; `models/pinned_models` demands that,
#   and `lockgate scan verify --at` checks it in an init container.
# related_resources:
#   - ref: https://docs.python.org/3/library/pickle.html
#     description: pickle, and why it is not secure
# custom:
#   id: LG-M003
#   severity: critical
#   external: true
#   controls:
#     - NIST SP 800-53 SI-3 (malicious code protection)
#     - NIST SP 800-53 SI-7 (software integrity)
#   systems: [kserve, kubernetes]
package lockgate.models.scanned_models

import data.lib.lockgate.model_facts
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.workloads

violation contains unknown if some unknown in model_facts.unknown

violation contains report.violation(one.found.path, what, one.found.text, reasons(one.answer), fix) if {
	some one in model_facts.known
	not accepted(one.answer)
	what := sprintf("model is %s", [one.answer.tier])
	fix := "load a model without code (safetensors, GGUF, ONNX), or have it reviewed"
}

violation contains report.violation(one.found.path, "facts of the model are too old", one.found.text, why, fix) if {
	some one in model_facts.known
	limit := review.parameters.maximumAgeDays
	not fresh(one.answer, limit)
	why := sprintf("none was recorded in the last %v days", [limit])
	fix := "scan the model again, and record its facts"
}

violation contains report.violation(one.found.path, "facts are of no approved producer", one.found.text, why, fix) if {
	some one in model_facts.known
	is_array(review.parameters.producers)
	approved := {name | some name in review.parameters.producers}
	vouching := {vouch.producer | some vouch in one.answer.attested}
	count(approved & vouching) == 0
	why := sprintf("they are of: %s; approved are: %s", [report.names(vouching), report.names(approved)])
	fix := "have an approved producer scan the model"
}

violation contains report.too_deep(path) if {
	some path in workloads.too_deep
}

tiers := {tier | some tier in object.get(review.parameters, "tiers", ["safe"])}

accepted(answer) if answer.tier in tiers

# Only what is waived keeps it from being safe.
accepted(answer) if {
	answer.tier == "unvetted"
	count(waivers) > 0
	open := [finding | some finding in answer.facts.findings; finding.severity == "unvetted"]
	count(open) > 0
	every finding in open {
		waived(finding)
	}
}

waivers := {name | some name in object.get(review.parameters, "waivers", [])}

waived(finding) if finding.name in waivers

fresh(answer, days) if {
	some vouch in answer.attested
	model_facts.age(vouch.at) <= days * 86400
}

# The worst findings first, three at most.
reasons(answer) := text if {
	told := [shown(finding) |
		some severity in ["unsafe", "unreadable", "unvetted"]
		some finding in answer.facts.findings
		finding.severity == severity
		not waived(finding)
	]
	count(told) > 0
	text := sprintf("%s%s", [concat(", ", array.slice(told, 0, 3)), more(count(told) - 3)])
} else := "its facts do not say why"

more(number) := sprintf(" and %d more", [number]) if {
	number > 0
} else := ""

shown(finding) := sprintf("%s (%s)", [substring(finding.detail, 0, 120), finding.rule])
