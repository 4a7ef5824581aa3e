# METADATA
# title: Experiments end, and take a bounded number of devices
# description: |
#   Without `maxTrialCount` Katib tries on until the goal is reached, which may be never, and each trial takes what its template asks for. An Experiment must
#   say how many trials there are, at most `maxTrials` where that is given. With `maxDevices`, trials that run at one time (`parallelTrialCount`, 3 unless given)
#   may not take more devices together than that: what limits and requests name with a domain (`nvidia.com/gpu`), for each pod of a trial,
#   summed over its containers and replicas.
#
#   A number of devices that only the trial knows (`${trialParameters.workers}`, a TrainJob without `numNodes`) is a violation unless
#   `undecidable` is `allow`. A count that is no whole number is a violation. An update that changes nothing but metadata and status is not judged.
#
#   Not covered: how long one trial runs, and devices of ResourceClaims; quotas of devices count those.
# related_resources:
#   - ref: https://www.kubeflow.org/docs/components/katib/user-guides/hp-tuning/configure-experiment/
#     description: Katib's experiments
# custom:
#   id: LG-P004
#   severity: medium
#   external: false
#   controls:
#     - NIST SP 800-53 SC-6 (resource availability)
#   systems: [katib]
package lockgate.pipelines.katib_bounds

import data.lib.lockgate.amounts
import data.lib.lockgate.charges
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "number of trials is not bounded", "maxTrialCount is not set", why, fix) if {
	not updates.unchanged
	some experiment in experiments
	amounts.at(experiment.value, ["spec", "maxTrialCount"]) == null
	path := array.concat(experiment.path, ["spec", "maxTrialCount"])
	why := "it tries on until the goal is reached, which may be never"
	fix := sprintf("set maxTrialCount to %d or less", [object.get(review.parameters, "maxTrials", 12)])
}

violation contains report.violation(path, "number of trials cannot be told", value, why, fix) if {
	not updates.unchanged
	some experiment in experiments
	some field in ["maxTrialCount", "parallelTrialCount"]
	value := amounts.at(experiment.value, ["spec", field])
	value != null
	not counts(value)
	path := array.concat(experiment.path, ["spec", field])
	why := "Katib takes whole numbers from 1"
	fix := sprintf("set %s to a whole number", [field])
}

violation contains report.violation(path, "there are more trials than allowed", sprintf("%v", [value]), why, fix) if {
	not updates.unchanged
	some experiment in experiments
	value := amounts.at(experiment.value, ["spec", "maxTrialCount"])
	counts(value)
	value > review.parameters.maxTrials
	path := array.concat(experiment.path, ["spec", "maxTrialCount"])
	why := sprintf("at most %d are allowed", [review.parameters.maxTrials])
	fix := sprintf("set maxTrialCount to %d or less, and narrow the search", [review.parameters.maxTrials])
}

violation contains report.violation(path, "trials take more devices at one time than allowed", shown, why, fix) if {
	not updates.unchanged
	most := review.parameters.maxDevices
	some experiment in experiments
	taken := devices(experiment)
	exceeds(taken, most)
	path := array.concat(experiment.path, ["spec", "parallelTrialCount"])
	parallel := amounts.whole(experiment.value, ["spec", "parallelTrialCount"], 3)
	shown := sprintf("%v devices in %v trials", [taken, parallel])
	why := sprintf("at most %d are allowed", [most])
	fix := "run fewer trials at a time, or give each fewer devices"
}

violation contains report.too_deep(path) if {
	not updates.unchanged
	some path in workloads.too_deep
}

exceeds(taken, most) if {
	is_number(taken)
	taken > most
}

exceeds("unbounded", _)

exceeds("unknown", _) if not review.parameters.undecidable == "allow"

counts(value) if {
	is_number(value)
	floor(value) == value
	value >= 1
}

experiments := [at | some at in workloads.objects; at.name == "kubeflow.org/Experiment"]

# How many devices the trials of an experiment take: `pods` of a charge are those of all trials that run at one time.
devices(experiment) := amounts.total([charge.total |
	some charge in charges.charges
	charge.how == "resource"
	array.slice(charge.path, 0, count(experiment.path)) == experiment.path
])
