# METADATA
# title: Events come from whom they say
# description: |
#   What a sensor starts, it starts for everybody who can send the event. A webhook of an EventSource must check its sender: by `authSecret` (a bearer token), or by what its kind has:
#   `webhookSecret` of GitHub and Bitbucket Server, `secretToken` of GitLab, `signingSecret` of Slack, `validateSignature: true` of SNS. Verification of certificates may
#   not be off (`insecureSkipVerify`, GitHub's `insecure`, GitLab's `enableSSLVerification: false`). With `requireTLS` a webhook must have
#   a certificate of its own (`serverCertSecret`, `serverKeySecret`); without, it may lie behind a gateway that has one.
#
#   An update that changes nothing but metadata and status is not judged.
#
#   Not covered: who may write into a queue or a bucket that an EventSource reads, and network policies that keep others from the webhook.
# related_resources:
#   - ref: https://argoproj.github.io/argo-events/eventsources/setup/webhook/
#     description: Webhooks of Argo Events
#   - ref: https://argoproj.github.io/argo-events/eventsources/webhook-authentication/
#     description: How webhooks check their sender
# custom:
#   id: LG-P009
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 IA-9 (service identification and authentication)
#     - NIST SP 800-53 SC-8 (transmission confidentiality and integrity)
#   systems: [argo-events]
package lockgate.pipelines.event_sources

import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "webhook takes events from anybody", shown, why, fix) if {
	not updates.unchanged
	some hook in hooks
	not checked(hook)
	field := object.get(checks, hook.kind, "authSecret")
	path := array.concat(hook.path, [field])
	shown := sprintf("%s is not set", [field])
	why := "whoever reaches it starts what its sensors start"
	fix := fixes[field]
}

violation contains report.violation(path, "webhook has no certificate", "serverCertSecret is not set", why, fix) if {
	not updates.unchanged
	review.parameters.requireTLS == true
	some hook in hooks
	count([field | some field in ["serverCertSecret", "serverKeySecret"]; names_secret(object.get(hook.context, field, null))]) < 2
	path := array.concat(hook.at, ["serverCertSecret"])
	why := "tokens and events are sent where others read them"
	fix := "set serverCertSecret and serverKeySecret"
}

violation contains report.violation(path, "certificates are not verified", shown, why, fix) if {
	not updates.unchanged
	some [path, value] in unverified
	shown := sprintf("%v", [value])
	why := "events may come from, and tokens go to, whoever stands between"
	fix := "leave verification on, and give the certificate of the authority (tls.caCertSecret)"
}

# What each kind of source checks its sender by.
checks := {
	"bitbucketserver": "webhookSecret",
	"github": "webhookSecret",
	"gitlab": "secretToken",
	"slack": "signingSecret",
	"sns": "validateSignature",
}

fixes := {
	"authSecret": "set authSecret to a key of a Secret with a token that senders give",
	"secretToken": "set secretToken to a key of a Secret, and the same token in GitLab",
	"signingSecret": "set signingSecret to a key of a Secret with Slack's signing secret",
	"validateSignature": "set validateSignature to true",
	"webhookSecret": "set webhookSecret to a key of a Secret, and the same secret where the webhook is registered",
}

sources := [{"kind": kind, "path": path, "value": value} |
	some at in workloads.objects
	at.name == "argoproj.io/EventSource"
	some kind, named in at.value.spec
	is_object(named)
	some name, value in named
	is_object(value)
	path := array.concat(at.path, ["spec", kind, name])
]

# A webhook is the source itself, or has a place in it.
hooks := array.concat(
	[{"kind": source.kind, "path": source.path, "at": source.path, "value": source.value, "context": source.value} |
		some source in sources
		source.kind == "webhook"
	],
	[{"kind": source.kind, "path": source.path, "at": array.concat(source.path, ["webhook"]), "value": source.value, "context": context} |
		some source in sources
		source.kind != "webhook"
		context := source.value.webhook
		is_object(context)
	],
)

checked(hook) if names_secret(hook.context.authSecret)

checked(hook) if names_secret(hook.value[checks[hook.kind]])

checked(hook) if {
	hook.kind == "sns"
	hook.value.validateSignature == true
}

names_secret(value) if {
	is_string(value.name)
	value.name != ""
}

unverified contains [path, value] if {
	some source in sources
	walk(source.value, [inner, value])
	inner[count(inner) - 1] == "insecureSkipVerify"
	not value in {null, false}
	path := array.concat(source.path, inner)
}

unverified contains [array.concat(source.path, ["insecure"]), source.value.insecure] if {
	some source in sources
	source.kind == "github"
	not object.get(source.value, "insecure", false) in {null, false}
}

unverified contains [array.concat(source.path, ["enableSSLVerification"]), false] if {
	some source in sources
	source.kind == "gitlab"
	source.value.enableSSLVerification == false
}
