# METADATA
# title: Models are of approved formats
# description: |
#   Which formats a model may have here, by what its bytes are and not by what its files are called. `formats` is for every namespace; an entry of
#   `namespaces` adds formats in namespaces by their names (`*` stands for any letters), so that production takes fewer than development.
#   Containers of models (`zip`, `tar`) are no formats of their own: what lies in them is named.
#
#   What is not known of a model is a violation, as `models/scanned_models` has it.
# custom:
#   id: LG-M004
#   severity: high
#   external: true
#   controls:
#     - NIST SP 800-53 CM-7 (least functionality)
#   systems: [kserve, kubernetes]
package lockgate.models.model_formats

import data.lib.lockgate.model_facts
import data.lib.lockgate.report
import data.lib.lockgate.workloads

violation contains unknown if some unknown in model_facts.unknown

violation contains report.violation(one.found.path, "model has a format that is not approved", one.found.text, why, fix) if {
	some one in model_facts.known
	others := {format | some format in one.answer.facts.formats} - approved
	count(others) > 0
	why := sprintf("it has %s; approved here are: %s", [report.names(others), report.names(approved)])
	fix := "convert the model to an approved format"
}

violation contains report.violation(one.found.path, "model has no format that is known", one.found.text, why, fix) if {
	some one in model_facts.known
	object.get(one.answer.facts, "formats", []) == []
	why := "its facts name none"
	fix := "scan the model again"
}

violation contains report.too_deep(path) if {
	some path in workloads.too_deep
}

approved := {format | some format in model_facts.listed("formats")}
