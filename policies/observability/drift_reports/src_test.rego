package lockgate.observability.drift_reports_test

import data.lockgate.observability.drift_reports as rule

found(spec, parameters) := {[split(violation.msg, " at ")[0], concat(".", [sprintf("%v", [one]) | some one in array.slice(violation.details.path, 1, 20)])] |
	some violation in rule.violation with input as {"review": {"object": {"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "EvidentlyReport", "metadata": {"name": "r"}, "spec": spec}}, "parameters": parameters}
}

drift(share, limit) := {"metric_name": "DriftedColumnsCount", "config": {"type": "evidently:metric_v2:DriftedColumnsCount", "drift_share": limit}, "value": {"count": 2, "share": share}}

test_shares if {
	found({"metrics": [drift(0.2, 0.5)]}, {}) == set()
	found({"metrics": [drift(0.6, 0.5)]}, {}) == {["data has drifted", "metrics.0.value.share"]}
	found({"metrics": [drift(0.2, 0.5)]}, {"maximumDriftShare": 0.1}) == {["data has drifted", "metrics.0.value.share"], ["the report's own limit is loose", "metrics.0.config.drift_share"]}
	every share in ["0.1", null, {}] {
		found({"metrics": [drift(share, 0.5)]}, {}) == {["data has drifted", "metrics.0.value.share"]}
	}
	found({"metrics": [{"metric": "DatasetDriftMetric", "result": {"dataset_drift": true, "share_of_drifted_columns": 0.7, "drift_share": 0.9}}]}, {}) == {["data has drifted", "metrics.0.result.share_of_drifted_columns"], ["the report's own limit is loose", "metrics.0.result.drift_share"]}
}

test_tests if {
	failed := "a test of the report did not pass"
	found({"metrics": [], "tests": [{"name": "a", "status": "SUCCESS"}]}, {"tests": "required"}) == set()
	every status in ["FAIL", "ERROR", "fail", null, 7] {
		found({"metrics": [], "tests": [{"name": "a", "status": status}]}, {}) == {[failed, "tests.0.status"]}
	}
	found({"metrics": [], "tests": [{"name": "a", "status": "WARNING"}]}, {}) == set()
	found({"metrics": [], "tests": [{"name": "a", "status": "WARNING"}]}, {"warnings": "refuse"}) == {[failed, "tests.0.status"]}
	found({"metrics": [], "tests": ["odd"]}, {}) == {[failed, "tests.0.status"]}
	found({"metrics": []}, {}) == set()
	found({"metrics": []}, {"tests": "required"}) == {["the report has no tests", "tests"]}
}

test_rows if {
	few := "the report is of too few rows"
	found({"metrics": [{"config": {"type": "evidently:metric_v2:RowCount"}, "value": 20}]}, {}) == {[few, "metrics.0.value"]}
	found({"metrics": [{"config": {"type": "evidently:metric_v2:RowCount"}, "value": 20}]}, {"minimumRows": 10}) == set()
	found({"metrics": [{"metric": "DatasetSummaryMetric", "result": {"current": {"number_of_rows": 7}}}]}, {}) == {[few, "metrics.0.result.current.number_of_rows"]}
}

test_odd_types if {
	every odd in [null, "x", 7, ["x"], {"metrics": "x"}, {"metrics": [null, 7, {}]}] {
		found(odd, {}) == set()
	}
}
