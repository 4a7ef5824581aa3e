package lib.lockgate.promotion_test

import data.lib.lockgate.promotion

hour := 3600000000000

step := {
	"to": "prod",
	"evidence": [{"kind": "facts", "max_age_ns": null}, {"kind": "drift", "max_age_ns": 24 * hour}],
	"approvals": [{"group": "leads", "count": 2}],
	"separation_of_duties": true,
	"soak_ns": 24 * hour,
	"blocked_while_unhealthy": true,
}

complete := {
	"happening": "promotion",
	"from": "staging",
	"to": "prod",
	"digest": "a",
	"requester": "ada",
	"now_ns": 100 * hour,
	"evidence": [
		{"kind": "facts", "digest": "a", "made_ns": 0, "passed": true},
		{"kind": "drift", "digest": "a", "made_ns": 76 * hour, "passed": true},
	],
	"approvals": [{"person": "bea", "groups": ["leads"], "assurance": "key"}, {"person": "cyd", "groups": ["leads"], "assurance": "token"}],
	"below_since_ns": 76 * hour,
	"pools": [{"name": "h100", "healthy": true}],
	"policy": {"environments": ["dev", "staging", "prod"], "steps": [step]},
}

missing(given) := found if {
	told := promotion.told with input as {"promotion": given}
	found := {one.what | some one in told.missing}
}

changed(change) := missing(object.union(complete, change))

facts := complete.evidence[0]

drift := complete.evidence[1]

# What is changed of a complete promotion, and what is missing then.
cases := [
	[{}, set()],
	[{"happening": "rollback", "was_there": true, "from": "", "below_since_ns": null}, set()],
	[{"happening": "rollback", "from": "", "below_since_ns": null}, {"direction", "soak"}],
	[{"happening": "rollback", "was_there": "yes", "from": "", "below_since_ns": null}, {"direction", "soak"}],
	[{"was_there": true, "from": ""}, {"direction"}],
	[{"happening": "removal", "evidence": [], "approvals": []}, set()],
	[{"happening": "traffic", "to": "elsewhere"}, set()],
	[{"happening": "introduction", "from": "", "to": "dev", "evidence": []}, set()],
	[{"happening": "promotion", "from": "", "to": "dev", "evidence": []}, set()],
	[{"happening": "floating", "from": "", "to": "dev", "evidence": []}, set()],
	[{"happening": "unknown", "from": "", "to": "dev", "evidence": []}, set()],
	[{"happening": "rollback", "from": "", "to": "dev", "evidence": []}, set()],
	[{"happening": "revocation", "from": "", "evidence": [], "approvals": []}, set()],
	[{"happening": "unknown", "from": "", "to": ""}, {"environment"}],
	[{"from": "dev", "to": "staging", "evidence": []}, set()],
	[{"model": false, "evidence": [], "approvals": [], "requester": "", "pools": null, "below_since_ns": null}, set()],
	[{"model": false, "from": ""}, {"direction"}],
	[{"model": false, "to": "production"}, {"environment"}],
	[{"model": null, "approvals": []}, {"approvals/leads"}],
	[{"from": ""}, {"direction"}],
	[{"from": "dev"}, {"direction"}],
	[{"from": "prod"}, {"direction"}],
	[{"happening": "floating"}, {"direction"}],
	[{"happening": "unknown"}, {"direction"}],
	[{"happening": "introduction"}, {"direction"}],
	[{"to": "production"}, {"environment"}],
	[{"evidence": []}, {"evidence/facts", "evidence/drift"}],
	[{"evidence": [facts]}, {"evidence/drift"}],
	[{"evidence": [object.union(facts, {"digest": "b"}), drift]}, {"evidence/facts"}],
	[{"evidence": [object.union(facts, {"passed": false}), drift]}, {"evidence/facts"}],
	[{"evidence": [facts, object.union(drift, {"made_ns": (76 * hour) - 1})]}, {"evidence/drift"}],
	[{"evidence": [facts, object.union(drift, {"made_ns": 101 * hour})]}, {"evidence/drift"}],
	[{"digest": ""}, {"evidence/facts", "evidence/drift"}],
	[{"approvals": []}, {"approvals/leads"}],
	[{"approvals": [complete.approvals[0], complete.approvals[0]]}, {"approvals/leads"}],
	[{"approvals": [complete.approvals[0], {"person": "cyd", "groups": ["others"]}]}, {"approvals/leads"}],
	[{"approvals": [complete.approvals[0], {"person": "", "groups": ["leads"]}]}, {"approvals/leads"}],
	[{"requester": "bea"}, {"approvals/leads"}],
	[{"requester": ""}, {"requester"}],
	[{"below_since_ns": (76 * hour) + 1}, {"soak"}],
	[{"below_since_ns": null}, {"soak"}],
	[{"pools": null}, {"health"}],
	[{"pools": []}, set()],
	[{"pools": [{"name": "h100"}]}, {"health"}],
	[{"pools": [{"name": "h100", "healthy": false}]}, {"health"}],
]

