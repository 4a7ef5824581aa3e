# METADATA
# title: A model server is asked so much at once as it can answer
# description: |
#   A model on a device answers a few requests at a time; what comes above that waits in its memory until it is killed, and nothing scales, since by default
#   Knative counts on a hundred. What serves from devices must say how many requests one replica takes, at most `maximum` where that is given:
#
#   - Knative's Services, Configurations and Revisions, and KServe's InferenceServices (not in `Standard` mode): `containerConcurrency` (0 is no limit), or what the
#     autoscaler aims at, `autoscaling.knative.dev/target` of Knative and `scaleTarget` of KServe;
#   - services of Cloud Run with an accelerator: `maxInstanceRequestConcurrency`, 80 where it is not given, or `containerConcurrency` in Knative's form.
#
#   With `of: all` they are judged without devices as well. Placeholders are left for when they are filled in. An update that leaves spec and annotations as
#   they were is not judged, nor what another object controls. Not covered: limits that a server has itself (`--max-num-seqs`), what a cluster sets for all, and
#   Lambda functions, of which one takes one request (`cost/bounded_scaling` bounds how many there are).
# related_resources:
#   - ref: https://knative.dev/docs/serving/autoscaling/concurrency/
#     description: Concurrency in Knative
#   - ref: https://cloud.google.com/run/docs/about-concurrency
#     description: Concurrency in Cloud Run
# custom:
#   id: LG-S016
#   severity: low
#   external: false
#   systems: [knative, kserve, cloud-run, config-connector]
#   controls:
#     - NIST SP 800-53 SC-5 (denial-of-service protection)
package lockgate.serving.concurrency_limits

import data.lib.lockgate.devices
import data.lib.lockgate.kserve
import data.lib.lockgate.owners
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(limit.path, "replica takes any number of requests at once", settings.shown(limit.value), why, fix) if {
	not updates.unchanged_annotated
	some limit in limits
	not settings.unknown(limit.value)
	not bounded(limit)
	not aimed(limit)
	why := "what the device cannot answer waits in its memory, and nothing scales"
	fix := sprintf("set it to what one replica answers at a time%s", [allowed])
}

violation contains report.violation(limit.path, "replica takes more requests at once than allowed", sprintf("%v", [number(limit)]), why, fix) if {
	not updates.unchanged_annotated
	some limit in limits
	number(limit) > review.parameters.maximum
	why := sprintf("%d are allowed", [review.parameters.maximum])
	fix := sprintf("set it to %d or less", [review.parameters.maximum])
}

default allowed := ""

allowed := sprintf(", %d or less", [review.parameters.maximum])

# Limits, as `{"path", "value", "absent", "aims"}`: what it is where it is not given, and the values of what an autoscaler aims at.
limits := array.concat(array.concat(components, revisions), services)

components := [limit |
	some component in kserve.components
	judged(component.path)
	annotations := annotations_of(component.service.value)
	not object.get(annotations, "serving.kserve.io/deploymentMode", "") in {"ModelMesh", "RawDeployment", "Standard"}
	path := array.concat(component.path, ["containerConcurrency"])
	aims := [object.get(component.value, "scaleTarget", null), object.get(annotations, "autoscaling.knative.dev/target", null)]
	limit := {"path": path, "value": workloads.value_at(path), "absent": 0, "aims": aims}
]

revisions := [limit |
	some at in workloads.objects
	rest := revision_templates[at.name]
	not owners.controlled(at.value)
	judged(at.path)
	template := settings.fields(workloads.value_at(array.concat(at.path, rest)))
	path := array.concat(at.path, array.concat(rest, ["spec", "containerConcurrency"]))
	aims := [object.get(annotations_of(template), "autoscaling.knative.dev/target", null)]
	limit := {"path": path, "value": workloads.value_at(path), "absent": 0, "aims": aims}
]

revision_templates := {
	"serving.knative.dev/Configuration": ["spec", "template"],
	"serving.knative.dev/Revision": [],
	"serving.knative.dev/Service": ["spec", "template"],
}

services := [{"path": path, "value": workloads.value_at(path), "absent": 80, "aims": []} |
	some at in workloads.objects
	at.name == "run.cnrm.cloud.google.com/RunService"
	judged_service(at)
	path := array.concat(at.path, ["spec", "template", "maxInstanceRequestConcurrency"])
]

judged(path) if devices.asked_for(path)

judged(_) if review.parameters.of == "all"

judged_service(at) if judged(at.path)

# Cloud Run's accelerators are chosen like nodes.
judged_service(at) if {
	selector := settings.fields(at.value.spec.template.nodeSelector)
	count(selector) > 0
}

annotations_of(value) := settings.fields(object.get(settings.fields(object.get(value, "metadata", {})), "annotations", {}))

bounded(limit) if number(limit) > 0

aimed(limit) if {
	limit.value in {null, 0}
	some aim in limit.aims
	positive(aim)
}

positive(aim) if settings.unknown(aim)

positive(aim) if {
	is_number(aim)
	aim > 0
}

positive(aim) if {
	is_string(aim)
	regex.match(`^[0-9]{1,9}(\.[0-9]{1,9})?$`, aim)
	to_number(aim) > 0
}

number(limit) := limit.absent if limit.value == null

number(limit) := limit.value if {
	is_number(limit.value)
	floor(limit.value) == limit.value
}
