# METADATA
# title: Policies of Binary Authorization
# description: What is not verified by a BinaryAuthorizationPolicy of Config Connector.
package lib.lockgate.binary_authorization

import data.lib.lockgate.settings
import data.lib.lockgate.workloads

# METADATA
# description: |
#   `{"path", "what", "value", "fix"}`: the holes of policies for images. `what` is `warns`, `passes` or `nobody`.
holes := array.concat(array.concat(passes, warnings), array.concat(nobody, patterns))

policies := [at |
	some at in workloads.objects
	at.name == "binaryauthorization.cnrm.cloud.google.com/BinaryAuthorizationPolicy"
]

rules := array.concat(
	[{"path": path, "value": settings.fields(workloads.value_at(path))} |
		some at in policies
		path := array.concat(at.path, ["spec", "defaultAdmissionRule"])
	],
	[{"path": array.concat(start, [name]), "value": settings.fields(rule)} |
		some at in policies
		some field in [
			"clusterAdmissionRules", "istioServiceIdentityAdmissionRules", "kubernetesNamespaceAdmissionRules", "kubernetesServiceAccountAdmissionRules",
		]
		start := array.concat(at.path, ["spec", field])
		some name, rule in settings.fields(workloads.value_at(start))
	],
)

passes := [{"path": array.concat(rule.path, ["evaluationMode"]), "what": "passes", "value": "ALWAYS_ALLOW", "fix": "set evaluationMode: REQUIRE_ATTESTATION and name the attestors in requireAttestationsBy"} |
	some rule in rules
	rule.value.evaluationMode == "ALWAYS_ALLOW"
]

warnings := [{"path": array.concat(rule.path, ["enforcementMode"]), "what": "warns", "value": "DRYRUN_AUDIT_LOG_ONLY", "fix": "set enforcementMode: ENFORCED_BLOCK_AND_AUDIT_LOG"} |
	some rule in rules
	rule.value.enforcementMode == "DRYRUN_AUDIT_LOG_ONLY"
]

nobody := [{"path": array.concat(rule.path, ["requireAttestationsBy"]), "what": "nobody", "value": "no attestors", "fix": "name the attestors in requireAttestationsBy"} |
	some rule in rules
	rule.value.evaluationMode == "REQUIRE_ATTESTATION"
	not some_attestor(rule.value)
]

some_attestor(rule) if {
	some attestor in rule.requireAttestationsBy
	attestor != null
}

patterns := [{"path": array.concat(at.path, ["spec", "admissionWhitelistPatterns", i, "namePattern"]), "what": "passes", "value": pattern.namePattern, "fix": "name the repositories that may go without an attestation"} |
	some at in policies
	some i, pattern in at.value.spec.admissionWhitelistPatterns
	is_string(pattern.namePattern)
	regex.match(`^(\*+(/\*+)*|[A-Za-z0-9.-]+(:[0-9]+)?/\*\*)$`, trim_space(pattern.namePattern))
]
