# METADATA
# title: Idle notebooks are stopped
# description: |
#   Kubeflow's notebook controller stops notebooks that nobody works in only where its variable `ENABLE_CULLING` is `true`, which it is not unless set, and after
#   `CULL_IDLE_TIME` minutes, 1440 unless set: until then each holds its devices. Where a ConfigMap or a container sets either, culling must be on, and the
#   time at most `maxIdleMinutes` (1440 unless given). Values are texts in both; numbers and booleans are read the same.
#
#   A variable that comes from elsewhere (`valueFrom`) is judged where it is written, and a placeholder is accepted.
#
#   Not covered: a controller for which nobody sets the variables, and annotations by which one notebook is kept.
# related_resources:
#   - ref: https://github.com/kubeflow/kubeflow/tree/master/components/notebook-controller
#     description: The notebook controller and its variables
# custom:
#   id: LG-P007
#   severity: low
#   external: false
#   controls:
#     - NIST SP 800-53 SC-6 (resource availability)
#   systems: [kubeflow-notebooks]
package lockgate.pipelines.notebook_culling

import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.workloads

violation contains report.violation(set.path, "idle notebooks are not stopped", shown, why, fix) if {
	some set in given
	set.name == "ENABLE_CULLING"
	shown := sprintf("%v", [set.value])
	not settings.unknown(set.value)
	shown != "true"
	why := "a notebook that nobody works in holds its devices until someone thinks of it"
	fix := "set ENABLE_CULLING to \"true\""
}

violation contains report.violation(set.path, "idle notebooks are stopped late", shown, why, fix) if {
	some set in given
	set.name == "CULL_IDLE_TIME"
	shown := sprintf("%v", [set.value])
	not settings.unknown(set.value)
	not soon(shown)
	why := sprintf("at most %d minutes are allowed", [most])
	fix := sprintf("set CULL_IDLE_TIME to \"%d\" or less", [most])
}

most := object.get(review.parameters, "maxIdleMinutes", 1440)

soon(text) if {
	regex.match(`^[0-9]{1,9}$`, text)
	to_number(text) <= most
}

names := {"CULL_IDLE_TIME", "ENABLE_CULLING"}

given := array.concat(
	[{"path": array.concat(at.path, ["data", name]), "name": name, "value": value} |
		some at in workloads.objects
		at.name == "/ConfigMap"
		some name in names
		value := at.value.data[name]
	],
	[{"path": array.concat(container.path, ["env", i, "value"]), "name": variable.name, "value": value} |
		some container in workloads.containers
		some i, variable in container.value.env
		variable.name in names
		not variable.valueFrom
		value := object.get(variable, "value", "")
	],
)
