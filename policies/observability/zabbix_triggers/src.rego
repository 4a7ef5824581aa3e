# METADATA
# title: Triggers of Zabbix say how bad it is, and end
# description: |
#   A trigger that is not classified reaches nobody who sorts by severity, and a problem that nothing closes hides the next one. Warned of are triggers and their
#   prototypes without a `priority` (or NOT_CLASSIFIED), those that are DISABLED, those whose `recovery_mode` is NONE and that nobody may close by hand, and expressions that
#   compare nothing. With `description: required` a trigger has to say what to do, in `description` or by a `url`.
#
#   Exports in YAML and JSON are judged, also in ConfigMaps.
#
#   Not covered: exports in XML, whether an expression is right, and actions, which say who is told.
# related_resources:
#   - ref: https://www.zabbix.com/documentation/current/en/manual/config/triggers/trigger
#     description: Triggers
# custom:
#   id: LG-O007
#   severity: low
#   external: false
#   systems: [zabbix]
#   controls:
#     - NIST SP 800-53 SI-4 (system monitoring)
package lockgate.observability.zabbix_triggers

import data.lib.lockgate.configurations
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates

violation contains report.violation(place(trigger, "priority"), "a trigger has no severity", trigger.name, why, fix) if {
	not updates.unchanged
	some trigger in triggers
	object.get(trigger.value, "priority", "NOT_CLASSIFIED") in {"NOT_CLASSIFIED", "", null, 0, "0"}
	why := "who sorts by severity never sees it"
	fix := "set priority: INFO, WARNING, AVERAGE, HIGH or DISASTER"
}

violation contains report.violation(place(trigger, "status"), "a trigger is disabled", trigger.name, why, fix) if {
	not updates.unchanged
	some trigger in triggers
	trigger.value.status in {"DISABLED", 1, "1"}
	why := "it looks like a watch, and watches nothing"
	fix := "leave status out, or remove the trigger"
}

violation contains report.violation(place(trigger, "recovery_mode"), "a problem never ends", trigger.name, why, fix) if {
	not updates.unchanged
	some trigger in triggers
	trigger.value.recovery_mode in {"NONE", 2, "2"}
	not object.get(trigger.value, "manual_close", "NO") in {"YES", 1, "1", true}
	why := "one that stays open hides the next"
	fix := "leave recovery_mode out, or set manual_close: 'YES'"
}

violation contains report.violation(place(trigger, "expression"), "a trigger compares nothing", shown, why, fix) if {
	not updates.unchanged
	some trigger in triggers
	expression := trigger.value.expression
	not compares(expression)
	shown := settings.shown(expression)
	why := "it is never a problem, or always one"
	fix := "compare a function of an item with a value, as min(/host/key,5m)>90"
}

violation contains report.violation(place(trigger, "description"), "a trigger does not say what to do", trigger.name, why, fix) if {
	not updates.unchanged
	review.parameters.description == "required"
	some trigger in triggers
	not settings.text(object.get(trigger.value, "description", ""))
	not settings.text(object.get(trigger.value, "url", ""))
	why := "whoever is woken by it has to find out"
	fix := "add a description, or the url of a page that says it"
}

compares(expression) if {
	is_string(expression)
	regex.match(`[<>=]|\b(find|nodata|change|logseverity|count|jsonpath)\(|[}\])]\s*(and|or)\b`, expression)
}

place(trigger, field) := configurations.place(trigger.document, array.concat(trigger.rest, [field]))

triggers := [{"document": document, "rest": array.concat(rest, [i]), "value": trigger, "name": settings.shown(object.get(trigger, "name", null))} |
	some document in configurations.documents
	document.kind == "ZabbixExport"
	walk(document.value, [rest, list])
	rest[count(rest) - 1] in {"trigger_prototypes", "triggers"}
	is_array(list)
	some i, trigger in list
	is_object(trigger)
	object.get(trigger, "expression", null) != null
	not "graphs" in rest
	not refers(rest)
]

# What a trigger depends on, and what a dashboard shows, is named by its expression too.
refers(rest) if {
	some name in ["dashboards", "dependencies", "graph_prototypes"]
	name in rest
}
