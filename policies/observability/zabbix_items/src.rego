# METADATA
# title: Items of Zabbix run no commands and hold no secrets
# description: |
#   A template of Zabbix says what every host that it is linked to does. Refused are items that run commands on hosts or on the server (`system.run[…]`, and the types EXTERNAL, SSH and
#   TELNET), unless their key is one of `allowedKeys`, passwords and tokens that stand in items, headers and hosts as they are, macros of such names that are text (a macro of SECRET_TEXT
#   is exported without its value, one of VAULT names its place), HTTP checks that do not verify (`verify_peer` or `verify_host` NO, said aloud), and credentials over plain HTTP. With
#   `verification: required` an HTTP check over TLS has to say `verify_peer: 'YES'`, which is not Zabbix' default.
#
#   Exports in YAML and JSON are judged, also in ConfigMaps. Macros (`{$TOKEN}`, `{#TOKEN}`) are accepted as values.
#
#   Not covered: exports in XML, what JavaScript in items of the type SCRIPT does, and what macros are set to on a host.
# related_resources:
#   - ref: https://www.zabbix.com/documentation/current/en/manual/xml_export_import/templates
#     description: Exports of templates
#   - ref: https://www.zabbix.com/documentation/current/en/manual/config/macros/secret_macros
#     description: Secret macros
# custom:
#   id: LG-O006
#   severity: high
#   external: false
#   systems: [zabbix]
#   controls:
#     - NIST SP 800-53 CM-7 (least functionality)
#     - NIST SP 800-53 IA-5 (authenticator management)
#     - NIST SP 800-53 SC-8 (transmission confidentiality and integrity)
package lockgate.observability.zabbix_items

import data.lib.lockgate.configurations
import data.lib.lockgate.credentials
import data.lib.lockgate.hosts
import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates

violation contains report.violation(configurations.place(item.document, item.rest), "an item runs a command", item.value.key, why, fix) if {
	not updates.unchanged
	some item in items
	runs(item.value)
	not accepted(item.value.key)
	why := "whoever may edit the template runs programs on every host, or on the server"
	fix := "use an item of the agent or a UserParameter, or list the key in allowedKeys"
}

violation contains report.violation(configurations.place(found.document, found.rest), "a secret stands in an export of Zabbix", paths.field(found.rest), why, fix) if {
	not updates.unchanged
	some found in secret_fields
	why := "everybody who may read the file has it"
	fix := "use a macro of the type SECRET_TEXT or VAULT, and replace the secret"
}

violation contains report.violation(configurations.place(macro.document, macro.rest), "a macro holds a secret as text", macro.value.macro, why, fix) if {
	not updates.unchanged
	some macro in objects
	is_string(macro.value.macro)
	not object.get(macro.value, "type", "TEXT") in {"VAULT", 2, "2"}
	name := trim(split(macro.value.macro, ":")[0], "{}$ ")
	credentials.literal(name, macro.value.value)
	why := "its value is in the export, and in the interface for whoever sees the host"
	fix := "set type: SECRET_TEXT and leave value out, or VAULT with the path, and replace the secret"
}

violation contains report.violation(configurations.place(item.document, array.concat(item.rest, [field])), "an HTTP check does not verify whom it asks", field, why, fix) if {
	not updates.unchanged
	some item in objects
	some field in ["verify_host", "verify_peer"]
	unverified(item.value, field)
	why := "whoever stands between answers, and has the credentials"
	fix := sprintf("set %s: 'YES'", [field])
}

violation contains report.violation(configurations.place(item.document, array.concat(item.rest, ["url"])), "credentials go over plain HTTP", item.value.url, why, fix) if {
	not updates.unchanged
	some item in objects
	hosts.plain(item.value.url)
	not contains(hosts.parse(item.value.url).host, "{") # a macro, as {HOST.CONN}
	signs_in(item.value)
	why := "whoever stands between has them"
	fix := "use the https URL, with verify_peer: 'YES'"
}

runs(item) if regex.match(`(?i)^\s*system\.run\s*\[`, item.key)

# As exports write types, and as Zabbix 4 and earlier numbered them.
runs(item) if item.type in {"EXTERNAL", "SSH", "TELNET", 10, 13, 14, "10", "13", "14"}

accepted(key) if {
	some allowed in object.get(review.parameters, "allowedKeys", [])
	is_string(key)
	key == allowed
}

unverified(item, field) if item[field] in {"NO", "No", "no", false, 0, "0"}

unverified(item, "verify_peer") if {
	review.parameters.verification == "required"
	is_string(item.url)
	is_string(item.key)
	startswith(lower(item.url), "https://")
	not object.get(item, "verify_peer", null) in {"YES", true, 1, "1"}
	not object.get(item, "verify_peer", null) in {"NO", "No", "no", false, 0, "0"}
}

signs_in(item) if settings.text(item.password)

signs_in(item) if {
	some header in item.headers
	regex.match(`(?i)^(authorization|.*(token|key))$`, header.name)
}

# Fields of such names, and headers, which are written as name and value.
secret_fields := array.concat(
	[{"document": document, "rest": rest} |
		some document in exports
		some rest in credentials.literals(document.value)
		not has_macro(object.get(document.value, rest, ""))
	],
	[{"document": header.document, "rest": array.concat(header.rest, ["value"])} |
		some header in objects
		regex.match(`(?i)^(authorization|.*(token|key|secret|password))$`, header.value.name)
		"headers" in header.rest
		settings.literal(header.value.value)
		not has_macro(header.value.value)
	],
)

# What Zabbix fills in: user macros, and those of discovery.
has_macro(text) if regex.match(`\{[#$]`, text)

items := [found |
	some found in objects
	is_string(found.value.key)
	not "preprocessing" in found.rest
]

objects := [{"document": document, "rest": rest, "value": value} |
	some document in exports
	walk(document.value, [rest, value])
	is_object(value)
]

exports := [document | some document in configurations.documents; document.kind == "ZabbixExport"]
