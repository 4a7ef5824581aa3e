# METADATA
# title: SageMaker serves model packages, and no manifest approves its own
# description: |
#   A ModelPackage is approved by somebody who looked at it, in SageMaker or by a promotion: `modelApprovalStatus: Approved` in a manifest approves what nobody has
#   seen yet, and whoever writes the manifest is who approves. It is refused, as is a status that SageMaker does not know, and a
#   package without `modelPackageGroupName`, which has no status at all. `allowApproved: true` is for teams whose review of manifests is the approval.
#
#   With `requireMetrics` a package must name what measured it (`modelMetrics.modelQuality.statistics`). With `requirePackage` every container of
#   a Model must be of a package with a version (`modelPackageName: arn:…:model-package/GROUP/NUMBER`), not of an archive by `modelDataURL`.
#
#   Placeholders are left for when they are filled in. An update that leaves the spec as it was is not judged.
#
#   Not covered: the status that a package has in SageMaker when a Model names it, and models that are made elsewhere than by these manifests.
# related_resources:
#   - ref: https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-approve.html
#     description: Approval in SageMaker's registry of models
# custom:
#   id: LG-S010
#   severity: high
#   external: false
#   systems: [aws-ack, sagemaker]
#   controls:
#     - NIST SP 800-53 AC-5 (separation of duties)
#     - NIST SP 800-53 CM-3 (configuration change control)
package lockgate.serving.sagemaker_approval

import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "manifest approves its own model", settings.shown(value), why, fix) if {
	not updates.unchanged
	not review.parameters.allowApproved == true
	some package_path in package_paths
	path := array.concat(package_path, ["modelApprovalStatus"])
	value := workloads.value_at(path)
	approved(value)
	why := "endpoints may use it before anybody has looked at its evaluation"
	fix := "take modelApprovalStatus away, and approve the package in SageMaker once it is evaluated"
}

violation contains report.violation(path, "status of the package is unknown", settings.shown(value), why, fix) if {
	not updates.unchanged
	some package_path in package_paths
	path := array.concat(package_path, ["modelApprovalStatus"])
	value := workloads.value_at(path)
	not value in {null, "", "PendingManualApproval", "Rejected"}
	not approved(value)
	not settings.unknown(value)
	why := "SageMaker refuses it, or takes it for what it is not"
	fix := "write PendingManualApproval or Rejected, or take it away"
}

violation contains report.violation(path, "package has no versions", settings.shown(value), why, fix) if {
	not updates.unchanged
	some package_path in package_paths
	path := array.concat(package_path, ["modelPackageGroupName"])
	value := workloads.value_at(path)
	not settings.text(value)
	why := "a package outside of a group has no status, so nobody approves it"
	fix := "set modelPackageGroupName to the group of the model's packages"
}

violation contains report.violation(path, "package names no measurements", settings.shown(value), why, fix) if {
	not updates.unchanged
	review.parameters.requireMetrics == true
	some package_path in package_paths
	path := array.concat(package_path, ["modelMetrics", "modelQuality", "statistics", "s3URI"])
	value := workloads.value_at(path)
	not settings.text(value)
	why := "who approves it has nothing to go by"
	fix := "set modelMetrics.modelQuality.statistics to the report of its evaluation"
}

violation contains report.violation(path, "model is not of a package", settings.shown(value), why, fix) if {
	not updates.unchanged
	review.parameters.requirePackage == true
	some container_path in container_paths
	value := workloads.value_at(array.concat(container_path, ["modelPackageName"]))
	not versioned(value)
	path := array.concat(container_path, ["modelPackageName"])
	why := "nobody has approved what it serves"
	fix := "set modelPackageName to arn:aws:sagemaker:REGION:ACCOUNT:model-package/GROUP/NUMBER"
}

violation contains report.violation(path, "model brings an archive beside its package", settings.shown(value), why, fix) if {
	not updates.unchanged
	review.parameters.requirePackage == true
	some container_path in container_paths
	versioned(workloads.value_at(array.concat(container_path, ["modelPackageName"])))
	path := array.concat(container_path, ["modelDataURL"])
	value := workloads.value_at(path)
	not value in {null, ""}
	why := "the archive is not what was approved"
	fix := "take modelDataURL away"
}

package_paths := [array.concat(at.path, ["spec"]) |
	some at in workloads.objects
	at.name == "sagemaker.services.k8s.aws/ModelPackage"
]

# In any spelling, so that none slips by.
approved(value) if {
	is_string(value)
	lower(value) == "approved"
}

versioned(value) if settings.unknown(value)

versioned(value) if {
	is_string(value)
	regex.match(`^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:model-package/[A-Za-z0-9-]+/[0-9]+$`, value)
}

container_paths := array.concat(
	[path |
		some at in workloads.objects
		at.name == "sagemaker.services.k8s.aws/Model"
		path := array.concat(at.path, ["spec", "primaryContainer"])
		workloads.value_at(path) != null
	],
	[path |
		some at in workloads.objects
		at.name == "sagemaker.services.k8s.aws/Model"
		some path in workloads.below(array.concat(at.path, ["spec", "containers"]), [])
	],
)
