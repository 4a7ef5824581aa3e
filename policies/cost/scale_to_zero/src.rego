# METADATA
# title: What is idle scales down in development, and stays up in production
# description: |
#   An idle replica in development holds its devices for nobody; in production the first request after a pause waits until a model is loaded. So what scales by
#   itself must go down to `idle` replicas (1 unless given) in development, and to `idleWithDevices` (0 unless given) where it asks for devices; in
#   production it must keep `minimum` (1 unless given). Judged are the lower bounds of:
#
#   - the components of KServe's InferenceServices (`minReplicas`, 1 where it is not given) and LLMInferenceServices with `scaling`;
#   - Knative's Services, Configurations and Revisions (`autoscaling.knative.dev/min-scale`, or `minScale` as it was; 0 where it is not given);
#   - services of Cloud Run (`minInstanceCount`, or the annotation in Knative's form; 0 where it is not given);
#   - worker groups of RayServices and RayClusters that scale by themselves (`minReplicas`, 0 where it is not given), in development;
#   - HorizontalPodAutoscalers (`minReplicas`, 1 where it is not given) and KEDA's ScaledObjects (`minReplicaCount`, 0 where it is not given), in development:
#     workers of a queue may sleep in production.
#
#   What cannot reach 0 (a HorizontalPodAutoscaler, KServe's `Standard` mode unless KEDA scales it) may keep 1 in development.
#
#   Production and development are told by the object's labels (`environmentLabels`; `lockgate.dev/environment`, `environment` and `env` unless given) and its namespace's
#   name, by the words in `tiers` (`prod`, `prd`, `production`, `live`; `dev`, `develop`, `development`, `sandbox`); production counts most. Nothing else is judged, unless `assumed` says
#   what it is: for namespaces that labels tell, match them by `namespaceSelector` and say `assumed`.
#
#   Placeholders are left for when they are filled in. An update that leaves spec, annotations and these labels as they were is not judged.
#
#   Not covered: workloads with a fixed number of replicas, and defaults that a cluster sets for all.
# related_resources:
#   - ref: https://knative.dev/docs/serving/autoscaling/scale-bounds/
#     description: Scale bounds of Knative
#   - ref: https://kserve.github.io/website/docs/model-serving/predictive-inference/autoscaling/kpa-autoscaler
#     description: Autoscaling in KServe
#   - ref: https://cloud.google.com/run/docs/configuring/min-instances
#     description: Minimum instances of Cloud Run
# custom:
#   id: LG-B002
#   severity: low
#   external: false
#   systems: [kserve, knative, cloud-run, config-connector, ray, kubernetes]
#   controls:
#     - NIST SP 800-53 SC-6 (resource availability)
#     - FinOps (workload optimization)
package lockgate.cost.scale_to_zero

import data.lib.lockgate.devices
import data.lib.lockgate.kserve
import data.lib.lockgate.owners
import data.lib.lockgate.ray
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.tiers
import data.lib.lockgate.workloads

violation contains report.violation(bound.path, "production scales down to too little", settings.shown(bound.value), why, fix) if {
	not tiers.unchanged
	some bound in bounds
	bound.serves
	tiers.of(bound.object) == "production"
	not settings.unknown(bound.value)
	not at_least(bound, minimum)
	why := sprintf("after a pause %s is not there until it has started and loaded its model", [bound.what])
	fix := sprintf("set it to %s", [written(bound, minimum)])
}

violation contains report.violation(bound.path, "development keeps replicas that are idle", settings.shown(bound.value), why, fix) if {
	not tiers.unchanged
	some bound in bounds
	tiers.of(bound.object) == "development"
	not settings.unknown(bound.value)
	not at_most(bound, most(bound))
	why := sprintf("%s may keep %d%s while nobody asks", [bound.what, most(bound), because(bound)])
	fix := sprintf("set it to %s", [written(bound, most(bound))])
}

minimum := object.get(review.parameters, "minimum", 1)

most(bound) := max([bound.floor, object.get(review.parameters, "idleWithDevices", 0)]) if {
	bound.devices
} else := max([bound.floor, object.get(review.parameters, "idle", 1)])

because(bound) := " with its devices" if {
	bound.devices
} else := ""

at_least(bound, least) if number(bound) >= least

at_most(bound, greatest) if number(bound) <= greatest

# Lower bounds, as `{"object", "path", "value", "absent", "floor", "devices", "serves"}`: what it is where it is not given, the least that it can be, whether
# devices are held, and whether requests wait for it.
bounds := [bound |
	some found in [components, generative, revisions, services, groups, autoscalers]
	some bound in found
]

bound_at(holder, path, absent, rest) := object.union(
	{
		"object": holder, "path": path, "value": workloads.value_at(path),
		"absent": absent, "floor": 0, "devices": false, "serves": true,
	},
	rest,
)

