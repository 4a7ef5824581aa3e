# METADATA
# title: Rollouts go in steps that wait
# description: |
#   A canary is worth something as long as only a part of the requests meets the new version while somebody or something looks at it. Steps that begin with
#   all of the traffic, or that raise it without a wait, roll out like a Deployment does, under a name that promises more.
#
#   Refused are a first `setWeight` above `firstWeight` (50 when left out), steps that reach 100 with no pause, analysis, experiment or plugin
#   before, and steps of which none waits. A `setWeight` that is no number is refused too. With `noSteps: refuse`, the default, a canary without steps
#   is refused: it replaces all pods as fast as they start.
#
#   Not covered: how long a pause is, whether the canary gets enough requests to be judged, steps of plugins, which count as waits, and blue-green
#   rollouts (`gitops/rollout_analysis`).
# related_resources:
#   - ref: https://argo-rollouts.readthedocs.io/en/stable/features/canary/
#     description: Canary rollouts
# custom:
#   id: LG-G008
#   severity: medium
#   external: false
#   systems: [argo-rollouts]
#   controls:
#     - NIST SP 800-53 CM-4 (impact analyses)
package lockgate.gitops.rollout_steps

import data.lib.lockgate.gitops
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates

violation contains report.violation(canary.path, "canary has no steps", "no steps", why, fix) if {
	not updates.unchanged
	object.get(review.parameters, "noSteps", "refuse") != "allow"
	some canary in canaries
	count(canary.steps) == 0
	why := "all pods are replaced as fast as they start"
	fix := "write steps, such as setWeight: 10, pause: {duration: 10m}, setWeight: 50, pause: {duration: 10m}"
}

violation contains report.violation(path, "weight cannot be read", weight, why, fix) if {
	not updates.unchanged
	some canary in canaries
	some i, step in canary.steps
	weight := step.setWeight
	not is_number(weight)
	not settings.unknown(weight)
	path := array.concat(canary.path, [i, "setWeight"])
	why := "how many requests meet the new version cannot be told"
	fix := "set setWeight to a number from 0 to 100"
}

violation contains report.violation(path, "rollout begins with too much traffic", shown, why, fix) if {
	not updates.unchanged
	some canary in canaries
	[i, weight] := first_weight(canary)
	weight > limit
	not waited(canary, i)
	path := array.concat(canary.path, [i, "setWeight"])
	shown := sprintf("%v", [weight])
	why := sprintf("more than %v of 100 requests meet a version that nobody has looked at", [limit])
	fix := sprintf("begin with setWeight: %v or less, and a pause or an analysis after it", [limit])
}

violation contains report.violation(canary.path, "no step waits", "steps", why, fix) if {
	not updates.unchanged
	some canary in canaries
	count(canary.steps) > 0
	not waited(canary, count(canary.steps))
	not placeholders(canary)
	why := "the weights follow each other as fast as pods start"
	fix := "write a pause with a duration, or an analysis, after the first setWeight"
}

canaries := [{"path": gitops.below(at, ["spec", "strategy", "canary", "steps"]), "steps": steps(at.value.spec.strategy.canary)} |
	some at in gitops.named("argoproj.io/Rollout")
	is_object(at.value.spec.strategy.canary)
]

# A list that is none has no steps.
steps(canary) := canary.steps if {
	is_array(canary.steps)
} else := []

limit := object.get(review.parameters, "firstWeight", 50)

first_weight(canary) := [i, canary.steps[i].setWeight] if {
	i := min([n |
		some n, step in canary.steps
		is_number(step.setWeight)
		step.setWeight > 0
	])
}

waited(canary, before) if {
	some i, step in canary.steps
	i < before
	waits(step)
}

waits(step) if {
	some name in ["analysis", "experiment", "plugin"]
	is_object(step[name])
}

# Without a duration it waits for a person.
waits(step) if {
	is_object(step.pause)
	not object.get(step.pause, "duration", null) in {0, "0", "0s", "0m", "0h"}
}

waits(step) if {
	is_object(step)
	object.get(step, "pause", false) == null
}

placeholders(canary) if {
	some step in canary.steps
	settings.unknown(step)
}
