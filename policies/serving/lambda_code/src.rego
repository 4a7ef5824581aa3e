# METADATA
# title: Lambda functions run the code that was approved
# description: |
#   Functions that ACK makes of archives must say which: `code.s3ObjectVersion` or `code.sha256`, since another archive may lie under the same key tomorrow. With
#   `requireSigning` they must have a code signing configuration, and such a configuration must refuse what is not signed (`Enforce`, not
#   `Warn`). Their runtime must not be one that AWS has stopped mending (`unsupportedRuntimes`; those that ended by mid-2026 unless
#   given). An Alias must name a version, not `$LATEST`.
#
#   Placeholders are left for when they are filled in. An update that leaves the spec as it was is not judged.
#
#   Not covered: images (workloads/immutable_images reads `code.imageURI`; Lambda cannot check signatures of images), what layers hold, and
#   functions that are made elsewhere than by these manifests.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
#     description: Runtimes of Lambda and when they end
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-codesigning.html
#     description: Code signing for Lambda
# custom:
#   id: LG-S009
#   severity: high
#   external: false
#   systems: [aws-lambda, aws-ack]
#   controls:
#     - NIST SP 800-53 CM-14 (signed components)
#     - NIST SP 800-53 SI-7 (software integrity)
#     - NIST SP 800-53 SA-22 (unsupported system components)
package lockgate.serving.lambda_code

import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "archive of the function is not pinned", settings.shown(code.s3Key), why, fix) if {
	not updates.unchanged
	not review.parameters.requirePinned == false
	some function in functions
	code := function.value.spec.code
	is_object(code)
	object.get(code, "s3Key", null) != null
	not pinned(code)
	path := array.concat(function.path, ["spec", "code", "s3Key"])
	why := "another archive may lie under this key tomorrow, in a bucket that somebody else writes to"
	fix := "set code.s3ObjectVersion to the version that was approved, or code.sha256 to its digest"
}

violation contains report.violation(path, "code of the function need not be signed", "not set", why, fix) if {
	not updates.unchanged
	review.parameters.requireSigning == true
	some function in functions
	not in_image(function.value.spec)
	not signed(function.value.spec)
	path := array.concat(function.path, ["spec", "codeSigningConfigARN"])
	why := "Lambda runs any archive that the bucket holds"
	fix := "set codeSigningConfigARN or codeSigningConfigRef"
}

violation contains report.violation(path, "code signing refuses nothing", settings.shown(value), why, fix) if {
	not updates.unchanged
	some at in workloads.objects
	at.name == "lambda.services.k8s.aws/CodeSigningConfig"
	path := array.concat(at.path, ["spec", "codeSigningPolicies", "untrustedArtifactOnDeployment"])
	value := workloads.value_at(path)
	value != "Enforce"
	not settings.unknown(value)
	why := "an archive without a trusted signature is deployed, with a line in a log"
	fix := "set codeSigningPolicies.untrustedArtifactOnDeployment: Enforce"
}

violation contains report.violation(path, "runtime is not mended any more", settings.shown(value), why, fix) if {
	not updates.unchanged
	some function in functions
	value := function.value.spec.runtime
	is_string(value)
	lower(value) in unsupported
	path := array.concat(function.path, ["spec", "runtime"])
	why := "AWS mends no holes in it, and stops to take updates of functions that use it"
	fix := "set runtime to a version of the language that AWS supports"
}

violation contains report.violation(path, "alias follows whatever is newest", "$LATEST", why, fix) if {
	not updates.unchanged
	some at in workloads.objects
	at.name == "lambda.services.k8s.aws/Alias"
	path := array.concat(at.path, ["spec", "functionVersion"])
	workloads.value_at(path) == "$LATEST"
	why := "callers get each change at once, and there is nothing to go back to"
	fix := "publish a version, and set functionVersion to its number"
}

functions := [at |
	some at in workloads.objects
	at.name == "lambda.services.k8s.aws/Function"
]

pinned(code) if settings.text(code.s3ObjectVersion)

pinned(code) if settings.text(code.sha256)

in_image(spec) if settings.text(spec.code.imageURI)

in_image(spec) if spec.packageType == "Image"

signed(spec) if settings.text(spec.codeSigningConfigARN)

signed(spec) if settings.text(spec.codeSigningConfigRef.from.name)

unsupported := {lower(name) | some name in object.get(review.parameters, "unsupportedRuntimes", ended)}

ended := [
	"dotnet5.0", "dotnet6", "dotnet7", "dotnetcore1.0", "dotnetcore2.0",
	"dotnetcore2.1", "dotnetcore3.1", "go1.x", "java8", "nodejs",
	"nodejs10.x", "nodejs12.x", "nodejs14.x", "nodejs16.x", "nodejs18.x",
	"nodejs20.x", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10",
	"provided", "python2.7", "python3.6", "python3.7", "python3.8",
	"python3.9", "ruby2.5", "ruby2.7", "ruby3.2",
]
