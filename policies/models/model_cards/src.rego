# METADATA
# title: Models have an approved licence and name their data
# description: |
#   What a model's card, or its bill of materials, says: the licence must be one of `licences` (SPDX identifiers, and the names that
#   hubs use, compared without regard to case), and data sets and base models must be named where `require` asks for them.
#   A card is somebody's word: it counts as far as whoever vouches for the evidence is trusted.
#
#   Without a card, or where two cards name different licences, there is a violation. What is not known of a model is one, as `models/scanned_models`
#   has it.
# related_resources:
#   - ref: https://huggingface.co/docs/hub/model-cards
#     description: Model cards
#   - ref: https://spdx.org/licenses/
#     description: SPDX licence list
# custom:
#   id: LG-M006
#   severity: medium
#   external: true
#   controls:
#     - EU AI Act Article 53 (documentation of general-purpose models)
#     - NIST AI RMF MAP 4.1 (third-party data and software)
#   systems: [kserve, kubernetes]
package lockgate.models.model_cards

import data.lib.lockgate.model_facts
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.workloads

violation contains unknown if some unknown in model_facts.unknown

violation contains report.violation(one.found.path, "model has no card", one.found.text, why, fix) if {
	some one in model_facts.known
	cards(one.answer) == []
	why := "its licence and its data are not known"
	fix := "give the model a card (README.md with license, datasets, base_model) or a bill of materials, and scan it again"
}

violation contains report.violation(one.found.path, "model has a licence that is not approved", one.found.text, why, fix) if {
	some one in model_facts.known
	count(cards(one.answer)) > 0
	others := named(one.answer, "licenses") - approved
	count(others) > 0
	why := sprintf("it has %s; approved are: %s", [report.names(others), report.names(approved)])
	fix := "load a model with an approved licence, or have this one approved"
}

violation contains report.violation(one.found.path, sprintf("model names no %s", [words[field]]), one.found.text, why, fix) if {
	some one in model_facts.known
	count(cards(one.answer)) > 0
	some field in array.concat(["licenses"], object.get(review.parameters, "require", []))
	count(named(one.answer, field)) == 0
	why := "its card does not say"
	fix := sprintf("name its %s in the card", [words[field]])
}

violation contains report.too_deep(path) if {
	some path in workloads.too_deep
}

words := {"baseModels": "base model", "datasets": "data set", "licenses": "licence"}

cards(answer) := [entry | some entry in answer.evidence; entry.kind in {"bom", "card"}]

named(answer, field) := {lower(name) |
	some card in cards(answer)
	some name in card[field]
	is_string(name)
}

approved := {lower(name) | some name in object.get(review.parameters, "licences", [])}
