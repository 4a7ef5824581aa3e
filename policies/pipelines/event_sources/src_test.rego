package lockgate.pipelines.event_sources_test

import data.lockgate.pipelines.event_sources as rule

source(spec) := {"apiVersion": "argoproj.io/v1alpha1", "kind": "EventSource", "metadata": {"name": "e"}, "spec": spec}

said(spec, parameters) := {[split(violation.msg, " at spec.")[0], array.slice(violation.details.path, 1, 9)] |
	some violation in rule.violation with input as {"review": {"object": source(spec)}, "parameters": parameters}
}

anybody := "webhook takes events from anybody"

secret := {"name": "s", "key": "k"}

test_webhooks if {
	said({"webhook": {"a": {"port": "1", "authSecret": secret}}}, {}) == set()
	said({"webhook": {"a": {"port": "1"}}}, {}) == {[anybody, ["webhook", "a", "authSecret"]]}
	every odd in [null, {}, "secret", {"name": ""}, {"name": 7}] {
		said({"webhook": {"a": {"authSecret": odd}}}, {}) == {[anybody, ["webhook", "a", "authSecret"]]}
	}
}

# Kind, the field by which it checks, and what it may say there.
kinds := [
	["github", "webhookSecret", secret],
	["bitbucketserver", "webhookSecret", secret],
	["gitlab", "secretToken", secret],
	["slack", "signingSecret", secret],
	["sns", "validateSignature", true],
]

test_kinds if {
	every row in kinds {
		[kind, field, value] := row
		said({kind: {"a": {"webhook": {"port": "1"}}}}, {}) == {[anybody, [kind, "a", field]]}
		said({kind: {"a": {"webhook": {"port": "1"}, field: value}}}, {}) == set()
		said({kind: {"a": {"webhook": {"authSecret": secret}}}}, {}) == set()
		said({kind: {"a": {"events": []}}}, {}) == set()
	}
	said({"bitbucket": {"a": {"webhook": {}}}}, {}) == {[anybody, ["bitbucket", "a", "authSecret"]]}
	said({"sns": {"a": {"webhook": {}, "validateSignature": false}}}, {}) == {[anybody, ["sns", "a", "validateSignature"]]}
	said({"kafka": {"a": {"url": "x"}}, "service": {"ports": []}, "odd": 7}, {}) == set()
}

test_tls if {
	hook := {"authSecret": secret}
	both := object.union(hook, {"serverCertSecret": secret, "serverKeySecret": secret})
	given := {"requireTLS": true}
	said({"webhook": {"a": both}}, given) == set()
	said({"webhook": {"a": hook}}, given) == {["webhook has no certificate", ["webhook", "a", "serverCertSecret"]]}
	said({"webhook": {"a": object.remove(both, ["serverKeySecret"])}}, given) == {["webhook has no certificate", ["webhook", "a", "serverCertSecret"]]}
	said({"github": {"a": {"webhook": hook}}}, given) == {["webhook has no certificate", ["github", "a", "webhook", "serverCertSecret"]]}
}

off := "certificates are not verified"

test_verification if {
	said({"kafka": {"a": {"tls": {"insecureSkipVerify": true}}}}, {}) == {[off, ["kafka", "a", "tls", "insecureSkipVerify"]]}
	said({"kafka": {"a": {"tls": {"insecureSkipVerify": false}}}}, {}) == set()
	said({"github": {"a": {"insecure": true}}}, {}) == {[off, ["github", "a", "insecure"]]}
	said({"minio": {"a": {"insecure": true}}}, {}) == set()
	said({"gitlab": {"a": {"enableSSLVerification": false}}}, {}) == {[off, ["gitlab", "a", "enableSSLVerification"]]}
	said({"gitlab": {"a": {"enableSSLVerification": true}}}, {}) == set()
}

test_updates if {
	judged := source({"webhook": {"a": {}}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(judged, {"status": {}}), "oldObject": judged}}
	count(rule.violation) == 0 with input as {"review": {"operation": "DELETE", "object": judged}}
}
