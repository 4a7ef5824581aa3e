# METADATA
# title: Scaling has an upper bound
# description: |
#   What scales by itself must say how far: a loop of requests, or somebody who wants it to cost, scales it as far as the cluster or the account goes.
#   Each of these needs a maximum that is a whole number, and with `maximum` one that is not above it:
#
#   - the components of KServe's InferenceServices (`maxReplicas`; with `deploymentMode: Standard` it is `minReplicas` where it is not given, and an
#     autoscaler class of `external` or `none` is not judged), and LLMInferenceServices that have `scaling`;
#   - Knative's Services, Configurations and Revisions (`autoscaling.knative.dev/max-scale`, or `maxScale` as it was; 0 is no bound);
#   - services of Cloud Run (`maxInstanceCount`, or the annotation in Knative's form);
#   - Lambda functions (`reservedConcurrentExecutions`; 0 stops the function and is a bound);
#   - worker groups of Ray clusters that scale by themselves (`maxReplicas`);
#   - node pools with `autoscaling` (`maxNodeCount` or `totalMaxNodeCount`).
#
#   With `maximum`, HorizontalPodAutoscalers (`maxReplicas`) and KEDA's ScaledObjects (`maxReplicaCount`, 100 where it is not given) are judged too.
#
#   Placeholders are left for when they are filled in. An update that leaves spec and annotations as they were is not judged.
#
#   Not covered: bounds that a cluster sets for all (`max-scale-limit` of Knative, quotas), and what one replica asks for.
# related_resources:
#   - ref: https://knative.dev/docs/serving/autoscaling/scale-bounds/
#     description: Scale bounds of Knative
#   - ref: https://kserve.github.io/website/docs/model-serving/predictive-inference/autoscaling/kpa-autoscaler
#     description: Autoscaling in KServe
#   - ref: https://cloud.google.com/run/docs/configuring/max-instances
#     description: Maximum instances of Cloud Run
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
#     description: Reserved concurrency of Lambda
# custom:
#   id: LG-B001
#   severity: medium
#   external: false
#   systems: [kserve, knative, cloud-run, config-connector, aws-lambda, aws-ack, ray, kubernetes]
#   controls:
#     - NIST SP 800-53 SC-5 (denial-of-service protection)
#     - NIST SP 800-53 SC-6 (resource availability)
package lockgate.cost.bounded_scaling

import data.lib.lockgate.kserve
import data.lib.lockgate.owners
import data.lib.lockgate.ray
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(bound.path, "scaling has no upper bound", settings.shown(bound.value), why, fix) if {
	not updates.unchanged_annotated
	some bound in bounds
	not bound.optional
	not settings.unknown(bound.value)
	not bounded(bound)
	why := sprintf("%s scales as far as what pays for it goes", [bound.what])
	fix := sprintf("set it to a whole number%s", [allowed])
}

violation contains report.violation(bound.path, "scaling goes further than is allowed", settings.shown(bound.value), why, fix) if {
	not updates.unchanged_annotated
	maximum := review.parameters.maximum
	some bound in bounds
	number(bound) > maximum
	why := sprintf("%s may be %d at most", [bound.what, maximum])
	fix := sprintf("set it to %d or less", [maximum])
}

allowed := sprintf(" up to %d", [review.parameters.maximum])

default allowed := ""

# Where a maximum stands, as `{"path", "value", "what", "least", "optional"}`: `least` is the smallest number that bounds, and an optional one has a bound
# without it.
bounds := [bound |
	some found in [components, generative, revisions, services, functions, groups, pools, autoscalers]
	some bound in found
]

bound_at(path, what, least) := {"path": path, "value": workloads.value_at(path), "what": what, "least": least, "optional": false}

components := [bound |
	some component in kserve.components
	annotations := object.get(object.get(component.service.value, "metadata", {}), "annotations", {})
	not scaled_elsewhere(annotations)
	bound := object.union(
		bound_at(array.concat(component.path, ["maxReplicas"]), sprintf("the %s", [component.name]), 1),
		{"optional": fixed(annotations, component.value)},
	)
]

