# METADATA
# title: Classes asked for
# description: |
#   Every place where an object asks for devices of a DeviceClass by the name of the class: requests of claims in all shapes, the
#   annotation of which KServe makes a claim, and resources named after a class, for which the scheduler makes a claim.
package lib.lockgate.claims

import data.lib.lockgate.claim_specs
import data.lib.lockgate.extended_resources
import data.lib.lockgate.requests

# METADATA
# description: The claims; see claim_specs.
specs := claim_specs.specs

# METADATA
# description: |
#   The places, as `{"path", "class", "how"}`; `how` is `request`, `alternative`, `claim`, `annotation` or `resource`. The path
#   of a resource ends with its name.
classes := array.concat(
	[{"path": request.class_path, "class": request.class, "how": request.how} |
		some request in requests.requests
		request.class != null
	],
	[{"path": found.path, "class": found.class, "how": "resource"} |
		some found in extended_resources.extended
		found.kind == "implicit"
	],
)
