# METADATA
# title: Constraints among devices
# description: What the devices of a claim must have in common, or must not.
package lib.lockgate.device_constraints

import data.lib.lockgate.claim_specs
import data.lib.lockgate.requests

# METADATA
# description: |
#   The entries, as `{"path", "match", "distinct", "requests", "claim", "written"}`: the attribute that must be equal, or different, `""` where
#   there is none; `requests` are the names it is for, `[]` for all.
constraints := [found |
	some spec in claim_specs.specs
	some i, entry in spec.spec.devices.constraints
	is_object(entry)
	found := {
		"path": array.concat(spec.path, ["devices", "constraints", i]),
		"match": requests.given(entry, "matchAttribute", ""),
		"distinct": requests.given(entry, "distinctAttribute", ""),
		"requests": requests.given(entry, "requests", []),
		"claim": spec.path,
		"written": entry,
	}
]
