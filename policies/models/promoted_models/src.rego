# METADATA
# title: Models are promoted before they run
# description: |
#   In an environment that a PromotionPolicy asks something of, each model that a workload loads must have been promoted into it: by a statement that
#   the trail has, with its evidence and approvals, and that nobody took back. What was promoted is what may run: the same reference, in the namespace and
#   cluster of the statement, in its images, runtimes and adapters, and with no flag that lets a model bring code and is not in it.
#
#   An earlier version that comes back needs a rollback of its own. What a controller makes of an object that was judged (its owner is a controller, and no person
#   sends it) may be of an earlier promotion that nobody took back, and may have more containers than the statement. Whoever sends it can write any owner, so
#   `controllers` should list the accounts that controllers have; without it those of Kubernetes' components and all service accounts but the namespace's own count, also the one that a GitOps tool deploys with.
#
#   An image volume counts as a model, unless `imageVolumes` is `files`.
#
#   In which environment an object is, the EnvironmentMap says; the label `lockgate.dev/environment` may raise it, and never lowers it. Where that cannot be told
#   the model is refused. With `compareFacts`, the bytes that signed facts tell of the reference must be those that were promoted.
#
#   The providers are `lockgate-environments` and `lockgate-promotions`. Lockgate answers them in process; for Gatekeeper Providers of these names ask
#   `lockgate serve` (docs/promotions.md).
#
#   An update that leaves the object's contents as they were is let through: what runs is found by the sweep, and not stopped by it.
#
#   Not covered: whether the bytes that are loaded are those of the statement, where the reference does not pin them; `models/pinned_models` demands that,
#   and `lockgate scan verify --at` checks it in an init container. Nor what no text of the object names: a model in a PersistentVolumeClaim, in the server's own
#   image, or by a variable from a ConfigMap; and the image that a ServingRuntime brings, where the object only names the runtime. An object
#   may have less than the statement: a container or an adapter that is left out is not missed.
# related_resources:
#   - ref: https://slsa.dev/spec/v1.1/verification_summary
#     description: What tools make of verified evidence
# custom:
#   id: LG-M009
#   severity: critical
#   external: true
#   controls:
#     - NIST SP 800-53 CM-3 (configuration change control)
#     - NIST SP 800-53 AC-5 (separation of duties)
#     - EU AI Act Article 12 (record-keeping)
#   systems: [kserve, kubernetes]
package lockgate.models.promoted_models

import data.lib.lockgate.external
import data.lib.lockgate.model_facts
import data.lib.lockgate.models
import data.lib.lockgate.owners
import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.serving
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(found.path, what, found.text, why, fix) if {
	some found in loaded
	not updates.unchanged
	environment == null
	what := "nobody knows in which environment the model would run"
	why := unplaced
	fix := "name the namespace in the EnvironmentMap"
}

violation contains report.violation(found.path, what, found.text, why, fix) if {
	some found in judged
	found.pin in {"unknown", "unreadable"}
	not accepted(found)
	what := sprintf("the model that would run in %s cannot be told", [environment.environment])
	why := "it is known only when it runs"
	fix := sprintf("write the reference itself in %s", [paths.field(found.path)])
}

violation contains report.violation(found.path, what, found.text, why, fix) if {
	some found in asked
	promotions(found) == []
	what := sprintf("model is not promoted to %s", [environment.environment])
	why := unpromoted(found)
	fix := sprintf("lockgate promote FILE --to %s, and have it approved", [environment.environment])
}

violation contains report.violation(found.path, what, found.text, why, fix) if {
	some found in asked
	others := promotions(found)
	count(others) > 0
	fitting(found) == []
	what := sprintf("model is promoted to %s for another place", [environment.environment])
	why := sprintf("it is promoted for %s, and this is %s", [report.names({where(one.namespace, one.cluster) | some one in others}), where(model_facts.namespace, cluster)])
	fix := sprintf("lockgate promote FILE --to %s for this place, and have it approved", [environment.environment])
}

violation contains report.violation(one.found.path, what, one.found.text, why, fix) if {
	some one in promoted
	one.promotion.state in {"revoked", "unsound"}
	what := sprintf("the promotion of the model to %s does not count any more", [environment.environment])
	why := states[one.promotion.state]
	fix := sprintf("lockgate promote or lockgate rollback another version --to %s", [environment.environment])
}

violation contains report.violation(one.found.path, what, one.found.text, why, fix) if {
	some one in promoted
	not one.promotion.state in {"current", "revoked", "unsound"}
	not is_controlled
	what := sprintf("model is not the version that %s has", [environment.environment])
	why := sprintf("entry %v promoted it, and another version came after it", [one.promotion.entry])
	fix := sprintf("lockgate rollback FILE --to %s, and have it approved", [environment.environment])
}

violation contains report.violation(one.found.path, what, one.found.text, why, fix) if {
	some one in promoted
	others := differing(one.promotion)
	count(others) > 0
	what := sprintf("model is promoted to %s to run otherwise", [environment.environment])
	why := sprintf("the statement of entry %v does not have %s", [one.promotion.entry, concat(", ", array.slice(sort(others), 0, 3))])
	fix := sprintf("lockgate promote FILE --to %s as it is to run, and have it approved", [environment.environment])
}

