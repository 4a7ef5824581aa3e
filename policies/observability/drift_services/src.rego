# METADATA
# title: Services of Evidently ask who writes to them
# description: |
#   Whoever may write to Evidently's service decides what its dashboards say of drift, and what an approver sees. Refused are containers that start it for other addresses than their own
#   (`evidently ui` or `evidently legacy_ui` with `--host`, and the image `evidently-service`) without a secret (`--secret`, or the variable `EVIDENTLY_SECRET`), collectors of it (`evidently collector`) likewise, and variables `EVIDENTLY_…URL` by which reports, and the secret with them, leave the
#   cluster over plain HTTP.
#
#   A command in a shell is read as far as its words go; placeholders and `valueFrom` are accepted. An update that changes nothing but metadata and status is not judged.
#
#   Not covered: a configuration file, who may read (Evidently asks nobody), and what stands in front of the service.
# related_resources:
#   - ref: https://docs.evidentlyai.com/docs/setup/self-hosting
#     description: Evidently on servers of one's own
# custom:
#   id: LG-O014
#   severity: high
#   external: false
#   systems: [evidently]
#   controls:
#     - NIST SP 800-53 AC-3 (access enforcement)
#     - NIST SP 800-53 SI-7 (integrity of information)
package lockgate.observability.drift_services

import data.lib.lockgate.hosts
import data.lib.lockgate.report
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(container.path, "anybody may write to Evidently", "no secret", why, fix) if {
	not updates.unchanged
	some container in workloads.containers
	serves(container.value)
	not has_secret(container.value)
	why := "whoever reaches it decides what dashboards say of drift"
	fix := "set EVIDENTLY_SECRET from a Secret (valueFrom.secretKeyRef)"
}

violation contains report.violation(array.concat(container.path, ["env", i, "value"]), "reports of drift leave the cluster over plain HTTP", variable.name, why, fix) if {
	not updates.unchanged
	some container in workloads.containers
	some i, variable in container.value.env
	is_string(variable.name)
	regex.match(`^EVIDENTLY_([A-Z]+_)*(URL|ADDRESS|HOST)$`, variable.name)
	hosts.plain(variable.value)
	why := "the secret of the service is read on the way"
	fix := "use the https URL"
}

# It listens to its own pod unless told.
serves(container) if {
	text := concat(" ", words(container))
	regex.match(`(^|[\s/"';&|])evidently\s+(legacy_ui|ui|collector)\b`, text)
	open(text)
}

serves(container) if {
	regex.match(`(^|/)evidently-service(:|@|$)`, container.image)
	count(words(container)) == 0
}

open(text) if {
	found := regex.find_all_string_submatch_n(`--host(\s+|=)["']?([^\s"']+)`, text, 1)
	not found[0][2] in {"127.0.0.1", "::1", "localhost"}
}

# The collector listens to every address unless told.
open(text) if {
	regex.match(`evidently\s+collector\b`, text)
	not contains(text, "--host")
}

words(container) := [word |
	some field in ["command", "args"]
	some word in object.get(container, field, [])
	is_string(word)
]

has_secret(container) if {
	some variable in container.env
	variable.name == "EVIDENTLY_SECRET"
	given(variable)
}

has_secret(container) if regex.match(`--secret(\s+|=)\S`, concat(" ", words(container)))

has_secret(container) if {
	some source in container.envFrom
	is_object(source.secretRef)
}

given(variable) if is_object(variable.valueFrom)

given(variable) if settings.text(variable.value)
