package lockgate.serving.inference_logging_test

import data.lockgate.serving.inference_logging as rule

service(annotations, predictor) := {
	"apiVersion": "serving.kserve.io/v1beta1",
	"kind": "InferenceService",
	"metadata": {"name": "s", "annotations": annotations},
	"spec": {"predictor": predictor},
}

said(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

scraping := {"serving.kserve.io/enable-prometheus-scraping": "true"}

logger := {"logger": {"mode": "all", "url": "http://sink.ml.svc.cluster.local/"}}

test_either if {
	said(service({}, logger), {}) == set()
	said(service(scraping, {"model": {}}), {}) == set()
	said(service({}, {"logger": {"url": "http://x"}}), {}) == set()
	said(service({}, {"logger": {"mode": "${MODE}"}}), {}) == set()
	said(service({"serving.kserve.io/enable-prometheus-scraping": "{{ .Values.scrape }}"}, {}), {}) == set()
	said({"apiVersion": "v1", "kind": "InferenceService", "spec": {"predictor": {}}}, {}) == set()
	every predictor in [{}, {"logger": null}, {"logger": "x"}, {"logger": {"mode": "request"}}, {"logger": {"mode": 7}}] {
		found := said(service({"serving.kserve.io/enable-prometheus-scraping": "false"}, predictor), {})
		count(found) == 1
		some message in found
		startswith(message, "predictor cannot be watched at spec.predictor.logger (")
	}
	count(said(service(null, {}), {})) == 1
}

test_both if {
	said(service(scraping, logger), {"require": "both"}) == set()
	some message in said(service(scraping, {}), {"require": "both"})
	startswith(message, "requests of the predictor are not kept at spec.predictor.logger (not set)")
	some other in said(service({}, logger), {"require": "both"})
	startswith(other, "measurements of the predictor are not scraped at metadata.annotations[")
	said(service({}, logger), {"require": "logger"}) == set()
	said(service(scraping, {}), {"require": "metrics"}) == set()
	count(said(service({}, {}), {"require": "both"})) == 2
}

sending(url) := service({}, {"logger": {"mode": "all", "url": url}})

test_sinks if {
	parameters := {"allowedSinks": ["drift.example.com", ".svc.cluster.local"]}
	every url in [
		"http://drift.example.com/",
		"https://DRIFT.example.com:8443/in?x=1",
		"http://broker.knative-eventing.svc.cluster.local",
		"${SINK}",
	] {
		said(sending(url), parameters) == set()
	}
	every url in [
		"http://drift.example.com.evil.example/",
		"http://evil.example/#drift.example.com",
		"http://drift.example.com@evil.example/",
		"http://evil.example/@drift.example.com",
		"http://evil.example\\.drift.example.com/",
		"http://notsvc.cluster.local/",
		"ftp://drift.example.com/",
		"",
		null,
		7,
	] {
		found := said(sending(url), parameters)
		count(found) == 1
		some message in found
		startswith(message, "requests are sent to a place that is not allowed at spec.predictor.logger.url (")
	}
	count(said(service({}, {"logger": {}}), parameters)) == 1
	transformer := {"spec": {"transformer": {"logger": {"url": "http://evil.example"}}}}
	count(said(object.union(sending("http://drift.example.com"), transformer), parameters)) == 1
}

test_updates if {
	old := service({}, {})
	marked := object.union(old, {"status": {"ready": true}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": marked, "oldObject": old}}
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": old, "oldObject": service(scraping, {})}}
}