test_cases if {
	every case in cases {
		[change, expected] := case
		changed(change) == expected
	}
}

test_one_person_may_do_both_where_the_step_says_so if {
	together := object.union(step, {"separation_of_duties": false})
	changed({"requester": "bea", "policy": {"steps": [together]}}) == set()
}

test_nothing_given if {
	missing({}) == {"environment"}
	told := promotion.told with input as {}
	{one.what | some one in told.missing} == {"environment"}
}

test_malformed_steps_ask_for_more_and_not_less if {
	steps := [{
		"to": "prod",
		"evidence": [{"kind": "luck"}, {"kind": "drift", "max_age_ns": "24h"}],
		"approvals": [{"group": "leads"}],
		"soak_ns": "24h",
	}]
	changed({"policy": {"steps": steps}}) == {"evidence/luck", "evidence/drift", "approvals/leads", "soak"}
}

test_left_out if {
	every name in ["digest", "now_ns", "requester", "below_since_ns", "pools", "evidence", "approvals", "from", "happening"] {
		count(missing(object.remove(complete, [name]))) > 0
	}
}

test_told if {
	told := promotion.told with input as {"promotion": object.union(complete, {"pools": [
		{"name": "h100", "why": "1 of 2 nodes: a (Ready is Unknown)"},
		{"name": "a100", "why": ""},
		{"name": "l4", "healthy": true, "why": "1 of 20 nodes: b (Ready is Unknown)"},
	]})}
	told.missing == [{
		"what": "health",
		"message": "prod takes nothing while a pool of devices is not known to be healthy: a100; h100, 1 of 2 nodes: a (Ready is Unknown)",
		"fix": "repair the nodes or take them out, and ask the cluster anew: kubectl get nodes,resourceslices,devicetaintrules,namespaces -o json | lockgate promotions health -",
	}]
}

test_told_by_nobody if {
	told := promotion.told with input as {"promotion": object.remove(complete, ["pools"])}
	contains(told.missing[0].message, "healthy: nobody knows")
	contains(told.missing[0].fix, "--pool-health")
}

test_how_old_is_told if {
	told := promotion.told with input as {"promotion": object.union(complete, {"evidence": [facts]})}
	told.missing[0].message == "prod needs a report on drift of these very bytes, no older than 24 hours"
}

measured(kind, values, made) := {"kind": kind, "digest": "a", "made_ns": made, "passed": true, "values": values}

demand := [{"kind": "evaluation", "name": "evaluation/auc", "max_age_ns": null, "metric": "auc", "minimum": 0.9, "maximum": null}]

# The value decides; of several reports the newest, and of those of one time the worst.
test_values if {
	every case in [
		[[measured("evaluation", {"auc": 0.9}, 90 * hour)], set()],
		[[measured("evaluation", {"auc": 0.89}, 90 * hour)], {"evidence/evaluation/auc"}],
		[[measured("evaluation", {"f1": 0.95}, 90 * hour)], {"evidence/evaluation/auc"}],
		[[measured("evaluation", {"auc": "0.95"}, 90 * hour)], {"evidence/evaluation/auc"}],
		[[measured("evaluation", {"auc": 0.95}, 90 * hour), measured("evaluation", {"auc": 0.1}, 80 * hour)], set()],
		[[measured("evaluation", {"auc": 0.95}, 80 * hour), measured("evaluation", {"auc": 0.1}, 90 * hour)], {"evidence/evaluation/auc"}],
		[[measured("evaluation", {"auc": 0.95}, 90 * hour), measured("evaluation", {"auc": 0.1}, 90 * hour)], {"evidence/evaluation/auc"}],
	] {
		changed({"evidence": case[0], "policy": {"steps": [object.union(complete.policy.steps[0], {"evidence": demand})]}}) == case[1]
	}
	told := promotion.told with input as {"promotion": object.union(complete, {"evidence": [], "policy": {"steps": [object.union(complete.policy.steps[0], {"evidence": [object.union(demand[0], {"maximum": 1})]})]}})}
	some one in told.missing
	one.message == "prod needs an evaluation that passed of these very bytes (auc at least 0.9, auc at most 1)"
}

test_assurance if {
	every case in [
		["imported", "imported", set()], ["token", "imported", set()], ["key", "key", set()],
		["imported", "token", {"approvals/leads"}], ["token", "key", {"approvals/leads"}], ["word", "imported", {"approvals/leads"}],
		["key", "word", {"approvals/leads"}],
	] {
		changed({
			"approvals": [{"person": "bea", "groups": ["leads"], "assurance": case[0]}],
			"policy": {"steps": [object.union(complete.policy.steps[0], {"approvals": [{"group": "leads", "count": 1, "assurance": case[1]}]})]},
		}) == case[2]
	}
}
