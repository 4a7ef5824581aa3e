# METADATA
# title: Policies of sigstore's policy-controller
# description: What is not verified by a ClusterImagePolicy.
package lib.lockgate.sigstore_policies

import data.lib.lockgate.settings
import data.lib.lockgate.signers
import data.lib.lockgate.workloads

# METADATA
# description: |
#   `{"path", "what", "value", "fix"}`: the holes of policies for images. `what` is `warns`, `passes`, `nobody`, `anybody` or `no log`.
holes := array.concat(warnings, array.concat(passes, array.concat(nobody, array.concat(anybody, unlogged))))

policies := [at |
	some at in workloads.objects
	at.name == "policy.sigstore.dev/ClusterImagePolicy"
]

authorities := [{"path": array.concat(at.path, ["spec", "authorities", i]), "policy": at, "value": authority} |
	some at in policies
	some i, authority in at.value.spec.authorities
	is_object(authority)
]

warnings := [{"path": array.concat(at.path, ["spec", "mode"]), "what": "warns", "value": mode, "fix": "set mode: enforce"} |
	some at in policies
	mode := object.get(at.value, ["spec", "mode"], null)
	not mode in {null, "", "enforce"}
]

# One authority that passes is enough.
passes := [{"path": array.concat(authority.path, ["static", "action"]), "what": "passes", "value": "pass", "fix": "name the images that may go without a signature, one repository a glob"} |
	some authority in authorities
	authority.value.static.action == "pass"
	some image in authority.policy.value.spec.images
	every_image(image.glob)
]

# All, or all of one registry.
every_image(glob) if {
	is_string(glob)
	regex.match(`^(\*+(/\*+)*|[A-Za-z0-9.-]+(:[0-9]+)?/\*+(/\*+)*)$`, glob)
}

keyless := [{"path": array.concat(authority.path, ["keyless"]), "value": settings.fields(authority.value.keyless)} |
	some authority in authorities
	authority.value.keyless != null
]

nobody := [{"path": array.concat(one.path, ["identities"]), "what": "nobody", "value": "no identities", "fix": "name the issuer and the subject of your release workflow"} |
	some one in keyless
	count(identities(one)) == 0
]

identities(one) := one.value.identities if {
	is_array(one.value.identities)
} else := []

anybody := [{"path": array.concat(one.path, ["identities", i, place.field]), "what": "anybody", "value": place.value, "fix": sprintf("name the %s of your release workflow, in expressions between ^ and $", [name])} |
	some one in keyless
	some i, written in identities(one)
	some name in ["issuer", "subject"]
	place := open_to_strangers(settings.fields(written), name)
]

open_to_strangers(identity, name) := {"field": expression, "value": identity[expression]} if {
	expression := sprintf("%sRegExp", [name])
	object.get(identity, expression, null) != null
	signers.met_by_strangers(name, identity[expression])
} else := {"field": name, "value": "not set"} if {
	not settings.text(object.get(identity, name, null))
	object.get(identity, sprintf("%sRegExp", [name]), null) == null
}

unlogged := [{"path": array.concat(one.path, ["insecureIgnoreSCT"]), "what": "no log", "value": value, "fix": "remove insecureIgnoreSCT"} |
	some one in keyless
	value := object.get(one.value, "insecureIgnoreSCT", null)
	not value in {null, false}
]
