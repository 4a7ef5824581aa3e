# METADATA
# title: What is missing for a promotion
# description: |
#   Judges one event by the PromotionPolicy. `input.promotion` is
#   `{"happening", "from", "was_there", "to", "digest", "model", "requester", "now_ns", "evidence", "approvals", "below_since_ns", "pools", "policy"}`:
#   `happening` as `lockgate.engine.promotions.recognising` tells it; `was_there`: is the version of a rollback known to have been there,
#   which its number alone does not say; `digest` of the subject's bytes; `model`: is it a model, or what runs one (true where that is left out); `requester` a person;
#   `evidence` that was verified, `{"kind", "digest", "made_ns", "passed", "values"}`; `approvals` of this very promotion that were verified,
#   `{"person", "groups", "assurance"}`; `below_since_ns`: since when the version runs in the environment below, null where nobody knows;
#   `pools` of devices that the subject may run on, `{"name", "healthy", "why"}` (which nodes are struck, why and since when), null where nobody knows; and `policy`,
#   `{"environments", "steps"}` with steps `{"to", "evidence": [{"kind", "name", "max_age_ns", "metric", "minimum", "maximum"}], "approvals": [{"group", "count", "assurance"}],
#   "separation_of_duties", "soak_ns", "blocked_while_unhealthy"}`. What is left out counts as not known, which is missing.
package lib.lockgate.promotion

given := object.get(input, "promotion", {})

environments := object.get(given, ["policy", "environments"], [])

to := object.get(given, "to", "")

from := object.get(given, "from", "")

happening := object.get(given, "happening", "unknown")

# Where the policy does not say how many.
most_wanted := 1000

# What nothing has to be shown for: it brings no version in.
quiet := {"removal", "revocation", "traffic"}

steps := [step | some step in object.get(given, ["policy", "steps"], []); step.to == to]

# METADATA
# description: |
#   `{"missing"}`: what is missing, each `{"what", "message", "fix"}`; nothing is where the promotion may go on.
told := {"missing": [one | some one in missing]}

# METADATA
# description: What is missing, as a set.
missing contains problem("environment", sprintf("%v is none of the environments of the policy", [to]), "name the environment in the PromotionPolicy") if {
	not happening in quiet
	not to in environments
	to != ""
}

missing contains problem("environment", "in which environment it runs is not known", "say in lockgate.yaml of which environment its folder, cluster or namespace is") if {
	not happening in quiet
	to == ""
}

missing contains problem("direction", sprintf("it cannot be told from where it enters %v", [to]), "promote the version to the environment below first") if {
	to in environments
	not is_known
}

missing contains problem(concat("/", ["evidence", object.get(asked, "name", asked.kind)]), sprintf("%v needs %v of these very bytes%v%v", [to, object.get(names, asked.kind, asked.kind), bounds(asked), limit(asked)]), object.get(fixes, asked.kind, "give it")) if {
	is_judged
	some step in steps
	some asked in object.get(step, "evidence", [])
	not is_shown(asked)
}

missing contains problem(concat("/", ["approvals", asked.group]), sprintf("%v needs approvals by %d of %v, and has %d", [to, wanted, asked.group, count(people)]), "ask people of the group who have not approved yet: lockgate promote writes the statement, and each signs it by lockgate approve") if {
	is_judged
	some step in steps
	some asked in object.get(step, "approvals", [])
	people := approving(step, asked)
	wanted := object.get(asked, "count", most_wanted)
	count(people) < wanted
}

missing contains problem("requester", "nobody knows who asks for it, so duties cannot be told apart", "have a known person ask for it: lockgate promote") if {
	is_judged
	some step in steps
	count(object.get(step, "approvals", [])) > 0
	is_separated(step)
	not is_person(object.get(given, "requester", ""))
}

missing contains problem("soak", sprintf("it has not run long enough in the environment below %v", [to]), "wait, or shorten soakTime in the PromotionPolicy") if {
	is_judged
	not is_back
	some step in steps
	object.get(step, "soak_ns", 0) > 0
	not is_soaked(step)
}

missing contains problem("health", sprintf("%v takes nothing while a pool of devices is not known to be healthy: %v", [to, pools]), unhealthy_fix) if {
	is_judged
	some step in steps
	object.get(step, "blocked_while_unhealthy", false)
	not is_healthy
	pools := unhealthy
}

problem(what, message, fix) := {"what": what, "message": message, "fix": fix}

names := {
	"drift": "a report on drift",
	"evaluation": "an evaluation that passed",
	"facts": "signed facts",
	"provenance": "provenance",
	"signature": "a signature",
	"tests": "tests that passed",
}

