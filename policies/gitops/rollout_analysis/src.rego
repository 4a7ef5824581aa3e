# METADATA
# title: Rollouts are judged before all traffic moves
# description: |
#   A rollout that moves all traffic because time has passed brings a bad model to everybody, a little later. Something has to measure the new version and end the
#   rollout where it is worse: an analysis in the background (`canary.analysis`), a step with an analysis, or with an experiment that has one, and
#   `prePromotionAnalysis` of a blue-green rollout.
#
#   `people` says whether a person may decide instead: `refuse`, the default, or `accept`, by which a canary's pause without a duration and
#   `autoPromotionEnabled: false` are enough.
#
#   A Rollout without a strategy is not judged: it is a part of one, as patches are.
#
#   Not covered: whether the analysis exists and can fail (`gitops/analysis_conditions`), whether it measures drift or quality rather than errors
#   alone, and analyses that begin at a step after the last weight.
# related_resources:
#   - ref: https://argo-rollouts.readthedocs.io/en/stable/features/analysis/
#     description: Analysis in Argo Rollouts
# custom:
#   id: LG-G009
#   severity: medium
#   external: false
#   systems: [argo-rollouts]
#   controls:
#     - NIST AI RMF MEASURE 2.4 (behaviour in production is monitored)
#     - NIST SP 800-53 CM-4 (impact analyses)
package lockgate.gitops.rollout_analysis

import data.lib.lockgate.gitops
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates

violation contains report.violation(path, "nothing judges the new version", "canary", why, fix) if {
	not updates.unchanged
	some at in rollouts
	canary := at.value.spec.strategy.canary
	not canary == null
	not analysed(canary)
	not decided_by_people(canary)
	path := gitops.below(at, ["spec", "strategy", "canary", "analysis"])
	why := "all traffic moves because time has passed"
	fix := "name an AnalysisTemplate in canary.analysis.templates, or in a step with analysis"
}

violation contains report.violation(path, "nothing judges the new version", "blueGreen", why, fix) if {
	not updates.unchanged
	some at in rollouts
	strategy := at.value.spec.strategy.blueGreen
	not strategy == null
	not names_templates(object.get(settings.fields(strategy), "prePromotionAnalysis", null))
	not promoted_by_people(settings.fields(strategy))
	path := gitops.below(at, ["spec", "strategy", "blueGreen", "prePromotionAnalysis"])
	why := "all traffic moves as soon as its pods are ready"
	fix := "name an AnalysisTemplate in blueGreen.prePromotionAnalysis.templates"
}

rollouts := gitops.named("argoproj.io/Rollout")

names_templates(analysis) if {
	some template in analysis.templates
	is_string(template.templateName)
	template.templateName != ""
}

analysed(canary) if names_templates(canary.analysis)

analysed(canary) if {
	some step in canary.steps
	names_templates(step.analysis)
}

analysed(canary) if {
	some step in canary.steps
	some analysis in step.experiment.analyses
	is_string(analysis.templateName)
}

people_accepted if object.get(review.parameters, "people", "refuse") == "accept"

decided_by_people(canary) if {
	people_accepted
	some step in canary.steps
	pause := object.get(settings.fields(step), "pause", false)
	waits_for_somebody(pause)
}

waits_for_somebody(pause) if pause == null

waits_for_somebody(pause) if {
	is_object(pause)
	object.get(pause, "duration", null) == null
}

# Left out, a blue-green rollout promotes itself.
promoted_by_people(strategy) if {
	people_accepted
	strategy.autoPromotionEnabled == false
	not is_number(object.get(strategy, "autoPromotionSeconds", null))
}
