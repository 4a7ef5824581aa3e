# METADATA
# title: What is known of the models that workloads load
# description: |
#   The provider `lockgate-models` is asked about every model and adapter by its reference in one spelling (`models.references`). It answers with
#   what was found in the bytes and proven of them, bound to a digest:
#   `{"digest", "tier", "facts", "attested": [{"producer", "at"}], "evidence": [{"kind", …}]}`.
#   `facts` is the model-facts document; `tier` is `safe`, `unvetted`, `unsafe` or `unreadable`; `attested` says who vouches for the facts, and since when
#   that is recorded (`at` in RFC 3339, null where nothing recorded it). `resolved` (`{"uri", "attested"}`) is there where the reference is a name for
#   another, by whose facts it is answered.
package lib.lockgate.model_facts

import data.lib.lockgate.external
import data.lib.lockgate.models
import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.review

# METADATA
# description: Models and adapters of which something is known, as `{"found", "answer"}`; `found` is the reference.
known := [{"found": found, "answer": answer} |
	some found in asked
	answer := said[found.uri]
	is_answer(answer)
	not troubles[found.uri]
]

# METADATA
# description: |
#   Violations for references of which nothing is known, which each rule that goes by facts has. What is known only when it runs is none where the
#   constraint has `undecidable: allow`.
unknown := array.concat(
	[nothing(found, why, fix) |
		some found in asked
		why := troubles[found.uri]
		fix := "scan the model, sign its facts (lockgate scan --sign), and give them to the gate"
	],
	[nothing(found, undecided_why[found.pin], fix) |
		some found in undecided
		fix := sprintf("write the reference itself, pinned, in %s", [paths.field(found.path)])
	],
)

nothing(found, why, fix) := report.violation(found.path, "nothing is known of the model", found.text, why, fix)

judged := [found | some found in models.references; found.use in {"model", "adapter"}]

asked := [found | some found in judged; not found.pin in {"unknown", "unreadable"}]

undecided := [found |
	some found in judged
	found.pin in {"unknown", "unreadable"}
	not accepted(found)
]

accepted(found) if {
	found.pin == "unknown"
	review.parameters.undecidable == "allow"
}

undecided_why := {
	"unknown": "what it loads is known only when it runs",
	"unreadable": "what it loads cannot be told",
}

uris := {found.uri | some found in asked}

answers := external.answers("lockgate-models", sort(uris)) if count(uris) > 0

said[key] := value if some [key, value] in answers.responses

refused[key] := error if some [key, error] in answers.errors

# Why nothing is known of a reference.
troubles[uri] := answers.system_error if {
	answers.system_error != ""
	some uri in uris
}

troubles[uri] := error if {
	answers.system_error == ""
	some uri, error in refused
}

troubles[uri] := "the provider said nothing of it" if {
	answers.system_error == ""
	some uri in uris
	not refused[uri]
	not is_answer(said[uri])
}

is_answer(value) if {
	is_string(value.digest)
	value.tier in {"safe", "unreadable", "unsafe", "unvetted"}
	is_object(value.facts)
	is_array(value.attested)
	is_array(value.evidence)
}

# METADATA
# description: |
#   Names of entries that a constraint gives by namespace: those of `field`, and those of the entries of `namespaces` whose patterns match the
#   namespace of the request.
listed(field) := array.concat(
	[value | some value in object.get(review.parameters, field, [])],
	[value |
		some entry in object.get(review.parameters, "namespaces", [])
		some pattern in entry.names
		glob.match(pattern, null, namespace)
		some value in object.get(entry, field, [])
	],
)

namespace := name if {
	name := input.review.namespace
	is_string(name)
	name != ""
} else := name if {
	name := review.target.metadata.namespace
	is_string(name)
} else := ""

# METADATA
# description: Seconds since a time in RFC 3339; undefined for what is none.
age(at) := (time.now_ns() - time.parse_rfc3339_ns(at)) / 1000000000 if {
	is_string(at)
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$`, at)
}
