# METADATA
# title: Mutations leave alone what was approved
# description: |
#   A mutation of Gatekeeper changes objects after CI has judged them and before they run. One that writes an image, the URI of a model or a command runs something
#   that nobody reviewed, and does so for every object that it matches.
#
#   Refused are Assign and ModifySet whose `location` ends at, or leads through, an image, a reference of a model (`storageUri`, `uri`, `modelDataURL`), a
#   command, arguments or variables, and AssignImage. `domains: allow` accepts an AssignImage that only changes the registry (`assignDomain`), as a mirror does.
#   `fields` are further last parts of a location.
#
#   AssignMetadata adds labels and annotations that were not there, and is not judged.
#
#   Not covered: mutating webhooks of others, what a mutation changes elsewhere (a service account, a security context), and an Assign of a whole container.
# related_resources:
#   - ref: https://open-policy-agent.github.io/gatekeeper/website/docs/mutation/
#     description: Mutation in Gatekeeper
# custom:
#   id: LG-V004
#   severity: high
#   external: false
#   systems: [gatekeeper]
#   controls:
#     - NIST SP 800-53 SI-7 (software integrity)
#     - NIST SP 800-53 CM-3 (configuration change control)
package lockgate.governance.mutations

import data.lib.lockgate.gitops
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates

violation contains report.violation(path, "mutation changes what was approved", location, why, fix) if {
	not updates.unchanged
	some at in mutators({"Assign", "ModifySet"})
	location := object.get(at.value.spec, "location", "")
	changes(location)
	path := gitops.below(at, ["spec", "location"])
	why := "what runs is then not what CI judged"
	fix := "write the value in the manifest, and let a constraint demand it"
}

violation contains report.violation(path, "mutation changes what was approved", "AssignImage", why, fix) if {
	not updates.unchanged
	some at in mutators({"AssignImage"})
	not mirror(at.value.spec)
	path := gitops.below(at, ["spec", "parameters"])
	why := "the image that runs is then not the one that CI judged"
	fix := "write the image in the manifest, by its digest"
}

mutators(kinds) := [at |
	some kind in kinds
	some at in gitops.named(sprintf("mutations.gatekeeper.sh/%s", [kind]))
	is_object(at.value.spec)
]

mirror(spec) if {
	object.get(review.parameters, "domains", "refuse") == "allow"
	is_string(spec.parameters.assignDomain)
	not changes_more(spec.parameters)
}

changes_more(parameters) if {
	some name in ["assignPath", "assignTag"]
	not object.get(parameters, name, null) in {null, ""}
}

changes(location) if not is_string(location)

changes(location) if {
	is_string(location)
	some word in words(location)
	word in fields
}

# Without keys of lists (`[name: *]`) and quotes.
words(location) := [trim(word, "\"' ") | some word in split(regex.replace(location, `\[[^\]]*\]`, ""), ".")]

fields := {"args", "artifacts", "command", "env", "envFrom", "image", "imageURI", "modelDataURL", "reference", "storageUri", "storageUris", "uri"} | {name |
	some name in object.get(review.parameters, "fields", [])
}
