package lockgate.governance.external_data_providers_test

import data.lockgate.governance.external_data_providers as rule

authority := base64.encode("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n")

provider(spec) := {"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "Provider", "metadata": {"name": "p"}, "spec": spec}

found(judged, parameters) := {concat(".", violation.details.path) |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

test_good_providers if {
	found(provider({"url": "https://lockgate.lockgate.svc:8443/models", "caBundle": authority, "timeout": 3}), {}) == set()
	found(provider({"url": "HTTPS://p.example.com", "caBundle": authority}), {}) == set()
	found(provider({"url": "https://p.example.com", "caBundle": "${CA_BUNDLE}"}), {}) == set()
	found(provider({"url": "${URL}", "caBundle": authority}), {}) == set()
}

test_urls if {
	every url in ["http://lockgate.lockgate.svc/models", "lockgate:8443", "", null, 7, "https://", "https://user:pw@p.example.com", "ftp://p.example.com"] {
		found(provider({"url": url, "caBundle": authority}), {}) == {"spec.url"}
	}
	found(provider({"caBundle": authority}), {}) == {"spec.url"}
}

test_certificates if {
	every bundle in ["", null, 7, "not base64!", base64.encode("text"), {}] {
		found(provider({"url": "https://p.example.com", "caBundle": bundle}), {}) == {"spec.caBundle"}
	}
	found(provider({"url": "https://p.example.com"}), {}) == {"spec.caBundle"}
	found(provider({}), {}) == {"spec.url", "spec.caBundle"}
}

test_what_cert_manager_fills_in if {
	found(injected(""), {}) == set()
	found(injected("xx"), {}) == {"spec.caBundle"}
}

injected(bundle) := object.union(provider({"url": "https://p.example.com", "caBundle": bundle}), {"metadata": {"annotations": {"cert-manager.io/inject-ca-from": "a/b"}}})

test_exempt_hosts if {
	found(provider({"url": "https://p.example.com"}), {"exemptHosts": ["*.example.com"]}) == set()
	found(provider({"url": "https://p.example.org"}), {"exemptHosts": ["*.example.com"]}) == {"spec.caBundle"}
}

test_others if {
	found({"apiVersion": "notification.toolkit.fluxcd.io/v1", "kind": "Provider", "metadata": {"name": "p"}, "spec": {}}, {}) == set()
	found(provider(null), {}) == set()
	judged := provider({})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}}
}
