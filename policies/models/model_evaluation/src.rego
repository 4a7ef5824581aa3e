# METADATA
# title: Models are evaluated, and have not drifted
# description: |
#   Each model and adapter must have evidence of how well it works: for every entry of `thresholds` whose `models` match its reference, a metric
#   of that name, no older than the entry's `maximumAgeDays`, with a value between `minimum` and `maximum`. `drift` does the same for drift: the share of columns that
#   drifted, at most `maximumShare`. The value decides, never the report's own verdict; of several reports the newest counts, and of those of one time the worst.
#
#   The age is counted from when the evidence was recorded, or was made where nothing recorded it and `acceptUnrecorded` is true.
#   With `producers`, only what one of these vouches for counts.
#
#   What is missing or too old is a violation. What is not known of a model is one, as `models/scanned_models` has it.
# related_resources:
#   - ref: https://docs.evidentlyai.com/
#     description: Evidently
# custom:
#   id: LG-M007
#   severity: high
#   external: true
#   controls:
#     - NIST AI RMF MEASURE 2.4 (monitoring in production)
#     - EU AI Act Article 15 (accuracy, robustness)
#   systems: [evidently, kserve, mlflow]
package lockgate.models.model_evaluation

import data.lib.lockgate.model_facts
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.workloads

violation contains unknown if some unknown in model_facts.unknown

violation contains report.violation(one.found.path, sprintf("model is not evaluated by %s", [demand.metric]), one.found.text, why, fix) if {
	some one in model_facts.known
	some demand in demands_of(one.found)
	usable(one.answer, demand) == []
	why := missing(one.answer, demand)
	fix := sprintf("evaluate it, and give the report to lockgate scan --evidence (%s)", [demand.metric])
}

violation contains report.violation(one.found.path, sprintf("model is out of bounds by %s", [demand.metric]), one.found.text, why, fix) if {
	some one in model_facts.known
	some demand in demands_of(one.found)
	newest := latest(usable(one.answer, demand))
	bad := {value | some value in newest; not within(value, demand)}
	count(bad) > 0
	why := sprintf("it has %s; demanded is %s", [concat(", ", sort({sprintf("%v", [value]) | some value in bad})), bounds(demand)])
	fix := "train it again or load another version"
}

violation contains report.too_deep(path) if {
	some path in workloads.too_deep
}

demands := array.concat(
	[object.union({"kind": "evaluation"}, entry) | some entry in object.get(review.parameters, "thresholds", [])],
	[object.union(entry, {"kind": "drift", "metric": "drift share", "maximum": entry.maximumShare}) |
		some entry in object.get(review.parameters, "drift", [])
	],
)

demands_of(found) := [demand |
	some demand in demands
	some pattern in demand.models
	glob.match(pattern, null, found.uri)
]

# What is there of it, as `{"value", "at"}`.
given(answer, demand) := [measured |
	some entry in answer.evidence
	entry.kind == demand.kind
	by_approved(entry)
	some value in values(entry, demand)
	measured := {"value": value, "at": time_of(entry)}
]

values(entry, demand) := [value] if {
	demand.kind == "drift"
	value := entry.share
	is_number(value)
} else := [value] if {
	demand.kind == "evaluation"
	value := entry.metrics[demand.metric]
	is_number(value)
} else := []

time_of(entry) := entry.recordedAt if {
	is_string(entry.recordedAt)
} else := entry.at if {
	review.parameters.acceptUnrecorded == true
	is_string(entry.at)
} else := ""

by_approved(_) if not review.parameters.producers

by_approved(entry) if {
	some name in entry.vouchedBy
	name in review.parameters.producers
}

usable(answer, demand) := [measured |
	some measured in given(answer, demand)
	model_facts.age(measured.at) <= demand.maximumAgeDays * 86400
]

missing(answer, demand) := "nothing says how well it works" if {
	given(answer, demand) == []
} else := sprintf("nothing was recorded in the last %v days", [demand.maximumAgeDays])

latest(measured) := {one.value |
	some one in measured
	time.parse_rfc3339_ns(one.at) == max([time.parse_rfc3339_ns(other.at) | some other in measured])
}

within(value, demand) if {
	value >= object.get(demand, "minimum", value)
	value <= object.get(demand, "maximum", value)
}

bounds(demand) := sprintf("at least %v and at most %v", [demand.minimum, demand.maximum]) if {
	demand.minimum != null
	demand.maximum != null
} else := sprintf("at least %v", [demand.minimum]) if {
	demand.minimum != null
} else := sprintf("at most %v", [demand.maximum])
