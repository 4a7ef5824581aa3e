# METADATA
# title: Clusters of Ray jobs end with their jobs
# description: |
#   A RayJob leaves its RayCluster running, with every accelerator that it has, unless told otherwise. It must have `shutdownAfterJobFinishes: true`
#   with a `ttlSecondsAfterFinished` of at most `maximumTTLSeconds`, or a `deletionStrategy` that deletes the cluster, its
#   workers or the job both when the job succeeds and when it fails. With `requireDeadline` a job must have `activeDeadlineSeconds`, since one that hangs
#   never finishes.
#
#   RayCronJobs are judged by their `jobTemplate`. Jobs that run on a cluster that is there (`clusterSelector`) have none to delete. An update that
#   leaves the spec as it was, but for what autoscalers and queues write (`replicas`, `scaleStrategy`, `suspend`), is not judged.
#
#   Not covered: RayClusters by themselves, which stay until somebody deletes them.
# related_resources:
#   - ref: https://docs.ray.io/en/latest/cluster/kubernetes/getting-started/rayjob-quick-start.html
#     description: RayJob
# custom:
#   id: LG-S005
#   severity: medium
#   external: false
#   systems: [ray]
#   controls:
#     - NIST SP 800-53 SC-6 (resource availability)
package lockgate.serving.ray_job_cleanup

import data.lib.lockgate.ray
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings

violation contains report.violation(path, "cluster outlives its job", settings.shown(value), why, fix) if {
	not ray.unchanged
	some job in owners
	not cleaned(job)
	path := array.concat(job.path, ["shutdownAfterJobFinishes"])
	value := object.get(job.value, "shutdownAfterJobFinishes", null)
	why := "its pods keep their accelerators until somebody deletes it"
	fix := "set shutdownAfterJobFinishes: true, with ttlSecondsAfterFinished"
}

violation contains report.violation(path, "cluster stays too long after its job", settings.shown(value), why, fix) if {
	not ray.unchanged
	some job in owners
	settings.on(job.value.shutdownAfterJobFinishes)
	path := array.concat(job.path, ["ttlSecondsAfterFinished"])
	value := object.get(job.value, "ttlSecondsAfterFinished", 0) # KubeRay's default
	not short(value)
	why := sprintf("its pods keep their accelerators for longer than %d seconds", [maximum])
	fix := sprintf("set ttlSecondsAfterFinished to %d or less", [maximum])
}

violation contains report.violation(path, "job has no deadline", settings.shown(value), why, fix) if {
	not ray.unchanged
	review.parameters.requireDeadline == true
	some job in ray.jobs
	path := array.concat(job.path, ["activeDeadlineSeconds"])
	value := object.get(job.value, "activeDeadlineSeconds", null)
	not ends(value)
	why := "one that hangs keeps its accelerators for ever"
	fix := "set activeDeadlineSeconds to the longest that it may take"
}

# A job that names a cluster has none of its own.
owners := [job |
	some job in ray.jobs
	not names_cluster(job.value)
]

names_cluster(job) if {
	some _ in job.clusterSelector
	object.get(job, "rayClusterSpec", null) == null
}

cleaned(job) if settings.on(job.value.shutdownAfterJobFinishes)

cleaned(job) if {
	every outcome in ["SUCCEEDED", "FAILED"] {
		deletes(job.value.deletionStrategy, outcome)
	}
}

cleaned(job) if {
	every outcome in ["onSuccess", "onFailure"] {
		job.value.deletionStrategy[outcome].policy in deletions
	}
}

deletes(strategy, outcome) if {
	some rule in strategy.deletionRules
	rule.policy in deletions
	rule.condition.jobStatus == outcome
}

deletions := {"DeleteCluster", "DeleteWorkers", "DeleteSelf"}

short(value) if {
	is_number(value)
	value <= maximum
}

short(value) if settings.unknown(value)

ends(value) if {
	is_number(value)
	value > 0
}

ends(value) if settings.unknown(value)

maximum := object.get(review.parameters, "maximumTTLSeconds", 86400)
