# METADATA
# title: Configuration of devices
# description: |
#   Opaque parameters that a claim or a DeviceClass hands to a driver. Kubernetes does not look at them, and the driver that is
#   named need not be that of the devices.
package lib.lockgate.configs

import data.lib.lockgate.claim_specs
import data.lib.lockgate.device_classes
import data.lib.lockgate.requests

# METADATA
# description: |
#   The entries, as `{"path", "driver", "parameters", "api_version", "kind", "requests", "claim", "written"}`: `requests` are the names it is for,
#   `[]` for all; `claim` is the path of the spec that it stands in.
configs := [found |
	some holder in holders
	some i, entry in holder.entries
	is_object(entry)
	opaque := requests.given(entry, "opaque", {})
	parameters := requests.given(opaque, "parameters", null)
	found := {
		"path": array.concat(holder.path, [i]),
		"driver": requests.given(opaque, "driver", ""),
		"parameters": parameters,
		"api_version": text_of(parameters, "apiVersion"),
		"kind": text_of(parameters, "kind"),
		"requests": requests.given(entry, "requests", []),
		"claim": holder.claim,
		"written": entry,
	}
]

holders := array.concat(
	[{"path": array.concat(spec.path, ["devices", "config"]), "entries": spec.spec.devices.config, "claim": spec.path} |
		some spec in claim_specs.specs
	],
	[{"path": array.concat(class.path, ["config"]), "entries": class.configs, "claim": class.path} |
		some class in device_classes.device_classes
	],
)

text_of(parameters, field) := text if {
	text := parameters[field]
	is_string(text)
} else := ""
