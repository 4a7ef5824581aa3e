# METADATA
# title: Gates do not pass over namespaces
# description: |
#   Gatekeeper judges nothing in a namespace that has the label `admission.gatekeeper.sh/ignore`, whatever its value, and a Config of Gatekeeper that leaves out every
#   namespace (`*`) turns it off. Refused are that label on a Namespace which is not in `allowedNamespaces` (`gatekeeper-system`, `kube-system` and
#   `lockgate-system` unless given), and an entry of a Config that names all namespaces for all or for webhook.
#
#   An update that leaves the label as it was is not judged.
#
#   Not covered: who may set labels (claims/guarded_namespaces), names in a Config one by one, and namespaces that a webhook's own selector leaves out
#   (governance/fail_open_webhooks).
# related_resources:
#   - ref: https://open-policy-agent.github.io/gatekeeper/website/docs/exempt-namespaces/
#     description: Exempt namespaces in Gatekeeper
# custom:
#   id: LG-V009
#   severity: high
#   external: false
#   systems: [gatekeeper]
#   controls:
#     - NIST SP 800-53 CM-5 (access restrictions for change)
#     - NIST SP 800-53 SC-24 (fail in a known state)
package lockgate.governance.ignored_namespaces

import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "namespace is passed over by Gatekeeper", label, why, fix) if {
	some at in workloads.objects
	at.name == "/Namespace"
	not at.value.metadata.name in allowed
	path := array.concat(at.path, ["metadata", "labels", label])
	value := at.value.metadata.labels[label]
	value != null
	value != object.get(review.former, path, null)
	why := "nothing in it is judged"
	fix := "remove the label, and exempt what needs it by name"
}

violation contains report.violation(path, "Gatekeeper is told to pass over every namespace", "*", why, fix) if {
	not updates.unchanged
	some at in workloads.objects
	at.name == "config.gatekeeper.sh/Config"
	some i, entry in at.value.spec.match
	some k, name in entry.excludedNamespaces
	name == "*"
	some process in object.get(entry, "processes", ["*"])
	process in {"*", "webhook"}
	path := array.concat(at.path, ["spec", "match", i, "excludedNamespaces", k])
	why := "nothing is judged anywhere"
	fix := "name the namespaces of the system one by one"
}

label := "admission.gatekeeper.sh/ignore"

allowed := {name | some name in object.get(review.parameters, "allowedNamespaces", ["gatekeeper-system", "kube-system", "lockgate-system"])}
