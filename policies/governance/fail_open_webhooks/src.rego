# METADATA
# title: Guards of admission do not fail open
# description: |
#   A webhook that guards admission with `failurePolicy: Ignore` guards nothing while it is down, slow or overloaded, and who wants something in need only wait for
#   that, or cause it. The same is true of a guard that a team can step out of: one that judges only what has a label.
#
#   Judged are webhooks of guards: those whose name, or the name of whose configuration, holds one of `guards` (Gatekeeper, Lockgate, Kyverno, sigstore's policy-controller,
#   Ratify, Kubewarden and jsPolicy when left out; `*` is all), and ValidatingAdmissionPolicies with their bindings. Refused are `failurePolicy: Ignore`, a `namespaceSelector` or
#   `objectSelector` that asks for a label (`matchLabels`, `In`, `Exists`), and bindings whose `validationActions` have no `Deny`. Selectors that leave out named
#   namespaces, or what has a label, are accepted: the label is for another rule (`claims/guarded_namespaces`). With `optIn: allow` selectors are not judged. With `observing: allow` a configuration that Lockgate
#   installs to observe (the annotation `lockgate.dev/mode: observe`) may fail open, since nothing is to be denied there yet.
#
#   Not covered: `matchConditions`, `rules` that leave kinds out, how many replicas a guard has, and webhooks that serve a function rather than guard.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/cluster-administration/admission-webhooks-good-practices/
#     description: Good practices for admission webhooks
#   - ref: https://open-policy-agent.github.io/gatekeeper/website/docs/failing-closed/
#     description: Failing closed with Gatekeeper
# custom:
#   id: LG-V005
#   severity: high
#   external: false
#   systems: [gatekeeper, kubernetes]
#   controls:
#     - NIST SP 800-53 SC-24 (fail in a known state)
package lockgate.governance.fail_open_webhooks

import data.lib.lockgate.gitops
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates

violation contains report.violation(guard.path, "guard fails open", settings.shown(guard.policy), why, fix) if {
	not updates.unchanged
	some guard in array.concat(webhooks, policies)
	not guard.policy in {"Fail", null}
	not settings.unknown(guard.policy)
	why := "while it is down everything is let in"
	fix := "set failurePolicy to Fail, and run at least two replicas"
}

violation contains report.violation(path, "guard judges only what asks for it", key, why, fix) if {
	not updates.unchanged
	object.get(review.parameters, "optIn", "refuse") != "allow"
	some webhook in webhooks
	some name in ["namespaceSelector", "objectSelector"]
	some [inner, key] in demanded(object.get(webhook.value, name, {}))
	path := array.concat(webhook.at, array.concat([name], inner))
	why := "who leaves the label out is not judged"
	fix := "match everything, and leave out the namespaces of the system by name (NotIn)"
}

violation contains report.violation(path, "policy is bound without denying", "no Deny", why, fix) if {
	not updates.unchanged
	some at in gitops.named("admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding")
	is_object(at.value.spec)
	not denies(at.value.spec)
	path := gitops.below(at, ["spec", "validationActions"])
	why := "what it finds is told and let in"
	fix := "set validationActions to [Deny], or to [Deny, Audit]"
}

denies(spec) if "Deny" in spec.validationActions

# Fail is the default in v1, and Ignore was in v1beta1.
webhooks := [{"path": array.concat(at, ["failurePolicy"]), "at": at, "value": webhook, "policy": object.get(webhook, "failurePolicy", left_out(configuration.value))} |
	some configuration in gitops.named("admissionregistration.k8s.io/ValidatingWebhookConfiguration")
	some i, webhook in configuration.value.webhooks
	is_object(webhook)
	not is_part(webhook)
	not observing(configuration.value)
	guards(gitops.field(configuration.value, ["metadata", "name"]), gitops.field(webhook, ["name"]))
	at := gitops.below(configuration, ["webhooks", i])
]

# Nothing is denied there yet, by its absence either.
observing(configuration) if {
	review.parameters.observing == "allow"
	configuration.metadata.annotations["lockgate.dev/mode"] == "observe"
}

left_out(configuration) := "Ignore" if {
	configuration.apiVersion == "admissionregistration.k8s.io/v1beta1"
} else := "Fail"

# A patch that adds a certificate to a webhook names it and says no more.
is_part(webhook) if {
	not webhook.clientConfig.service
	not webhook.clientConfig.url
	not webhook.rules
	not webhook.failurePolicy
}

policies := [{"path": gitops.below(at, ["spec", "failurePolicy"]), "policy": object.get(at.value.spec, "failurePolicy", "Fail")} |
	some at in gitops.named("admissionregistration.k8s.io/ValidatingAdmissionPolicy")
	is_object(at.value.spec)
]

guards(configuration, webhook) if {
	some word in object.get(review.parameters, "guards", ["gatekeeper", "jspolicy", "kubewarden", "kyverno", "lockgate", "policy.sigstore.dev", "ratify"])
	holds(word, [lower(configuration), lower(webhook)])
}

holds("*", _)

holds(word, names) if {
	some name in names
	contains(name, lower(word))
}

# What a selector demands, as `[path in it, key]`.
demanded(selector) := array.concat(
	[[["matchLabels", key], key] | some key, _ in selector.matchLabels],
	[[["matchExpressions", i], gitops.field(expression, ["key"])] |
		some i, expression in selector.matchExpressions
		expression.operator in {"In", "Exists"}
	],
)
