# METADATA
# title: Models are not open to the internet
# description: |
#   What answers anybody without asking who it is is refused everywhere: a Lambda function's URL whose `authType` is not `AWS_IAM`, a permission of Lambda
#   for the principal `*`, a service of Cloud Run that does not check its invokers (`run.googleapis.com/invoker-iam-disabled`), and a Ray head behind a
#   load balancer, a node's port or an ingress without `authOptions.mode: token`, where whoever comes runs code.
#
#   Services must be for inside only: Cloud Run with an ingress that is internal (the default is all), and Knative's Services and
#   KServe's InferenceServices with the label `networking.knative.dev/visibility: cluster-local` (or `networking.kserve.io/visibility`), unless
#   `requireInternal` asks less. What is meant for the outside is left out by the constraint's `match`.
#
#   Services that an InferenceService owns are judged there. An update that leaves spec, labels and annotations as they were is not judged.
#
#   Not covered: IAM, gateways, Ingresses and Services beside these objects, the gateways of LLMInferenceServices, and who may reach a cluster's network.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
#     description: Access to Lambda function URLs
#   - ref: https://cloud.google.com/run/docs/securing/ingress
#     description: Ingress of Cloud Run
#   - ref: https://knative.dev/docs/serving/services/private-services/
#     description: Private services in Knative
#   - ref: https://docs.ray.io/en/latest/ray-security/index.html
#     description: Security of Ray
# custom:
#   id: LG-S008
#   severity: critical
#   external: false
#   systems: [knative, kserve, cloud-run, config-connector, aws-lambda, aws-ack, ray]
#   controls:
#     - NIST SP 800-53 AC-3 (access enforcement)
#     - NIST SP 800-53 SC-7 (boundary protection)
package lockgate.serving.public_exposure

import data.lib.lockgate.cloud_run
import data.lib.lockgate.kserve
import data.lib.lockgate.owners
import data.lib.lockgate.paths
import data.lib.lockgate.ray
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.workloads

violation contains report.violation(path, "function answers anybody", settings.shown(value), why, fix) if {
	not unchanged
	some at in workloads.objects
	at.name == "lambda.services.k8s.aws/FunctionURLConfig"
	value := object.get(at.value, ["spec", "authType"], null)
	value != "AWS_IAM"
	not settings.unknown(value)
	path := array.concat(at.path, ["spec", "authType"])
	why := "its URL is on the internet and asks nobody who they are"
	fix := "set authType: AWS_IAM"
}

violation contains report.violation(path, "permission is for everybody", "*", why, fix) if {
	not unchanged
	some at in workloads.objects
	startswith(at.name, "lambda.services.k8s.aws/")
	some path in workloads.below(array.concat(at.path, ["spec", "permissions"]), ["principal"])
	workloads.value_at(path) == "*"
	parent := workloads.value_at(array.slice(path, 0, count(path) - 1))
	not narrowed(parent)
	why := "any account of AWS may invoke the function, and by its URL anybody"
	fix := "name the account or the service that invokes it, in principal"
}

violation contains report.violation(path, "service does not check who invokes it", settings.shown(value), why, fix) if {
	not unchanged
	some one in cloud_run.objects
	some place in invoker_places
	path := array.concat(one.path, place)
	value := workloads.value_at(path)
	not value in {null, false, "", "false"}
	not settings.unknown(value)
	why := "whoever reaches its URL is served"
	fix := "take it away, and grant roles/run.invoker to the accounts that call it"
}

violation contains report.violation(exposed.path, "Ray's head is exposed without a token", settings.shown(exposed.value), why, fix) if {
	not unchanged
	some exposed in heads
	why := "whoever reaches the dashboard runs code with the rights of its pods"
	fix := "keep the head inside (serviceType: ClusterIP, no ingress), or set authOptions.mode: token"
}

violation contains report.violation(path, "service of Cloud Run is open to the internet", settings.shown(value), why, fix) if {
	not unchanged
	wanted in {"cloud-run", "everything"}
	some one in cloud_run.objects
	place := ingress_places[one.kind]
	path := array.concat(one.path, place)
	value := workloads.value_at(path)
	not value in inward
	not settings.unknown(value)
	why := "requests from everywhere reach it; all is the default"
	fix := sprintf("set %s to %s", [paths.field(place), internal_name[one.kind]])
}

violation contains report.violation(path, "service is published outside of the cluster", settings.shown(value), why, fix) if {
	not unchanged
	wanted == "everything"
	some one in clustered
	labels := object.get(object.get(one.value, "metadata", {}), "labels", {})
	not inside(labels)
	path := array.concat(one.path, ["metadata", "labels", visibility])
	value := workloads.value_at(path)
	why := "the gateway gives it a name that everybody who reaches the gateway can call"
	fix := sprintf("add the label %s: cluster-local", [visibility])
}

wanted := object.get(review.parameters, "requireInternal", "everything")

# Conditions that bind everybody to somebody.
narrowed(permission) if {
	some field in ["principalOrgID", "sourceARN", "sourceAccount"]
	settings.text(permission[field])
}

invoker_places := [
	["metadata", "annotations", "run.googleapis.com/invoker-iam-disabled"],
	["spec", "annotations", "run.googleapis.com/invoker-iam-disabled"],
	["spec", "invokerIAMDisabled"],
]

ingress_places := {
	"RunService": ["spec", "ingress"],
	"Service": ["metadata", "annotations", "run.googleapis.com/ingress"],
}

inward := {
	"INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER", "INGRESS_TRAFFIC_INTERNAL_ONLY",
	"internal", "internal-and-cloud-load-balancing",
}

internal_name := {
	"RunService": "INGRESS_TRAFFIC_INTERNAL_ONLY",
	"Service": "internal",
}

visibility := "networking.knative.dev/visibility"

inside(labels) if {
	some name in [visibility, "networking.kserve.io/visibility"]
	labels[name] == "cluster-local"
}

clustered := array.concat(
	[at |
		some at in workloads.objects
		at.name in {"serving.knative.dev/Service", "serving.knative.dev/Route"}
		not for_cloud_run(at)
		not owned(at.value)
	],
	kserve.services,
)

for_cloud_run(at) if {
	some one in cloud_run.objects
	one.path == at.path
}

# What a controller made of an object that is judged itself.
owned(value) if {
	some owner in owners.controllers(value)
	owner.kind in {"InferenceGraph", "InferenceService", "Service"}
}

heads := [{"path": path, "value": value} |
	some cluster in ray.clusters
	not ray.authenticated(cluster)
	some [inner, open] in [
		[["headGroupSpec", "serviceType"], {"LoadBalancer", "NodePort"}],
		[["headGroupSpec", "headService", "spec", "type"], {"LoadBalancer", "NodePort"}],
		[["headGroupSpec", "enableIngress"], {true}],
	]
	path := array.concat(cluster.path, inner)
	value := workloads.value_at(path)
	value in open
]

unchanged if {
	ray.unchanged
	described(input.review.object) == described(input.review.oldObject)
}

# Of Ray the rule reads the spec alone.
described(value) := [object.get(object.get(value, "metadata", {}), field, {}) |
	not startswith(workloads.identity(value), "ray.io/")
	some field in ["annotations", "labels"]
]

inside(labels) if settings.unknown(labels[visibility])