fixes := {
	"drift": "sign it with the facts: lockgate scan --sign, with --evidence",
	"evaluation": "sign it with the facts: lockgate scan --sign, with --evidence",
	"facts": "scan the model and sign what is found: lockgate scan --sign",
	"provenance": "sign it with the facts: lockgate scan --sign, with --provenance",
	"signature": "sign the model, and have it verified: lockgate scan --sign, with --model-signature",
	"tests": "give the folder that the PolicyBundle was made of: lockgate policy promote --sources",
}

limit(asked) := sprintf(", no older than %d hours", [floor(asked.max_age_ns / 3600000000000)]) if {
	is_number(object.get(asked, "max_age_ns", null))
} else := ""

# What is no model and runs none has no statement, so that nobody could give what a step asks for: of that the way alone is judged.
is_judged if {
	to in environments
	not happening in quiet
	object.get(given, "model", true) != false
}

is_known if happening in quiet

# Nothing is below the lowest environment, and nothing is asked for there.
is_known if to == environments[0]

# The next lower one: to leave one out would be to leave out what it asks for.
is_known if {
	happening == "promotion"
	some rank, _ in environments
	environments[rank] == from
	environments[rank + 1] == to
}

is_known if is_back

# A lower number alone may be one that nobody ever ran.
is_back if {
	happening == "rollback"
	given.was_there == true
}

# Of several the newest counts, and of those of one time each.
is_shown(asked) if {
	shown := [one | some one in object.get(given, "evidence", []); is_about(one, asked)]
	newest := max([one.made_ns | some one in shown])
	every one in shown {
		is_good(one, asked, newest)
	}
}

is_about(one, asked) if {
	one.kind == asked.kind
	one.digest == given.digest
	one.digest != ""
	is_fresh(one, object.get(asked, "max_age_ns", null))
	measures(one, object.get(asked, "metric", ""))
}

is_good(one, _, newest) if one.made_ns < newest

is_good(one, asked, _) if {
	one.passed == true
	is_within(one, asked)
}

measures(_, "")

measures(one, metric) if is_number(one.values[metric])

is_within(_, asked) if object.get(asked, "metric", "") == ""

is_within(one, asked) if {
	value := one.values[asked.metric]
	at_least(value, object.get(asked, "minimum", null))
	at_most(value, object.get(asked, "maximum", null))
}

at_least(_, null)

at_least(value, least) if {
	is_number(least)
	value >= least
}

at_most(_, null)

at_most(value, most) if {
	is_number(most)
	value <= most
}

bounds(asked) := sprintf(" (%s)", [concat(", ", told)]) if {
	asked.metric != ""
	told := array.concat(
		[sprintf("%v at least %v", [asked.metric, asked.minimum]) | is_number(asked.minimum)],
		[sprintf("%v at most %v", [asked.metric, asked.maximum]) | is_number(asked.maximum)],
	)
} else := ""

is_fresh(_, most) if most == null

is_fresh(one, most) if {
	is_number(most)
	age := given.now_ns - one.made_ns
	age >= 0
	age <= most
}

approving(step, asked) := {one.person |
	some one in object.get(given, "approvals", [])
	is_person(one.person)
	asked.group in one.groups
	is_assured(one, asked)
	not is_own(step, one.person)
}

# What is not said counts as the least that is known, and is asked of the most.
is_assured(one, asked) if {
	object.get(assurances, object.get(one, "assurance", "imported"), -1) >= object.get(assurances, object.get(asked, "assurance", "token"), 3)
}

assurances := {"imported": 0, "token": 1, "key": 2}

is_own(step, person) if {
	is_separated(step)
	person == given.requester
}

is_separated(step) if object.get(step, "separation_of_duties", true) != false

is_person(name) if {
	is_string(name)
	name != ""
}

is_soaked(step) if {
	is_number(given.below_since_ns)
	given.now_ns - given.below_since_ns >= step.soak_ns
}

is_healthy if {
	is_array(given.pools)
	every pool in given.pools {
		pool.healthy == true
	}
}

unhealthy := concat("; ", sort([shown(pool) | some pool in given.pools; object.get(pool, "healthy", false) != true])) if {
	is_array(given.pools)
} else := "nobody knows"

shown(pool) := sprintf("%s, %s", [pool.name, pool.why]) if {
	object.get(pool, "why", "") != ""
} else := pool.name

unhealthy_fix := "repair the nodes or take them out, and ask the cluster anew: kubectl get nodes,resourceslices,devicetaintrules,namespaces -o json | lockgate promotions health -" if {
	is_array(given.pools)
} else := "ask the cluster, and give what it says by --pool-health: kubectl get nodes,resourceslices,devicetaintrules,namespaces -o json | lockgate promotions health -"
