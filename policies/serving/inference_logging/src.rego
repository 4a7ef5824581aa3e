# METADATA
# title: InferenceServices can be watched
# description: |
#   Drift and failures are seen only where requests or measurements of a model are kept. The predictor of an InferenceService must have a `logger`, which sends
#   requests and answers on, or the annotation `serving.kserve.io/enable-prometheus-scraping: "true"`, by which its measurements are scraped;
#   `require` asks for `logger`, for `metrics` or for `both` (`either` unless given). A logger must send both requests and answers (`mode: all`, the default)
#   where one is required.
#
#   Requests hold people's data. With `allowedSinks` a logger may send to these hosts only, compared whole, or below a name that begins
#   with a dot (`.svc.cluster.local`), and one without `url` is refused, since a setting of the cluster decides where it sends.
#
#   Placeholders are left for when they are filled in. An update that leaves spec and annotations as they were is not judged.
#
#   Not covered: whether something reads what is sent, ServiceMonitors and PodMonitors beside the object, and LLMInferenceServices, which log by other means.
# related_resources:
#   - ref: https://kserve.github.io/website/docs/model-serving/predictive-inference/logger/basic-logger
#     description: KServe's logger
# custom:
#   id: LG-S012
#   severity: medium
#   external: false
#   systems: [kserve]
#   controls:
#     - NIST SP 800-53 AU-12 (audit record generation)
#     - NIST SP 800-53 SI-4 (system monitoring)
package lockgate.serving.inference_logging

import data.lib.lockgate.kserve
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "predictor cannot be watched", "neither logger nor metrics", why, fix) if {
	not updates.unchanged_annotated
	required == "either"
	some predictor in predictors
	not logged(predictor)
	not scraped(predictor)
	path := array.concat(predictor.path, ["logger"])
	why := "nobody sees when its data or its answers drift"
	fix := sprintf("set logger with a url, or the annotation %s: \"true\"", [annotation])
}

violation contains report.violation(path, "requests of the predictor are not kept", settings.shown(value), why, fix) if {
	not updates.unchanged_annotated
	required in {"logger", "both"}
	some predictor in predictors
	not logged(predictor)
	path := array.concat(predictor.path, ["logger"])
	value := workloads.value_at(path)
	why := "drift is seen in questions and answers together"
	fix := "set logger with mode: all and the url of a sink"
}

violation contains report.violation(path, "measurements of the predictor are not scraped", settings.shown(value), why, fix) if {
	not updates.unchanged_annotated
	required in {"metrics", "both"}
	some predictor in predictors
	not scraped(predictor)
	path := array.concat(predictor.service.path, ["metadata", "annotations", annotation])
	value := workloads.value_at(path)
	why := "nobody sees its errors and how long it takes"
	fix := sprintf("add the annotation %s: \"true\"", [annotation])
}

violation contains report.violation(path, "requests are sent to a place that is not allowed", settings.shown(value), why, fix) if {
	not updates.unchanged_annotated
	count(sinks) > 0
	some component in kserve.components
	is_object(component.value.logger)
	path := array.concat(component.path, ["logger", "url"])
	value := object.get(component.value.logger, "url", null)
	not settings.unknown(value)
	not sent_inside(value)
	why := sprintf("they hold people's data; allowed are: %s", [report.names(sinks)])
	fix := "set logger.url to a sink that is allowed"
}

annotation := "serving.kserve.io/enable-prometheus-scraping"

required := object.get(review.parameters, "require", "either")

predictors := [component |
	some component in kserve.components
	component.name == "predictor"
]

logged(predictor) if {
	logger := predictor.value.logger
	is_object(logger)
	object.get(logger, "mode", "all") in {"all", null}
}

logged(predictor) if settings.unknown(predictor.value.logger.mode)

scraped(predictor) if predictor.service.value.metadata.annotations[annotation] == "true"

scraped(predictor) if settings.unknown(predictor.service.value.metadata.annotations[annotation])

sinks := {lower(host) | some host in object.get(review.parameters, "allowedSinks", [])}

# The host of a URL without anything that reads as one and is none.
host_of(url) := lower(found[0][1]) if {
	is_string(url)
	found := regex.find_all_string_submatch_n(`^https?://([A-Za-z0-9.-]+)(?::[0-9]{1,5})?(?:/[^\s\\@]*)?$`, url, 1)
	count(found) == 1
}

sent_inside(url) if host_of(url) in sinks

sent_inside(url) if {
	some domain in sinks
	startswith(domain, ".")
	endswith(host_of(url), domain)
}
