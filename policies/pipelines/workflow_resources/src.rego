# METADATA
# title: Workflows and sensors make no serving objects of their own
# description: |
#   A template of Argo Workflows with `resource`, and a sensor's trigger of Argo Events, create objects as they run. Where these serve a model, a version goes
#   into production past the repository, its review and the promotion; where they grant rights or change policies, the workflow gives
#   itself what it was not given. Such objects are violations, whatever is done with them but `get`.
#
#   `kinds` are `group/Kind` or `group/*`: by default those of KServe, Knative, Ray Serve, Seldon, Argo Rollouts, Cloud Run, AWS Lambda and SageMaker, of
#   Kubernetes' access rights and admission, and of Gatekeeper. Manifests are read as text, every document in them, Lists too.
#
#   A manifest that is filled in when the workflow runs or is fetched from elsewhere is a violation unless `undecidable` is `allow`. Placeholders inside
#   of a readable manifest do not matter, unless they are its kind. An update that changes nothing but metadata and status is not judged.
#
#   Not covered: objects that a container of a step creates by kubectl or a library; give its account no right to.
# related_resources:
#   - ref: https://argo-workflows.readthedocs.io/en/latest/walk-through/kubernetes-resources/
#     description: Templates of resources
#   - ref: https://argoproj.github.io/argo-events/sensors/triggers/k8s-object-trigger/
#     description: Triggers that create objects
# custom:
#   id: LG-P003
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 CM-3 (configuration change control)
#     - NIST SP 800-53 AC-6 (least privilege)
#   systems: [argo-events, argo-workflows, kserve, katib]
package lockgate.pipelines.workflow_resources

import data.lib.lockgate.argo
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(deed.path, what, concat(", ", names), why, fix) if {
	not updates.unchanged
	some deed in deeds
	names := sort({one.name | some one in deed.objects; guarded(one.name)})
	count(names) > 0
	what := sprintf("objects are made past the repository by %s", [deed.action])
	why := "what serves and who may do what goes through review and promotion"
	fix := "commit the object where GitOps applies it, and let this step open a change request"
}

violation contains report.violation(deed.path, "object is known only when it is made", deed.undecided, why, fix) if {
	not updates.unchanged
	not review.parameters.undecidable == "allow"
	some deed in deeds
	deed.undecided != ""
	why := "it may serve a model, or grant rights"
	fix := "write the object here, with its kind, and placeholders only in its fields"
}

violation contains report.too_deep(path) if {
	not updates.unchanged
	some path in workloads.too_deep
}

deeds := [deed | some deed in argo.deeds; deed.action != "get"]

guarded(name) if name in kinds

guarded(name) if sprintf("%s/*", [split(name, "/")[0]]) in kinds

kinds := {kind | some kind in object.get(review.parameters, "kinds", usual)}

usual := [
	"admissionregistration.k8s.io/*", "argoproj.io/Rollout", "constraints.gatekeeper.sh/*", "lambda.services.k8s.aws/*",
	"machinelearning.seldon.io/*", "ray.io/RayService", "rbac.authorization.k8s.io/*", "run.cnrm.cloud.google.com/RunService",
	"sagemaker.services.k8s.aws/*", "serving.knative.dev/*", "serving.kserve.io/*", "serving.kubeflow.org/*", "templates.gatekeeper.sh/*",
]
