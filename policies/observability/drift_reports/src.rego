# METADATA
# title: Reports of drift say that there is none, of enough data
# description: |
#   A report of Evidently that is kept beside a model says what was measured, not that somebody looked. Refused are reports with a test that failed or could not be run (`FAIL`, `ERROR`, `WARNING` too
#   with `warnings: refuse`), with a larger share of drifted columns than `maximumDriftShare` (0.5 unless given, as Evidently has it), whose own limit for that share is looser, and of
#   fewer rows than `minimumRows` (100 unless given), where they say how many there were. With `tests: required` a report has to have tests: without them it has no verdict.
#
#   Reports since 0.7 and before are judged, as files.
#
#   Not covered: when a report was made and of which model and data, which it does not say (signed evidence does: `lockgate evidence`), drift of single columns, and
#   reports in a form of somebody's own.
# related_resources:
#   - ref: https://docs.evidentlyai.com/docs/library/output_formats
#     description: Reports of Evidently
#   - ref: https://docs.evidentlyai.com/metrics/preset_data_drift
#     description: Drift of data in Evidently
# custom:
#   id: LG-O013
#   severity: medium
#   external: false
#   systems: [evidently]
#   controls:
#     - NIST AI RMF MEASURE 2.4 (monitoring in production)
#     - NIST SP 800-53 SI-4 (system monitoring)
package lockgate.observability.drift_reports

import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.workloads

violation contains report.violation(array.concat(found.path, ["tests", i, "status"]), "a test of the report did not pass", shown, why, fix) if {
	some found in reports
	some i, test in found.value.tests
	status := upper(sprintf("%v", [object.get(settings.fields(test), "status", "not said")]))
	not status in passing
	shown := sprintf("%s: %s", [settings.shown(object.get(settings.fields(test), "name", "a test")), status])
	why := "a test that could not be run is no pass either"
	fix := "find out why, and make the report again"
}

violation contains report.violation(array.concat(found.path, ["tests"]), "the report has no tests", "none", why, fix) if {
	review.parameters.tests == "required"
	some found in reports
	object.get(found.value, "tests", []) in [[], null, {}]
	why := "numbers without limits are no verdict"
	fix := "make the report with tests (include_tests=True), or with a limit for each metric"
}

violation contains report.violation(share.path, "data has drifted", settings.shown(share.value), why, fix) if {
	some share in shares
	not at_most(share.value, most_drift)
	why := sprintf("at most a share of %v of the columns may have drifted", [most_drift])
	fix := "look at the columns, train again or take new reference data, and make the report again"
}

violation contains report.violation(limit.path, "the report's own limit is loose", settings.shown(limit.value), why, fix) if {
	some limit in limits
	not at_most(limit.value, most_drift)
	why := sprintf("it calls data drifted only when more of the columns are than %v", [most_drift])
	fix := sprintf("set drift_share to %v or less", [most_drift])
}

violation contains report.violation(rows.path, "the report is of too few rows", settings.shown(rows.value), why, fix) if {
	some rows in row_counts
	is_number(rows.value)
	rows.value < fewest
	why := sprintf("of fewer than %d rows a test says little", [fewest])
	fix := "take a longer window of data"
}

passing := {"PASS", "SUCCESS"} | {"WARNING" | not review.parameters.warnings == "refuse"}

most_drift := object.get(review.parameters, "maximumDriftShare", 0.5)

fewest := object.get(review.parameters, "minimumRows", 100)

at_most(value, limit) if {
	is_number(value)
	value <= limit
}

# Since 0.7, and before.
shares := array.concat(
	[{"path": array.concat(metric.path, ["value", "share"]), "value": object.get(settings.fields(metric.value.value), "share", null)} |
		some metric in metrics
		counts_drift(metric.value)
	],
	[{"path": array.concat(metric.path, ["result", "share_of_drifted_columns"]), "value": value} |
		some metric in metrics
		metric.value.metric in {"DataDriftTable", "DatasetDriftMetric"}
		value := metric.value.result.share_of_drifted_columns
	],
)

limits := array.concat(
	[{"path": array.concat(metric.path, ["config", "drift_share"]), "value": value} |
		some metric in metrics
		counts_drift(metric.value)
		value := metric.value.config.drift_share
		value != null
	],
	[{"path": array.concat(metric.path, ["result", "drift_share"]), "value": value} |
		some metric in metrics
		metric.value.metric == "DatasetDriftMetric"
		value := metric.value.result.drift_share
	],
)

row_counts := array.concat(
	[{"path": array.concat(metric.path, ["value"]), "value": metric.value.value} |
		some metric in metrics
		endswith(metric.value.config.type, ":RowCount")
	],
	[{"path": array.concat(metric.path, ["result", "current", "number_of_rows"]), "value": value} |
		some metric in metrics
		value := metric.value.result.current.number_of_rows
	],
)

counts_drift(metric) if endswith(metric.config.type, ":DriftedColumnsCount")

metrics := [{"path": array.concat(found.path, ["metrics", i]), "value": metric} |
	some found in reports
	some i, metric in found.value.metrics
	is_object(metric)
]

reports := [{"path": array.concat(at.path, ["spec"]), "value": at.value.spec} |
	some at in workloads.objects
	at.name == "documents.lockgate.dev/EvidentlyReport"
	is_object(at.value.spec)
]
