# METADATA
# title: Policies of AWS' IAM, which are written as text
# description: |
#   What policies in strings of objects of ACK grant: those of identities (what a role may do), of trust (who may take a role) and of resources (who may use them).
package lib.lockgate.iam_policies

import data.lib.lockgate.settings
import data.lib.lockgate.workloads

# METADATA
# description: |
#   The policies, as `{"path", "use", "readable", "statements"}`; `use` is `identity`, `trust` or `resource`. A policy that is no JSON and no YAML is not readable. Each statement has
#   `allows`; `actions` and `resources` (sets, actions in small letters; all of them, `*`, where it says what is not meant), `principals` (a set of all that are named, of whatever kind), `federated`
#   (whether a sign-in elsewhere is one of them) and `conditioned`.
documents := [document |
	some place in places
	text := workloads.value_at(place.path)
	settings.text(text)
	document := read(place, text)
]

read(place, text) := {"path": place.path, "use": place.use, "readable": true, "statements": statements(value)} if {
	value := parsed(text)
	is_object(value)
} else := {"path": place.path, "use": place.use, "readable": to_be_filled(text), "statements": []}

to_be_filled(text) if {
	settings.unknown(trim_space(text))
} else := false

# AWS takes JSON alone; what is nearly JSON is read all the same.
parsed(text) := json.unmarshal(text) if {
	json.is_valid(text)
} else := yaml.unmarshal(text) if {
	yaml.is_valid(text)
}

places := array.concat(
	[{"path": array.concat(at.path, ["spec", field]), "use": use} |
		some at in workloads.objects
		some field, use in fields[at.name]
	],
	[{"path": path, "use": "identity"} |
		some at in workloads.objects
		at.name in {"iam.services.k8s.aws/Group", "iam.services.k8s.aws/Role", "iam.services.k8s.aws/User"}
		some path in workloads.below(array.concat(at.path, ["spec", "inlinePolicies"]), [])
	],
)

fields := {
	"ecr.services.k8s.aws/Repository": {"policy": "resource"},
	"iam.services.k8s.aws/Policy": {"policyDocument": "identity"},
	"iam.services.k8s.aws/Role": {"assumeRolePolicyDocument": "trust"},
	"kms.services.k8s.aws/Key": {"policy": "resource"},
	"s3.services.k8s.aws/Bucket": {"policy": "resource"},
	"sns.services.k8s.aws/Topic": {"policy": "resource"},
	"sqs.services.k8s.aws/Queue": {"policy": "resource"},
}

# One statement may stand without a list.
statements(value) := [statement |
	some written in as_list(small(value).statement)
	statement := statement_of(small(written))
]

statement_of(written) := {
	"allows": allows(written),
	"actions": {lower(action) | some action in named(written, "action", "notaction")},
	"resources": named(written, "resource", "notresource"),
	"principals": {principal | some [_, principal] in principals(written)},
	"federated": count([kind | some [kind, _] in principals(written); kind == "federated"]) > 0,
	"conditioned": count(settings.fields(object.get(written, "condition", {}))) > 0,
}

allows(written) if {
	is_string(written.effect)
	lower(written.effect) == "allow"
} else := false

principals(written) := array.concat(
	[["aws", "*"] | written.notprincipal],
	array.concat(
		[["aws", principal] | some principal in as_list(written.principal); is_string(principal)],
		[[kind, principal] |
			some kind, some_of_them in small(object.get(written, "principal", {}))
			some principal in as_list(some_of_them)
			is_string(principal)
		],
	),
)

named(written, field, excluding) := {"*"} if {
	written[excluding]
} else := {one | some one in as_list(object.get(written, field, [])); is_string(one)}

# Names of elements are read whatever their case.
small(value) := {lower(name): inner | some name, inner in settings.fields(value)}

as_list(value) := value if {
	is_array(value)
} else := [value]