scaled_elsewhere(annotations) if annotations["serving.kserve.io/autoscalerClass"] in {"external", "none"}

# A Deployment's autoscaler gets the lower bound as the upper one.
fixed(annotations, component) if {
	annotations["serving.kserve.io/deploymentMode"] in {"RawDeployment", "Standard"}
	object.get(component, "maxReplicas", null) == null
} else := false

generative := [bound_at(array.concat(path, ["scaling", "maxReplicas"]), "the service", 1) |
	some at in workloads.objects
	at.name in {"serving.kserve.io/LLMInferenceService", "serving.kserve.io/LLMInferenceServiceConfig"}
	some part in [["spec"], ["spec", "prefill"]]
	path := array.concat(at.path, part)
	not workloads.value_at(array.concat(path, ["scaling"])) in {null, false}
]

# Knative's form of Cloud Run's services has the same annotation. A service that another object owns is judged there.
revisions := [bound_at(path, "the service", 1) |
	some at in workloads.objects
	template := revision_templates[at.name]
	not owners.controlled(at.value)
	annotations := array.concat(at.path, array.concat(template, ["metadata", "annotations"]))
	path := array.concat(annotations, [max_scale_in(annotations)])
]

revision_templates := {
	"serving.knative.dev/Configuration": ["spec", "template"],
	"serving.knative.dev/Revision": [],
	"serving.knative.dev/Service": ["spec", "template"],
}

max_scale_in(annotations) := "autoscaling.knative.dev/maxScale" if {
	written := workloads.value_at(annotations)
	is_object(written)
	"autoscaling.knative.dev/maxScale" in object.keys(written)
	not "autoscaling.knative.dev/max-scale" in object.keys(written)
} else := "autoscaling.knative.dev/max-scale"

services := [bound_at(array.concat(at.path, ["spec", "template", "scaling", "maxInstanceCount"]), "the service", 1) |
	some at in workloads.objects
	at.name == "run.cnrm.cloud.google.com/RunService"
]

functions := [bound_at(array.concat(at.path, ["spec", "reservedConcurrentExecutions"]), "the function", 0) |
	some at in workloads.objects
	at.name == "lambda.services.k8s.aws/Function"
]

groups := [bound_at(array.concat(path, ["maxReplicas"]), "the group of workers", 0) |
	some cluster in ray.clusters
	not object.get(cluster.value, "enableInTreeAutoscaling", false) in {false, null}
	some place, _ in workloads.children(array.concat(cluster.path, ["workerGroupSpecs"]))
	path := array.concat(cluster.path, ["workerGroupSpecs", place])
]

pools := [bound_at(array.concat(scaling, [pool_field(scaling)]), "the node pool", 0) |
	some at in workloads.objects
	at.name == "container.cnrm.cloud.google.com/ContainerNodePool"
	scaling := array.concat(at.path, ["spec", "autoscaling"])
	workloads.value_at(scaling) != null
]

pool_field(scaling) := "totalMaxNodeCount" if {
	written := workloads.value_at(scaling)
	is_object(written)
	"totalMaxNodeCount" in object.keys(written)
} else := "maxNodeCount"

# The server demands a maximum of the one and knows one for the other: they are judged by how far they go.
autoscalers := [object.union(bound_at(path, "what is scaled", 1), {"optional": true}) |
	some at in workloads.objects
	field := autoscaler_fields[at.name]
	path := array.concat(at.path, ["spec", field])
]

autoscaler_fields := {
	"autoscaling/HorizontalPodAutoscaler": "maxReplicas",
	"keda.sh/ScaledJob": "maxReplicaCount",
	"keda.sh/ScaledObject": "maxReplicaCount",
}

bounded(bound) if number(bound) >= bound.least

number(bound) := bound.value if {
	is_number(bound.value)
	floor(bound.value) == bound.value
}

# Annotations are text.
number(bound) := to_number(bound.value) if {
	is_string(bound.value)
	"annotations" in bound.path
	regex.match(`^[0-9]{1,10}$`, bound.value)
}

number(bound) := 100 if {
	bound.value == null
	bound.path[count(bound.path) - 1] == "maxReplicaCount"
}
