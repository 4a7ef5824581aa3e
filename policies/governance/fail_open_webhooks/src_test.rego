package lockgate.governance.fail_open_webhooks_test

import data.lockgate.governance.fail_open_webhooks as rule

found(judged, parameters) := {concat(".", [sprintf("%v", [one]) | some one in violation.details.path]) |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

configuration(name, webhook) := {
	"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": name},
	"webhooks": [object.union({"name": "validation.example.com", "rules": [], "clientConfig": {"service": {"name": "s"}}}, webhook)],
}

gatekeeper(webhook) := configuration("gatekeeper-validating-webhook-configuration", webhook)

policy := "webhooks.0.failurePolicy"

test_failure_policies if {
	found(gatekeeper({"failurePolicy": "Ignore"}), {}) == {policy}
	found(gatekeeper({"failurePolicy": "Fail"}), {}) == set()
	found(gatekeeper({}), {}) == set()
	found(gatekeeper({"failurePolicy": "${POLICY}"}), {}) == set()
	found(gatekeeper({"failurePolicy": 7}), {}) == {policy}
	found(object.union(gatekeeper({}), {"apiVersion": "admissionregistration.k8s.io/v1beta1"}), {}) == {policy}
}

test_guards if {
	found(configuration("ingress-nginx", {"failurePolicy": "Ignore"}), {}) == set()
	found(configuration("ingress-nginx", {"failurePolicy": "Ignore"}), {"guards": ["*"]}) == {policy}
	found(configuration("ours", {"name": "validate.KYVERNO.svc", "failurePolicy": "Ignore"}), {}) == {policy}
	found(configuration("ours", {"failurePolicy": "Ignore"}), {"guards": ["ours"]}) == {policy}
	found(gatekeeper({"failurePolicy": "Ignore"}), {"guards": []}) == set()
}

test_selectors if {
	opt_in := gatekeeper({"namespaceSelector": {"matchExpressions": [{"key": "policy.sigstore.dev/include", "operator": "In", "values": ["true"]}]}})
	found(opt_in, {}) == {"webhooks.0.namespaceSelector.matchExpressions.0"}
	found(opt_in, {"optIn": "allow"}) == set()
	found(gatekeeper({"objectSelector": {"matchLabels": {"checked": "true"}}}), {}) == {"webhooks.0.objectSelector.matchLabels.checked"}
	found(
		gatekeeper({"namespaceSelector": {"matchExpressions": [
			{"key": "admission.gatekeeper.sh/ignore", "operator": "DoesNotExist"},
			{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]},
		]}}),
		{},
	) == set()
	found(gatekeeper({"namespaceSelector": {}}), {}) == set()
	found(gatekeeper({"namespaceSelector": "odd"}), {}) == set()
}

admission(kind, spec) := {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": "p"}, "spec": spec}

test_policies_of_the_server if {
	found(admission("ValidatingAdmissionPolicy", {"failurePolicy": "Ignore"}), {}) == {"spec.failurePolicy"}
	found(admission("ValidatingAdmissionPolicy", {}), {}) == set()
	found(admission("ValidatingAdmissionPolicyBinding", {"validationActions": ["Warn", "Audit"]}), {}) == {"spec.validationActions"}
	found(admission("ValidatingAdmissionPolicyBinding", {"validationActions": "odd"}), {}) == {"spec.validationActions"}
	found(admission("ValidatingAdmissionPolicyBinding", {"validationActions": ["Deny", "Audit"]}), {}) == set()
}

test_parts if {
	found({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "gatekeeper"}, "webhooks": [{"name": "a"}, "odd"]}, {}) == set()
	found(admission("ValidatingAdmissionPolicy", null), {}) == set()
}

test_updates_that_change_nothing if {
	judged := gatekeeper({"failurePolicy": "Ignore"})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}}
}

observed(mode) := {
	"apiVersion": "admissionregistration.k8s.io/v1",
	"kind": "ValidatingWebhookConfiguration",
	"metadata": {"name": "lockgate", "annotations": {"lockgate.dev/mode": mode}},
	"webhooks": [{"name": "validation.lockgate.dev", "failurePolicy": "Ignore", "clientConfig": {"service": {"name": "lockgate", "namespace": "lockgate-system"}}, "rules": []}],
}

test_who_only_observes if {
	count(found(observed("observe"), {"observing": "allow"})) == 0
	count(found(observed("observe"), {})) == 1
	count(found(observed("observe"), {"observing": "refuse"})) == 1
	count(found(observed("enforce"), {"observing": "allow"})) == 1
}
