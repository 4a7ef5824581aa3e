package lockgate.gitops.analysis_conditions_test

import data.lockgate.gitops.analysis_conditions as rule

of(spec) := {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": {"name": "a"}, "spec": spec}

found(spec) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {"review": {"object": of(spec)}}
}

said(metric) := found({"metrics": [object.union({"name": "m", "provider": {"prometheus": {"query": "q"}}}, metric)]})

test_conditions if {
	said({}) == {"metric has no condition"}
	said({"successCondition": "", "failureCondition": " "}) == {"metric has no condition"}
	said({"successCondition": "result[0] >= 0.95"}) == set()
	said({"failureCondition": "len(result) == 0"}) == set()
	said({"successCondition": "{{args.condition}}"}) == set()
	every condition in ["true", "1 == 1", `"result" == "result"`, "asInt(1) > 0", true, "results > 1"] {
		said({"successCondition": condition}) == {"condition ignores the result"}
	}
}

test_limits if {
	good := {"successCondition": "result > 1"}
	said(object.union(good, {"count": 3, "failureLimit": 1})) == set()
	said(object.union(good, {"interval": "1m", "failureLimit": 3})) == set()
	said(object.union(good, {"failureLimit": 1})) == {"metric cannot fail"}
	said(object.union(good, {"count": "{{args.count}}", "failureLimit": 3})) == set()
	every limits in [{"count": 3, "failureLimit": 3}, {"count": "3", "failureLimit": "5"}, {"failureLimit": -1}, {"count": 1, "failureLimit": 1}] {
		said(object.union(good, limits)) == {"metric cannot fail"}
	}
}

job(container) := found({"metrics": [{"name": "m", "provider": {"job": {"spec": {"template": {"spec": {"containers": [container]}}}}}}]})

test_jobs if {
	every container in [{"command": ["sh", "-c"], "args": ["exit 0"]}, {"command": ["true"]}, {"command": ["/bin/sh", "-c", "echo fine"]}, {"command": ["/bin/true"]}] {
		job(container) == {"job does nothing but end well"}
	}
	every container in [{}, {"image": "check:1"}, {"command": ["sh", "-c"], "args": ["check && exit 0"]}, {"command": "true"}, {"command": ["sh", "-c", "exit $CODE"]}] {
		job(container) == set()
	}
}

test_dry_runs if {
	metric := {"name": "latency", "provider": {"web": {}}, "successCondition": "result > 1"}
	found({"metrics": [metric], "dryRun": [{"metricName": ".*"}]}) == {"metrics do not count"}
	found({"metrics": [metric, object.union(metric, {"name": "errors"})], "dryRun": [{"metricName": "latency"}]}) == set()
	found({"metrics": [metric], "dryRun": [{"metricName": "("}]}) == set()
	found({"metrics": [metric], "dryRun": [{}]}) == set()
}

test_odd_shapes if {
	every spec in [null, "", [], {}, {"metrics": "x"}, {"metrics": [null, "x"]}, {"metrics": []}] {
		found(spec) == set()
	}
	found({"metrics": [{"name": "m"}]}) == {"metric has no condition"}
	found({"metrics": [{"name": "m", "provider": {}}]}) == {"metric has no condition"}
}

test_updates_that_change_nothing if {
	judged := of({"metrics": [{"name": "m"}]})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}}
}
