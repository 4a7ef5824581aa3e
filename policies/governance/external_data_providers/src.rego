# METADATA
# title: Providers of external data are asked over TLS
# description: |
#   What a Provider answers decides what Gatekeeper lets in: who signed an image, what a scan found. One that is asked over plain HTTP, or whose
#   certificate nobody compares with an authority of your own, can be anybody's, and says of everything that it is fine.
#
#   A Provider's `url` must begin with `https://`, and `caBundle` must hold a certificate (PEM, in base64). A `url` without a host, and one that names a user, is
#   refused. `exemptHosts` names hosts whose certificate comes from an authority that Gatekeeper's own image trusts; they need no `caBundle`.
#
#   A placeholder (`${CA_BUNDLE}`) and an empty `caBundle` of a Provider that cert-manager fills in (annotation `cert-manager.io/inject-ca-from`) are not judged.
#
#   Not covered: Gatekeeper's own certificate, by which the provider knows who asks, what the provider answers when it fails, and how long answers are kept.
# related_resources:
#   - ref: https://open-policy-agent.github.io/gatekeeper/website/docs/externaldata/
#     description: External data in Gatekeeper
# custom:
#   id: LG-V001
#   severity: critical
#   external: false
#   systems: [gatekeeper]
#   controls:
#     - NIST SP 800-53 SC-8 (transmission confidentiality and integrity)
#     - NIST SP 800-53 SC-23 (session authenticity)
package lockgate.governance.external_data_providers

import data.lib.lockgate.gitops
import data.lib.lockgate.hosts
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates

violation contains report.violation(path, "provider is not asked over TLS", settings.shown(url), why, fix) if {
	not updates.unchanged
	some at in providers
	url := object.get(at.value.spec, "url", null)
	not settings.unknown(url)
	not safe(url)
	path := gitops.below(at, ["spec", "url"])
	why := "whoever stands between answers for it, and decides what is let in"
	fix := "set url to https://host:port/path, without a user"
}

violation contains report.violation(path, "provider may be anybody's", "no certificate", why, fix) if {
	not updates.unchanged
	some at in providers
	bundle := object.get(at.value.spec, "caBundle", null)
	not settings.unknown(bundle)
	not certificate(bundle)
	not injected(at, bundle)
	not hosts.listed(host_of(at), object.get(review.parameters, "exemptHosts", []))
	path := gitops.below(at, ["spec", "caBundle"])
	why := "Gatekeeper cannot tell the provider from who takes its place"
	fix := "set caBundle to the certificate of the authority that signs the provider's, in base64"
}

providers := [at |
	some at in gitops.named("externaldata.gatekeeper.sh/Provider")
	is_object(at.value.spec)
]

safe(url) if {
	found := hosts.parse(url)
	found.scheme == "https"
	found.user == ""
}

host_of(at) := host if {
	host := hosts.parse(at.value.spec.url).host
} else := ""

certificate(bundle) if {
	is_string(bundle)
	base64.is_valid(bundle)
	contains(base64.decode(bundle), "-----BEGIN CERTIFICATE-----")
}

injected(at, bundle) if {
	bundle in {"", null}
	settings.text(at.value.metadata.annotations["cert-manager.io/inject-ca-from"])
}
