# METADATA
# title: Agents of Zabbix run no commands for the server
# description: |
#   An agent stands on every node. Where it takes commands from the server (`ZBX_ENABLEREMOTECOMMANDS`, `ZBX_ALLOWKEY` with `system.run`, `ZBX_UNSAFEUSERPARAMETERS`), whoever
#   administers Zabbix, or answers in its place, runs programs there. Refused are these, and passive checks that an agent answers to everybody (`ZBX_SERVER_HOST` or `ZBX_PASSIVESERVERS` that is `0.0.0.0/0`, `::/0` or `*`). The
#   same is read in `ZBX_SERVER_ENABLEREMOTECOMMANDS`, which the server runs by itself.
#
#   Variables of containers are judged, and lists of variables in values of charts (`extraEnv`). Placeholders and `valueFrom` are accepted. An update that changes nothing but
#   metadata and status is not judged.
#
#   Not covered: configuration files in volumes, and whether the connection is encrypted, which no agent is unless told.
# related_resources:
#   - ref: https://www.zabbix.com/documentation/current/en/manual/config/items/restrict_checks
#     description: Restricting checks of agents
#   - ref: https://github.com/zabbix-community/helm-zabbix
#     description: The chart of Zabbix
# custom:
#   id: LG-O008
#   severity: critical
#   external: false
#   systems: [zabbix]
#   controls:
#     - NIST SP 800-53 CM-7 (least functionality)
#     - NIST SP 800-53 AC-6 (least privilege)
package lockgate.observability.zabbix_agents

import data.lib.lockgate.configurations
import data.lib.lockgate.report
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(variable.path, "an agent runs commands for the server", variable.name, why, fix) if {
	not updates.unchanged
	some variable in variables
	commands(variable.name, variable.value)
	why := "whoever administers Zabbix, or answers in its place, runs programs on every node"
	fix := "leave the variable out, and allow single keys (a UserParameter)"
}

violation contains report.violation(variable.path, "an agent answers to everybody", variable.name, why, fix) if {
	not updates.unchanged
	some variable in variables
	variable.name in {"ZBX_PASSIVESERVERS", "ZBX_SERVER_HOST"}
	is_string(variable.value)
	some one in regex.split(`[,;\s]+`, variable.value)
	one in {"*", "0.0.0.0/0", "::/0", "0.0.0.0"}
	why := "whoever reaches the node asks it for whatever an item may read"
	fix := "name the server's Service or its addresses"
}

commands(name, value) if {
	name in {"ZBX_ENABLEREMOTECOMMANDS", "ZBX_SERVER_ENABLEREMOTECOMMANDS", "ZBX_UNSAFEUSERPARAMETERS"}
	lower(trim_space(sprintf("%v", [value]))) in {"1", "true", "yes"}
}

commands("ZBX_ALLOWKEY", value) if {
	settings.literal(value)
	some key in split(value, ";")
	regex.match(`^\s*(\*|system\.run|system\.\*)`, key)
}

variables := array.concat(
	[{"path": array.concat(container.path, ["env", i, "value"]), "name": variable.name, "value": variable.value} |
		some container in workloads.containers
		some i, variable in container.value.env
		is_string(variable.name)
		startswith(variable.name, "ZBX_")
	],
	[{"path": array.concat(given.path, array.concat(rest, ["value"])), "name": variable.name, "value": variable.value} |
		some given in configurations.values
		walk(given.value, [rest, variable])
		is_object(variable)
		is_string(variable.name)
		startswith(variable.name, "ZBX_")
	],
)
