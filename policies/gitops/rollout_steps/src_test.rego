package lockgate.gitops.rollout_steps_test

import data.lockgate.gitops.rollout_steps as rule

rollout(strategy) := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "r"}, "spec": {"strategy": strategy}}

found(canary, parameters) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {"review": {"object": rollout({"canary": canary})}, "parameters": parameters}
}

said(steps) := found({"steps": steps}, {})

test_good_steps if {
	said([{"setWeight": 5}, {"pause": {}}]) == set()
	said([{"setWeight": 0}, {"setCanaryScale": {"replicas": 1}}, {"pause": {"duration": "10m"}}, {"setWeight": 100}]) == set()
	said([{"setWeight": 25}, {"analysis": {"templates": [{"templateName": "t"}]}}]) == set()
	said([{"experiment": {"templates": []}}, {"setWeight": 100}]) == set()
	said([{"plugin": {"name": "p"}}]) == set()
	said([{"setWeight": 10}, {"pause": null}]) == set()
}

test_too_much_at_first if {
	said([{"setWeight": 100}, {"pause": {}}]) == {"rollout begins with too much traffic"}
	said([{"setWeight": 60}, {"pause": {}}]) == {"rollout begins with too much traffic"}
	said([{"setWeight": 100}]) == {"rollout begins with too much traffic", "no step waits"}
	found({"steps": [{"setWeight": 20}, {"pause": {}}]}, {"firstWeight": 10}) == {"rollout begins with too much traffic"}
	found({"steps": [{"setWeight": 100}, {"pause": {}}]}, {"firstWeight": 100}) == set()
}

test_nothing_waits if {
	said([{"setWeight": 10}, {"setWeight": 20}, {"setWeight": 80}]) == {"no step waits"}
	said([{"setWeight": 10}, {"pause": {"duration": 0}}]) == {"no step waits"}
	said([{"setWeight": 10}, {"pause": {"duration": "0s"}}]) == {"no step waits"}
	said(["odd"]) == {"no step waits"}
	said(["${STEPS}"]) == set()
}

test_no_steps if {
	every canary in [{}, {"steps": []}, {"steps": null}, {"steps": "x"}] {
		found(canary, {}) == {"canary has no steps"}
		found(canary, {"noSteps": "allow"}) == set()
	}
}

test_weights_that_are_no_numbers if {
	said([{"setWeight": "100"}, {"pause": {}}]) == {"weight cannot be read"}
	said([{"setWeight": "${WEIGHT}"}, {"pause": {}}]) == set()
}

test_others if {
	every strategy in [{}, null, {"blueGreen": {}}, {"canary": "x"}] {
		count(rule.violation) == 0 with input as {"review": {"object": rollout(strategy)}}
	}
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": rollout({"canary": {}}), "oldObject": rollout({"canary": {}})}}
}
