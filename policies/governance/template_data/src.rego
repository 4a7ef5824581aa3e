# METADATA
# title: Policies find the data that they read
# description: |
#   A policy that looks into `data.inventory` for kinds that nobody syncs finds nothing, and most such policies then let everything pass, or nothing. A
#   ConstraintTemplate must say what it reads in `metadata.gatekeeper.sh/requires-sync-data`, and each of these kinds must be synced by a SyncSet or by
#   Gatekeeper's Config.
#
#   The SyncSets and Configs are looked up in the inventory: in CI, among all manifests together, and in sweeps of a cluster. Lockgate does not evaluate the
#   rule unless the inventory has both in full, as `requires-sync-data` says.
#
#   Not covered: whether what a template says it reads is what it reads, data of other engines, whether syncing works, and namespaces that Config leaves out.
# related_resources:
#   - ref: https://open-policy-agent.github.io/gatekeeper/website/docs/sync/
#     description: Replicating data in Gatekeeper
# custom:
#   id: LG-V008
#   severity: medium
#   external: false
#   systems: [gatekeeper]
#   controls:
#     - NIST SP 800-53 CM-6 (configuration settings)
package lockgate.governance.template_data

import data.lib.lockgate.report
import data.lib.lockgate.review

violation contains report.violation(["metadata", "annotations", annotation], "policy does not say which data it reads", "data.inventory", why, fix) if {
	template
	reads_inventory
	not said
	why := "what is not synced is not found, and the policy passes in silence"
	fix := sprintf("list the groups, versions and kinds in the annotation %s", [annotation])
}

violation contains report.violation(["metadata", "annotations", annotation], "requirements cannot be read", text, why, fix) if {
	template
	said
	not is_array(requirements)
	why := "what the policy reads cannot be told"
	fix := "write a JSON list of lists of groups, versions and kinds"
}

violation contains report.violation(["metadata", "annotations", annotation], "data that the policy reads is not synced", shown, why, fix) if {
	template
	some requirement in requirements
	not met(requirement)
	shown := concat(" or ", sort([concat("/", kind) | some alternative in as_list(requirement); some kind in kinds_of(alternative)]))
	why := "what is not synced is not found, and the policy passes in silence"
	fix := "add it to spec.gvks of a SyncSet"
}

annotation := "metadata.gatekeeper.sh/requires-sync-data"

template if {
	review.target.kind == "ConstraintTemplate"
	is_string(review.target.apiVersion)
	startswith(review.target.apiVersion, "templates.gatekeeper.sh/")
}

text := object.get(review.target, ["metadata", "annotations", annotation], "")

said if not text in {"", null}

# As Gatekeeper takes it, with or without quotes around the whole.
requirements := json.unmarshal(bare) if {
	json.is_valid(bare)
} else := null

bare := trim(text, " \n\t\"") if {
	is_string(text)
} else := ""

reads_inventory if {
	walk(review.target.spec.targets, [_, value])
	is_string(value)
	some line in split(value, "\n")
	contains(line, "data.inventory")
	not startswith(trim_space(line), "#")
}

as_list(value) := value if {
	is_array(value)
} else := []

kinds_of(alternative) := [[group, version, kind] |
	some group in alternative.groups
	some version in alternative.versions
	some kind in alternative.kinds
]

# Every group, version and kind of one alternative that is served is synced; versions of one kind stand for each other.
met(requirement) if {
	some alternative in as_list(requirement)
	wanted := {[kind[0], kind[2]] | some kind in kinds_of(alternative)}
	count(wanted) > 0
	count(wanted - synced) == 0
}

synced := {[group_of(entry), entry.kind] |
	some entry in array.concat(of_sets, of_configs)
	is_string(entry.kind)
}

group_of(entry) := entry.group if {
	is_string(entry.group)
} else := ""

of_sets := [entry |
	some version, _ in data.inventory.cluster
	startswith(version, "syncset.gatekeeper.sh/")
	some set_of in data.inventory.cluster[version].SyncSet
	some entry in set_of.spec.gvks
]

of_configs := [entry |
	some namespace, version
	data.inventory.namespace[namespace][version]
	startswith(version, "config.gatekeeper.sh/")
	some config in data.inventory.namespace[namespace][version].Config
	some entry in config.spec.sync.syncOnly
]
