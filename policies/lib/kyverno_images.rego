# METADATA
# title: Verification of images by Kyverno
# description: What is not verified by rules with `verifyImages` of ClusterPolicies and Policies, and by ImageValidatingPolicies.
package lib.lockgate.kyverno_images

import data.lib.lockgate.settings
import data.lib.lockgate.signers
import data.lib.lockgate.workloads

# METADATA
# description: |
#   `{"path", "what", "value", "fix"}`: the holes of policies for images. `what` is `warns`, `fails open`, `passes`, `nobody`, `anybody` or `no log`.
holes := array.concat(array.concat(warnings, open), array.concat(array.concat(passes, nobody), array.concat(anybody, unlogged)))

policies := [at |
	some at in workloads.objects
	at.name in {"kyverno.io/ClusterPolicy", "kyverno.io/Policy"}
	count([1 | some rule in at.value.spec.rules; rule.verifyImages]) > 0
]

validating := [at |
	some at in workloads.objects
	at.name in {"policies.kyverno.io/ImageValidatingPolicy", "policies.kyverno.io/NamespacedImageValidatingPolicy"}
]

verifications := [{"path": array.concat(at.path, ["spec", "rules", i, "verifyImages", k]), "policy": at, "value": verification} |
	some at in policies
	some i, rule in at.value.spec.rules
	some k, verification in rule.verifyImages
	is_object(verification)
]

# Each verification may have an action of its own; else the policy's counts, which audits unless it says otherwise.
warnings := array.concat(
	[{"path": action.path, "what": "warns", "value": action.value, "fix": sprintf("set %s: Enforce", [action.path[count(action.path) - 1]])} |
		some verification in verifications
		action := action_of(verification)
		not enforces(action.value)
	],
	[{"path": array.concat(at.path, ["spec", "validationActions"]), "what": "warns", "value": object.get(at.value, ["spec", "validationActions"], null), "fix": "set validationActions: [Deny]"} |
		some at in validating
		not denies(object.get(at.value, ["spec", "validationActions"], null))
	],
)

action_of(verification) := {"path": array.concat(verification.path, ["failureAction"]), "value": verification.value.failureAction} if {
	object.get(verification.value, "failureAction", null) != null
} else := {"path": array.concat(verification.policy.path, ["spec", "validationFailureAction"]), "value": object.get(verification.policy.value, ["spec", "validationFailureAction"], "not set")}

enforces(value) if {
	is_string(value)
	lower(value) == "enforce"
}

enforces(value) if settings.unknown(value)

# An ImageValidatingPolicy denies unless it says otherwise.
denies(null)

denies(value) if "Deny" in value

open := array.concat(
	[{"path": path, "what": "fails open", "value": "Ignore", "fix": "set failurePolicy: Fail"} |
		some at in array.concat(policies, validating)
		some field in [["failurePolicy"], ["webhookConfiguration", "failurePolicy"]]
		path := array.concat(at.path, array.concat(["spec"], field))
		workloads.value_at(path) == "Ignore"
	],
	[{"path": path, "what": "fails open", "value": "false", "fix": "remove required"} |
		some path in array.concat(
			[array.concat(verification.path, ["required"]) | some verification in verifications],
			[array.concat(at.path, ["spec", "validationConfigurations", "required"]) | some at in validating],
		)
		workloads.value_at(path) == false
	],
)

passes := [{"path": array.concat(verification.path, ["skipImageReferences", i]), "what": "passes", "value": pattern, "fix": "name the repositories that may go without a signature"} |
	some verification in verifications
	some i, pattern in verification.value.skipImageReferences
	is_string(pattern)
	regex.match(`^\*+(/\*+)*(:\*)?$`, trim_space(pattern))
]

# `key`, `issuer` and so on stood beside the images before there were attestors.
nobody := [{"path": array.concat(verification.path, ["attestors"]), "what": "nobody", "value": "no attestors", "fix": "name a key, or the issuer and the subject of your release workflow, in attestors"} |
	some verification in verifications
	every field in ["attestations", "attestors", "issuer", "key", "roots", "subject"] {
		object.get(verification.value, field, null) in {null, "", []}
	}
]

# Entries of attestors, those of attestations and nested ones too.
entries := [{"path": array.concat(verification.path, inner), "value": value} |
	some verification in verifications
	walk(verification.value, [inner, value])
	is_object(value)
	count(inner) >= 2
	inner[count(inner) - 2] == "entries"
]

cosigns := [{"path": array.concat(at.path, ["spec", "attestors", i, "cosign"]), "value": attestor.cosign} |
	some at in validating
	some i, attestor in at.value.spec.attestors
	is_object(attestor.cosign)
]

anybody := array.concat(
	[{"path": array.concat(entry.path, ["keyless", place.field]), "what": "anybody", "value": place.value, "fix": "name the issuer and the subject of your release workflow"} |
		some entry in entries
		is_object(entry.value.keyless)
		some name in ["issuer", "subject"]
		place := open_to_strangers(entry.value.keyless, name)
	],
	array.concat(
		[{"path": array.concat(cosign.path, ["keyless", "identities", i, place.field]), "what": "anybody", "value": place.value, "fix": "name the issuer and the subject of your release workflow"} |
			some cosign in cosigns
			some i, identity in cosign.value.keyless.identities
			some name in ["issuer", "subject"]
			place := open_to_strangers(settings.fields(identity), name)
		],
		[{"path": array.concat(cosign.path, ["keyless", "identities"]), "what": "nobody", "value": "no identities", "fix": "name the issuer and the subject of your release workflow"} |
			some cosign in cosigns
			is_object(cosign.value.keyless)
			count(object.get(cosign.value.keyless, "identities", [])) == 0
		],
	),
)

open_to_strangers(identity, name) := {"field": expression, "value": identity[expression]} if {
	expression := sprintf("%sRegExp", [name])
	not object.get(identity, expression, null) in {null, ""}
	signers.met_by_strangers(name, identity[expression])
} else := {"field": name, "value": identity[name]} if {
	signers.wildcard_met_by_strangers(name, object.get(identity, name, null))
} else := {"field": name, "value": "not set"} if {
	object.get(identity, name, null) in {null, ""}
	object.get(identity, sprintf("%sRegExp", [name]), null) in {null, ""}
}

unlogged := array.concat(
	[{"path": array.concat(entry.path, inner), "what": "no log", "value": value, "fix": sprintf("remove %s", [inner[count(inner) - 1]])} |
		some entry in entries
		walk(entry.value, [inner, value])
		count(inner) > 0
		inner[count(inner) - 1] in {"ignoreSCT", "ignoreTlog"}
		not "entries" in inner # those of an entry inside are its own
		value != false
		value != null
	],
	[{"path": array.concat(cosign.path, ["ctlog", field]), "what": "no log", "value": value, "fix": sprintf("remove %s", [field])} |
		some cosign in cosigns
		some field in ["insecureIgnoreSCT", "insecureIgnoreTlog"]
		value := object.get(cosign.value, ["ctlog", field], null)
		not value in {null, false}
	],
)