violation contains report.violation(one.found.path, what, one.found.text, why, fix) if {
	some one in promoted
	review.parameters.compareFacts == true
	why := other_bytes(one)
	what := sprintf("model is promoted to %s with other bytes", [environment.environment])
	fix := "scan what lies there now, and promote that"
}

violation contains report.too_deep(path) if {
	some path in workloads.too_deep
}

loaded := [found | some found in models.references; found.use in uses]

uses := {"model"} if {
	review.parameters.imageVolumes == "files"
} else := {"model", "volume"}

# Nothing that only leaves things as they are, and nothing where no policy asks for anything.
judged := [found |
	some found in loaded
	environment.required == true
	not updates.unchanged
]

asked := [found | some found in judged; not found.pin in {"unknown", "unreadable"}]

accepted(found) if {
	found.pin == "unknown"
	review.parameters.undecidable == "allow"
}

label := text if {
	text := review.target.metadata.labels["lockgate.dev/environment"]
	is_string(text)
} else := ""

placing := external.answers("lockgate-environments", [json.marshal({"label": label, "namespace": model_facts.namespace})]) if {
	count(loaded) > 0
}

environment := place if {
	some [_, place] in placing.responses
	is_string(place.environment)
	is_boolean(place.required)
} else := null

unplaced := error if {
	some [_, error] in placing.errors
} else := placing.system_error if {
	placing.system_error != ""
} else := "the provider lockgate-environments said nothing of it"

uris := {found.uri | some found in asked}

answers := external.answers("lockgate-promotions", sort(uris)) if count(uris) > 0

said[uri] := value if some [uri, value] in answers.responses

# The latest of the reference in this environment, one for each place that it was promoted for.
promotions(found) := [one |
	some one in said[found.uri][environment.environment]
	is_string(one.state)
]

fitting(found) := [object.union(one, {"state": state_here(one)}) |
	some one in promotions(found)
	fits(one.namespace, model_facts.namespace)
	fits(one.cluster, cluster)
]

# What is for any place is former in those for which another version came after it.
state_here(one) := "former" if {
	one.state == "current"
	some place in one.newer
	fits(place.namespace, model_facts.namespace)
	fits(place.cluster, cluster)
} else := one.state

# A statement that names no place is for each.
fits("", _)

fits(wanted, here) if {
	is_string(wanted)
	wanted == here
}

cluster := object.get(environment, "cluster", "")

where(namespace, "") := sprintf("namespace %s", [shown_name(namespace)])

where(namespace, name) := sprintf("namespace %s of cluster %s", [shown_name(namespace), name]) if name != ""

# What is current counts before what was.
promoted := [{"found": found, "promotion": best} |
	some found in asked
	ordered := sort([[object.get(ranks, one.state, 0), one.entry, i] | some i, one in fitting(found)])
	best := fitting(found)[ordered[count(ordered) - 1][2]]
]

ranks := {"current": 3, "former": 2, "unsound": 1}

unpromoted(found) := error if {
	some [uri, error] in answers.errors
	uri == found.uri
} else := answers.system_error if {
	answers.system_error != ""
} else := "no promotion of it into this environment is recorded"

states := {"revoked": "it was revoked", "unsound": "it rests on a key that was revoked"}

# What no person sends: a controller's work on an object that was judged.
is_controlled if {
	owners.controlled(review.target)
	not is_persons
}

is_persons if {
	name := input.review.userInfo.username
	not is_a_controllers(name)
}

is_a_controllers(name) if {
	some pattern in review.parameters.controllers
	glob.match(pattern, null, name)
}

# Components of Kubernetes (`system:admin` is none), and service accounts: what runs in a namespace has its accounts, and is no controller of it.
is_a_controllers(name) if {
	not review.parameters.controllers
	some start in ["system:kube-controller-manager", "system:node:", "system:serviceaccount:"]
	startswith(name, start)
	not startswith(name, sprintf("system:serviceaccount:%s:", [model_facts.namespace]))
}

shown_name("") := "none"

shown_name(name) := name if name != ""

# What runs beside the model and is not in the statement. Of a controller's work the statement's images have to be there, and others may be.
differing(given) := ({text |
	not is_controlled
	some one in serving.told.beside
	not one in given.serving
	text := trim_space(concat(" ", [one.kind, one.key, one.version]))
} | {text |
	is_controlled
	some one in given.serving
	one.kind == "image"
	not one in serving.told.beside
	text := sprintf("other images than %s", [trim_space(concat(" ", [one.key, one.version]))])
}) | {text |
	some text in serving.told.flags
	not text in given.flags
}

other_bytes(one) := why if {
	some known in model_facts.known
	known.found.uri == one.found.uri
	known.answer.digest != one.promotion.subject
	why := sprintf("entry %v promoted %s, and facts tell of %s", [one.promotion.entry, one.promotion.subject, known.answer.digest])
} else := "nothing is known of the bytes that lie there" if {
	not is_known(one.found)
}

is_known(found) if {
	some known in model_facts.known
	known.found.uri == found.uri
}
