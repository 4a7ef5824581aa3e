package lockgate.gitops.rollout_analysis_test

import data.lockgate.gitops.rollout_analysis as rule

found(strategy, parameters) := {concat(".", violation.details.path) |
	some violation in rule.violation with input as {
		"review": {"object": {
			"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "r"},
			"spec": {"strategy": strategy},
		}},
		"parameters": parameters,
	}
}

canary := "spec.strategy.canary.analysis"

blue_green := "spec.strategy.blueGreen.prePromotionAnalysis"

templates := {"templates": [{"templateName": "t"}]}

test_canaries if {
	found({"canary": {"steps": [{"setWeight": 10}, {"pause": {"duration": "1m"}}]}}, {}) == {canary}
	found({"canary": {}}, {}) == {canary}
	found({"canary": "odd"}, {}) == {canary}
	found({"canary": {"analysis": {"templates": []}}}, {}) == {canary}
	found({"canary": {"analysis": templates}}, {}) == set()
	found({"canary": {"steps": [{"analysis": templates}]}}, {}) == set()
	found({"canary": {"steps": [{"experiment": {"analyses": [{"name": "a", "templateName": "t"}]}}]}}, {}) == set()
	found({"canary": {"steps": [{"experiment": {"templates": []}}]}}, {}) == {canary}
}

test_blue_green if {
	found({"blueGreen": {"activeService": "a"}}, {}) == {blue_green}
	found({"blueGreen": {"activeService": "a", "autoPromotionEnabled": false}}, {}) == {blue_green}
	found({"blueGreen": {"activeService": "a", "prePromotionAnalysis": templates}}, {}) == set()
	found({"blueGreen": {"activeService": "a", "postPromotionAnalysis": templates}}, {}) == {blue_green}
	found({"blueGreen": "odd"}, {}) == {blue_green}
}

test_people_may_decide_where_that_is_said if {
	given := {"people": "accept"}
	found({"canary": {"steps": [{"setWeight": 10}, {"pause": {}}]}}, given) == set()
	found({"canary": {"steps": [{"setWeight": 10}, {"pause": null}]}}, given) == set()
	found({"canary": {"steps": [{"setWeight": 10}, {"pause": {"duration": 30}}]}}, given) == {canary}
	found({"canary": {"steps": ["odd"]}}, given) == {canary}
	found({"blueGreen": {"autoPromotionEnabled": false}}, given) == set()
	found({"blueGreen": {"autoPromotionEnabled": true}}, given) == {blue_green}
	found({"blueGreen": {}}, given) == {blue_green}
	found({"blueGreen": {"autoPromotionEnabled": false, "autoPromotionSeconds": 30}}, given) == {blue_green}
}

test_parts_are_not_judged if {
	every strategy in [null, {}, "", []] {
		found(strategy, {}) == set()
	}
	count(rule.violation) == 0 with input as {"review": {"object": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "spec": {"replicas": 2}}}}
}