components := [bound |
	some component in kserve.components
	annotations := annotations_of(component.service.value)
	not object.get(annotations, "serving.kserve.io/autoscalerClass", "") in {"external", "none"}
	bound := bound_at(component.service.value, array.concat(component.path, ["minReplicas"]), 1, {
		"what": sprintf("the %s", [component.name]),
		"floor": least(annotations),
		"devices": holds(component.path),
	})
]

# Only KEDA takes a Deployment to 0.
least(annotations) := 1 if {
	object.get(annotations, "serving.kserve.io/deploymentMode", "") in {"RawDeployment", "Standard"}
	object.get(annotations, "serving.kserve.io/autoscalerClass", "") != "keda"
} else := 0

generative := [bound |
	some at in workloads.objects
	at.name in {"serving.kserve.io/LLMInferenceService", "serving.kserve.io/LLMInferenceServiceConfig"}
	some part in [["spec"], ["spec", "prefill"]]
	path := array.concat(at.path, part)
	scaling := workloads.value_at(array.concat(path, ["scaling"]))
	not scaling in {null, false}
	bound := bound_at(at.value, array.concat(path, ["scaling", "minReplicas"]), 1, {
		"what": "the service",
		"floor": lowest(scaling),
		"devices": holds(at.path),
	})
]

lowest(scaling) := 0 if {
	"keda" in object.keys(settings.fields(scaling))
} else := 0 if {
	"keda" in object.keys(settings.fields(settings.fields(scaling).wva))
} else := 1

# Knative's form of Cloud Run's services has the same annotation. What another object owns is judged there.
revisions := [bound |
	some at in workloads.objects
	template := revision_templates[at.name]
	not owners.controlled(at.value)
	annotations := array.concat(at.path, array.concat(template, ["metadata", "annotations"]))
	bound := bound_at(at.value, array.concat(annotations, [min_scale_in(annotations)]), 0, {"what": "the service", "devices": holds(at.path)})
]

revision_templates := {
	"serving.knative.dev/Configuration": ["spec", "template"],
	"serving.knative.dev/Revision": [],
	"serving.knative.dev/Service": ["spec", "template"],
}

min_scale_in(annotations) := "autoscaling.knative.dev/minScale" if {
	given := object.keys(settings.fields(workloads.value_at(annotations)))
	"autoscaling.knative.dev/minScale" in given
	not "autoscaling.knative.dev/min-scale" in given
} else := "autoscaling.knative.dev/min-scale"

services := [bound |
	some at in workloads.objects
	at.name == "run.cnrm.cloud.google.com/RunService"
	path := array.concat(at.path, ["spec", "template", "scaling", "minInstanceCount"])
	bound := bound_at(at.value, path, 0, {"what": "the service", "devices": accelerated(at.value)})
]

# Cloud Run's accelerators are chosen like nodes.
accelerated(value) if {
	selector := settings.fields(value.spec.template.nodeSelector)
	count(selector) > 0
} else := false

groups := [bound |
	some cluster in ray.clusters
	cluster.kind in {"RayCluster", "RayService"}
	not object.get(cluster.value, "enableInTreeAutoscaling", false) in {false, null}
	some place, _ in workloads.children(array.concat(cluster.path, ["workerGroupSpecs"]))
	path := array.concat(cluster.path, ["workerGroupSpecs", place])
	bound := bound_at(review.target, array.concat(path, ["minReplicas"]), 0, {
		"what": "the group of workers",
		"devices": holds(path),
		"serves": false,
	})
]

autoscalers := [bound |
	some at in workloads.objects
	kind := autoscaler_kinds[at.name]
	bound := bound_at(at.value, array.concat(at.path, ["spec", kind.field]), kind.absent, {
		"what": "what is scaled",
		"floor": kind.absent,
		"serves": false,
	})
]

autoscaler_kinds := {
	"autoscaling/HorizontalPodAutoscaler": {"field": "minReplicas", "absent": 1},
	"keda.sh/ScaledObject": {"field": "minReplicaCount", "absent": 0},
}

annotations_of(value) := settings.fields(object.get(settings.fields(object.get(value, "metadata", {})), "annotations", {}))

holds(path) if {
	devices.asked_for(path)
} else := false

number(bound) := bound.absent if bound.value == null

number(bound) := bound.value if {
	is_number(bound.value)
	floor(bound.value) == bound.value
	bound.value >= 0
}

# Annotations are text.
number(bound) := to_number(bound.value) if {
	is_string(bound.value)
	"annotations" in bound.path
	regex.match(`^[0-9]{1,10}$`, bound.value)
}

written(bound, number) := sprintf("\"%d\"", [number]) if {
	"annotations" in bound.path
} else := sprintf("%d", [number])
