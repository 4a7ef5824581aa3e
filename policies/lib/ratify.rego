# METADATA
# title: Ratify
# description: What is not verified by Ratify's Policies, Stores and Verifiers, those of a namespace too.
package lib.lockgate.ratify

import data.lib.lockgate.settings
import data.lib.lockgate.workloads

# METADATA
# description: |
#   `{"path", "what", "value", "fix"}`: the holes of policies for images. `what` is `warns`, `passes`, `no log` or `plain HTTP`.
holes := array.concat(array.concat(passes, plain), array.concat(levels, unlogged))

named(kinds) := [at |
	some at in workloads.objects
	[group, kind] := split(at.name, "/")
	group in {"config.ratify.deislabs.io", "config.ratify.dev"}
	kind in kinds
]

passes := [{"path": path, "what": "passes", "value": value, "fix": "remove passthroughEnabled"} |
	some at in named({"NamespacedPolicy", "Policy"})
	path := array.concat(at.path, ["spec", "parameters", "passthroughEnabled"])
	value := workloads.value_at(path)
	not value in {null, false, "false"}
]

plain := [{"path": path, "what": "plain HTTP", "value": value, "fix": "remove useHttp"} |
	some at in named({"NamespacedStore", "Store"})
	path := array.concat(at.path, ["spec", "parameters", "useHttp"])
	value := workloads.value_at(path)
	not value in {null, false, "false"}
]

verifiers := named({"NamespacedVerifier", "Verifier"})

# Notation's document of trust.
levels := [{"path": path, "what": "warns", "value": value, "fix": "set level: strict"} |
	some at in verifiers
	some policy in workloads.below(array.concat(at.path, ["spec", "parameters", "trustPolicyDoc", "trustPolicies"]), [])
	path := array.concat(policy, ["signatureVerification", "level"])
	value := workloads.value_at(path)
	is_string(value)
	lower(value) in {"audit", "skip"}
]

unlogged := [{"path": path, "what": "no log", "value": value, "fix": "remove tLogVerify"} |
	some at in verifiers
	some path in workloads.below(array.concat(at.path, ["spec", "parameters", "trustPolicies"]), ["tLogVerify"])
	value := workloads.value_at(path)
	value != null
	not settings.on(value)
]
