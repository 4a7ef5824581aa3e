# METADATA
# title: Cloud Run runs images that Binary Authorization admits
# description: |
#   Services and jobs of Cloud Run must put their images before a policy of Binary Authorization: `binaryAuthorization.useDefault: true` (or
#   a `policy`) in Config Connector's RunService and RunJob, the annotation `run.googleapis.com/binary-authorization` in Cloud Run's form
#   of Knative's Service. A justification for breaking the glass runs an image in spite of the policy, and is refused everywhere.
#
#   `require: false` refuses broken glass only. A Knative Service is judged where an annotation or label of `run.googleapis.com` or
#   `cloud.googleapis.com` says that Cloud Run reads it. An update that leaves spec and annotations as they were is not judged.
#
#   Not covered: what the project's policy admits, whether an organisation's policy enforces it, and Services of Knative in a
#   cluster, where GKE's own Binary Authorization judges pods.
# related_resources:
#   - ref: https://cloud.google.com/binary-authorization/docs/run/overview
#     description: Binary Authorization for Cloud Run
# custom:
#   id: LG-S002
#   severity: high
#   external: false
#   systems: [cloud-run, config-connector]
#   controls:
#     - NIST SP 800-53 CM-14 (signed components)
#     - NIST SP 800-190 4.1.5 (use of untrusted images)
package lockgate.serving.cloud_run_binary_authorization

import data.lib.lockgate.cloud_run
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates

violation contains report.violation(path, "image is not put before Binary Authorization", shown, why, fix) if {
	not updates.unchanged_annotated
	not review.parameters.require == false
	some one in cloud_run.objects
	not authorized(one)
	path := place(one)
	shown := settings.shown(object.get(one.value, path_in(one), null))
	why := "Cloud Run runs any image that can be pulled"
	fix := sprintf("set %s", [setting(one)])
}

violation contains report.violation(path, "Binary Authorization is bypassed", shown, why, fix) if {
	not updates.unchanged_annotated
	some one in cloud_run.objects
	justification := array.concat(one.path, breakglass[one.form])
	value := object.get(one.value, breakglass[one.form], null)
	not value in {null, ""}
	path := justification
	shown := settings.shown(value)
	why := "the image runs in spite of the policy, until somebody takes this away"
	fix := "take it away, and have the image attested"
}

authorized(one) if settings.on(one.value.spec.binaryAuthorization.useDefault)

authorized(one) if settings.text(one.value.spec.binaryAuthorization.policy)

authorized(one) if {
	one.form == "knative"
	settings.text(one.value.metadata.annotations[annotation])
}

annotation := "run.googleapis.com/binary-authorization"

breakglass := {
	"connector": ["spec", "binaryAuthorization", "breakglassJustification"],
	"knative": ["metadata", "annotations", "run.googleapis.com/binary-authorization-breakglass"],
}

path_in(one) := ["spec", "binaryAuthorization", "useDefault"] if {
	one.form == "connector"
	is_object(object.get(one.value, ["spec", "binaryAuthorization"], {}))
} else := ["spec", "binaryAuthorization"] if {
	one.form == "connector"
} else := ["metadata", "annotations", annotation]

place(one) := array.concat(one.path, path_in(one))

setting(one) := "binaryAuthorization.useDefault: true" if {
	one.form == "connector"
} else := sprintf("the annotation %s to default", [annotation])
