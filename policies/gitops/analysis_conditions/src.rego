# METADATA
# title: Analyses can fail
# description: |
#   An analysis that passes whatever is measured promotes every version and looks like a check. Argo Rollouts takes a measurement as successful when
#   a metric has neither `successCondition` nor `failureCondition`, and never fails a metric of which it accepts more failures than it makes measurements.
#
#   Refused are, in AnalysisTemplates, ClusterAnalysisTemplates and AnalysisRuns: metrics without a condition (of all providers but jobs and Kayenta, which
#   judge by themselves); conditions that do not look at `result`, such as `true`; a `failureLimit` of `count` or more, or of -1, which never fails; jobs
#   that do nothing but end well (`exit 0`, `true`); and dry runs of every metric.
#
#   A placeholder such as `{{args.limit}}` is not judged.
#
#   Not covered: whether the query measures the new version, whether a threshold is a good one, a condition that looks at `result` and is always
#   true, and plugins, which may judge by themselves and yet need a condition here.
# related_resources:
#   - ref: https://argo-rollouts.readthedocs.io/en/stable/features/analysis/
#     description: Analysis in Argo Rollouts
# custom:
#   id: LG-G007
#   severity: high
#   external: false
#   systems: [argo-rollouts]
#   controls:
#     - NIST AI RMF MEASURE 2.4 (behaviour in production is monitored)
#     - NIST SP 800-53 CM-4 (impact analyses)
package lockgate.gitops.analysis_conditions

import data.lib.lockgate.gitops
import data.lib.lockgate.images
import data.lib.lockgate.report
import data.lib.lockgate.updates

violation contains report.violation(path, "metric has no condition", provider, why, fix) if {
	not updates.unchanged
	some metric in metrics
	provider := measured_by(metric.value)
	not provider in {"job", "kayenta"}
	not says(metric.value, "successCondition")
	not says(metric.value, "failureCondition")
	path := array.concat(metric.path, ["successCondition"])
	why := "every measurement counts as successful"
	fix := "set successCondition to an expression over result, such as result[0] >= 0.95"
}

violation contains report.violation(path, "condition ignores the result", value, why, fix) if {
	not updates.unchanged
	some metric in metrics
	some name in ["successCondition", "failureCondition"]
	says(metric.value, name)
	value := metric.value[name]
	constant(value)
	path := array.concat(metric.path, [name])
	why := "it is the same for every measurement"
	fix := sprintf("write an expression over result in %s, such as result[0] >= 0.95", [name])
}

violation contains report.violation(path, "metric cannot fail", shown, why, fix) if {
	not updates.unchanged
	some metric in metrics
	limit := number(object.get(metric.value, "failureLimit", 0))
	never(limit, metric.value)
	path := array.concat(metric.path, ["failureLimit"])
	shown := sprintf("%d", [limit])
	why := "it accepts as many failures as it makes measurements"
	fix := "set failureLimit below count"
}

violation contains report.violation(path, "job does nothing but end well", text, why, fix) if {
	not updates.unchanged
	some metric in metrics
	measured_by(metric.value) == "job"
	some i, container in metric.value.provider.job.spec.template.spec.containers
	text := words(container)
	regex.match(`^\s*((/bin/)?(ba|z|da)?sh\s+-[a-z]*c\s+)?(/bin/)?(exit\s+0|true|:|echo\s+[^|&;$]*)\s*;?\s*$`, text)
	path := array.concat(metric.path, ["provider", "job", "spec", "template", "spec", "containers", i])
	why := "the metric passes whatever the new version does"
	fix := "run the check of the new version, and end with another code when it fails"
}

violation contains report.violation(path, "metrics do not count", name, why, fix) if {
	not updates.unchanged
	some at in templates
	count(object.get(at.value.spec, "metrics", [])) > 0
	some i, entry in at.value.spec.dryRun
	name := entry.metricName
	is_string(name)
	every metric in at.value.spec.metrics {
		in_dry_run(at.value.spec.dryRun, object.get(metric, "name", ""))
	}
	path := gitops.below(at, ["spec", "dryRun", i, "metricName"])
	why := "what every metric of a dry run measures is written down and decides nothing"
	fix := "take the metrics that decide out of dryRun"
}

templates := [at |
	some kind in ["AnalysisRun", "AnalysisTemplate", "ClusterAnalysisTemplate"]
	some at in gitops.named(sprintf("argoproj.io/%s", [kind]))
	is_object(at.value.spec)
]

metrics := [{"path": gitops.below(at, ["spec", "metrics", i]), "value": metric} |
	some at in templates
	some i, metric in at.value.spec.metrics
	is_object(metric)
]

measured_by(metric) := [name | some name, _ in metric.provider][0] if {
	is_object(metric.provider)
	count(metric.provider) > 0
} else := "no provider"

says(metric, name) if {
	value := object.get(metric, name, "")
	not value in {"", null}
	not blank(value)
}

blank(value) if {
	is_string(value)
	trim_space(value) == ""
}

constant(value) if not is_string(value)

constant(value) if {
	is_string(value)
	not images.placeholder(value)
	not regex.match(`\bresult\b`, regex.replace(value, `"[^"]*"|'[^']*'`, ""))
}

# Numbers may stand in strings, as arguments make them; a placeholder is none.
number(value) := value if is_number(value)

number(value) := to_number(value) if {
	is_string(value)
	regex.match(`^-?[0-9]{1,9}$`, value)
}

never(limit, _) if limit < 0

never(limit, metric) if {
	made := measurements(metric)
	made > 0
	limit >= made
}

# One, where neither a count nor an interval is given.
measurements(metric) := 1 if {
	object.get(metric, "count", null) == null
	object.get(metric, "interval", null) == null
} else := number(metric.count)

words(container) := concat(" ", [word |
	some field in ["command", "args"]
	some word in object.get(container, field, [])
	is_string(word)
]) if {
	is_object(container)
	is_array(object.get(container, "command", []))
	is_array(object.get(container, "args", []))
}

in_dry_run(entries, name) if {
	some entry in entries
	is_string(entry.metricName)
	is_string(name)
	regex.is_valid(entry.metricName)
	regex.match(entry.metricName, name)
}
