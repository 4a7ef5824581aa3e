# METADATA
# title: Repositories of images keep their tags and are scanned
# description: |
#   In a repository whose tags can be moved whoever may push replaces what was tested, under the same name, and what is not scanned is pulled with the holes that everybody knows. Judged are
#   repositories of ECR as ACK makes them (Repository and RepositoryCreationTemplate: `imageTagMutability`, `imageScanningConfiguration.scanOnPush`), and repositories of
#   Artifact Registry for Docker as Config Connector makes them (`dockerConfig.immutableTags`, `vulnerabilityScanningConfig.enablementConfig`); those that stand for another
#   registry (`mode: REMOTE_REPOSITORY`, `VIRTUAL_REPOSITORY`) have no tags of their own.
#
#   Both services move tags unless they are told not to, and ECR does not scan unless it is told to. `unsaid: allow` lets be what a manifest does not say, so that only what it turns off or opens is refused; the default
#   refuses that too. In `mutableTags` are tags that may be moved, as filters of ECR write them (`latest`, `dev-*`): a repository with exclusions is refused when it excludes more.
#   `scanning: elsewhere` is for those who scan by a registry's own setting (enhanced scanning) or beside it.
#
#   Placeholders are left for when they are filled in. An update that leaves the spec as it was is not judged.
#
#   Not covered: who may pull and push (`identity/public_grants`), registries' own settings, caches of other registries, Harbor and other registries, which have no kind of object that is theirs, and old images.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
#     description: Mutability of tags in ECR
#   - ref: https://cloud.google.com/config-connector/docs/reference/resource-docs/artifactregistry/artifactregistryrepository
#     description: Repositories of Artifact Registry in Config Connector
# custom:
#   id: LG-I001
#   severity: medium
#   external: false
#   systems: [image-registries, aws-ack, config-connector]
#   controls:
#     - NIST SP 800-190 4.2.2 (stale images in registries)
#     - NIST SP 800-53 RA-5 (vulnerability monitoring and scanning)
#     - NIST SP 800-53 SI-7 (software integrity)
package lockgate.images.repository_settings

import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "tags of the repository can be moved", settings.shown(value), why, fix) if {
	not updates.unchanged
	some at in amazon
	path := array.concat(at.path, ["spec", "imageTagMutability"])
	value := object.get(at.spec, "imageTagMutability", null)
	not judged_elsewhere(value)
	not value in {"IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"}
	why := "whoever may push replaces what was tested, under the same name"
	fix := "set imageTagMutability: IMMUTABLE"
}

# With the first the filters name what is still moved, with the second what is kept.
violation contains report.violation(path, "tags of the repository can be moved", settings.shown(value), why, fix) if {
	not updates.unchanged
	some at in amazon
	at.spec.imageTagMutability == "IMMUTABLE_WITH_EXCLUSION"
	some place in filters(at)
	path := place.path
	value := place.value
	not settings.unknown(value)
	not value in movable
	why := "whoever may push replaces what was tested, under the same name"
	fix := "remove the filter, or name it in mutableTags"
}

violation contains report.violation(path, "tags of the repository can be moved", value, why, fix) if {
	not updates.unchanged
	some at in amazon
	path := array.concat(at.path, ["spec", "imageTagMutability"])
	value := at.spec.imageTagMutability
	value == "MUTABLE_WITH_EXCLUSION"
	why := "only tags that the filters name are kept"
	fix := "set imageTagMutability: IMMUTABLE, or IMMUTABLE_WITH_EXCLUSION with the tags that may be moved"
}

violation contains report.violation(path, "images of the repository are not scanned", settings.shown(value), why, fix) if {
	not updates.unchanged
	object.get(review.parameters, "scanning", "here") != "elsewhere"
	some at in amazon
	at.name == "ecr.services.k8s.aws/Repository" # a template has no such field
	path := array.concat(at.path, ["spec", "imageScanningConfiguration", "scanOnPush"])
	value := object.get(at.spec, ["imageScanningConfiguration", "scanOnPush"], null)
	not settings.on(value)
	not judged_elsewhere(value)
	why := "images with known holes are pulled as any other"
	fix := "set scanOnPush: true"
}

violation contains report.violation(path, "tags of the repository can be moved", settings.shown(value), why, fix) if {
	not updates.unchanged
	some at in google
	path := array.concat(at.path, ["spec", "dockerConfig", "immutableTags"])
	value := object.get(at.spec, ["dockerConfig", "immutableTags"], null)
	not settings.on(value)
	not judged_elsewhere(value)
	why := "whoever may push replaces what was tested, under the same name"
	fix := "set immutableTags: true"
}

violation contains report.violation(path, "images of the repository are not scanned", settings.shown(value), why, fix) if {
	not updates.unchanged
	object.get(review.parameters, "scanning", "here") != "elsewhere"
	some at in google
	path := array.concat(at.path, ["spec", "vulnerabilityScanningConfig", "enablementConfig"])
	value := object.get(at.spec, ["vulnerabilityScanningConfig", "enablementConfig"], null)
	not value in {null, "", "INHERITED", "ENABLEMENT_CONFIG_UNSPECIFIED"}
	not settings.unknown(value)
	why := "images with known holes are pulled as any other"
	fix := "remove it, or set enablementConfig: INHERITED"
}

amazon := [{"path": at.path, "name": at.name, "spec": settings.fields(object.get(at.value, "spec", {}))} |
	some at in workloads.objects
	at.name in {"ecr.services.k8s.aws/Repository", "ecr.services.k8s.aws/RepositoryCreationTemplate"}
]

google := [{"path": at.path, "spec": spec} |
	some at in workloads.objects
	at.name == "artifactregistry.cnrm.cloud.google.com/ArtifactRegistryRepository"
	spec := settings.fields(object.get(at.value, "spec", {}))
	is_docker(object.get(spec, "format", ""))
	not object.get(spec, "mode", "") in {"REMOTE_REPOSITORY", "VIRTUAL_REPOSITORY"}
]

is_docker(format) if {
	is_string(format)
	upper(format) == "DOCKER"
}

judged_elsewhere(value) if settings.unknown(value)

judged_elsewhere(null) if object.get(review.parameters, "unsaid", "refuse") == "allow"

filters(at) := [{"path": path, "value": value} |
	some i, filter in at.spec.imageTagMutabilityExclusionFilters
	path := array.concat(at.path, ["spec", "imageTagMutabilityExclusionFilters", i])
	value := object.get(settings.fields(filter), "filter", filter)
]

movable := {tag | some tag in object.get(review.parameters, "mutableTags", [])}
