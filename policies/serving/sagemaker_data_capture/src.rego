# METADATA
# title: SageMaker keeps what endpoints are asked and answer
# description: |
#   Drift is seen only in what an endpoint was asked: an EndpointConfig must have `dataCaptureConfig` with `enableCapture: true`, both `Input` and
#   `Output` (or `InputAndOutput`) among `captureOptions`, and an `initialSamplingPercentage` of at least `minimumPercentage` (1 unless given). With
#   `requireEncryption` what is captured must be encrypted by a key of yours (`kmsKeyID`).
#
#   An EndpointConfig with a serverless variant is left out, since SageMaker captures nothing there. Placeholders are left for
#   when they are filled in. An update that leaves the spec as it was is not judged.
#
#   Not covered: whether a MonitoringSchedule reads what is captured, and who may read it.
# related_resources:
#   - ref: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture.html
#     description: Data capture in SageMaker
# custom:
#   id: LG-S011
#   severity: medium
#   external: false
#   systems: [aws-ack, sagemaker]
#   controls:
#     - NIST SP 800-53 AU-12 (audit record generation)
#     - NIST SP 800-53 SI-4 (system monitoring)
package lockgate.serving.sagemaker_data_capture

import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "endpoint keeps nothing of what it is asked", settings.shown(value), why, fix) if {
	not updates.unchanged
	some config in configs
	path := array.concat(config, ["enableCapture"])
	value := workloads.value_at(path)
	not settings.on(value)
	why := "drift of its data, and of its answers, cannot be seen"
	fix := "set dataCaptureConfig.enableCapture: true, with destinationS3URI and captureOptions"
}

violation contains report.violation(path, "endpoint keeps only half of what it is asked", report.names(missing), why, fix) if {
	not updates.unchanged
	some config in configs
	settings.on(workloads.value_at(array.concat(config, ["enableCapture"])))
	path := array.concat(config, ["captureOptions"])
	modes := {option.captureMode | some option in workloads.value_at(path)}
	missing := {mode | some mode in ["Input", "Output"]; not captured(modes, mode)}
	count(missing) > 0
	why := "drift is seen in questions and answers together"
	fix := "give captureOptions captureMode: InputAndOutput"
}

violation contains report.violation(path, "endpoint keeps too small a share", settings.shown(value), why, fix) if {
	not updates.unchanged
	some config in configs
	settings.on(workloads.value_at(array.concat(config, ["enableCapture"])))
	path := array.concat(config, ["initialSamplingPercentage"])
	value := workloads.value_at(path)
	not enough(value)
	why := sprintf("less than %v of a hundred requests say little about drift", [minimum])
	fix := sprintf("set initialSamplingPercentage to %v or more", [minimum])
}

violation contains report.violation(path, "what an endpoint keeps is not encrypted by your key", settings.shown(value), why, fix) if {
	not updates.unchanged
	review.parameters.requireEncryption == true
	some config in configs
	settings.on(workloads.value_at(array.concat(config, ["enableCapture"])))
	path := array.concat(config, ["kmsKeyID"])
	value := workloads.value_at(path)
	not settings.text(value)
	why := "requests hold people's data, and who reads the bucket reads them"
	fix := "set dataCaptureConfig.kmsKeyID"
}

configs := [array.concat(at.path, ["spec", "dataCaptureConfig"]) |
	some at in workloads.objects
	at.name == "sagemaker.services.k8s.aws/EndpointConfig"
	not serverless(at.value.spec)
]

serverless(spec) if {
	some variant in spec.productionVariants
	is_object(variant.serverlessConfig)
}

captured(modes, mode) if modes[mode]

captured(modes, _) if modes.InputAndOutput

captured(modes, _) if {
	some mode in modes
	settings.unknown(mode)
}

enough(value) if {
	is_number(value)
	value >= minimum
}

enough(value) if settings.unknown(value)

minimum := object.get(review.parameters, "minimumPercentage", 1)
