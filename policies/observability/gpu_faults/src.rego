# METADATA
# title: Faults of devices are seen on their nodes
# description: |
#   A GPU that fell off the bus keeps being given to pods until something says so. The Node Problem Detector's own configurations have no rule for
#   GPUs: what watches the kernel's log must have a rule of type `permanent`, so that the node shows a condition, whose pattern fits each of the `lines`. Unless given, these are what NVIDIA's driver writes of a GPU that
#   is lost (Xid 79), of a double bit error in its memory (Xid 48), and of a page that cannot be retired (Xid 64).
#
#   A ConfigMap with a monitor of the kernel's log (`plugin` `kmsg`, `source` with `kernel`) is judged whole: any of its monitors may have the rule. A file by itself is judged where its `source` names a GPU.
#
#   Not covered: nodes without GPUs, whose configurations need none (leave them out by the constraint's match), monitors of the cloud's provider and DCGM, and what acts on the condition.
# related_resources:
#   - ref: https://docs.nvidia.com/deploy/xid-errors/
#     description: Xid errors of NVIDIA's driver
#   - ref: https://github.com/kubernetes/node-problem-detector
#     description: Node Problem Detector
# custom:
#   id: LG-O010
#   severity: medium
#   external: false
#   systems: [node-problem-detector]
#   controls:
#     - NIST SP 800-53 SI-4 (system monitoring)
#     - NIST SP 800-53 SI-13 (predictable failure prevention)
package lockgate.observability.gpu_faults

import data.lib.lockgate.configurations
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates

violation contains report.violation(watcher.path, "a fault of a GPU is seen by no rule", line, why, fix) if {
	not updates.unchanged
	count(watchers) > 0
	watcher := watchers[0]
	some line in lines
	not seen(line)
	why := "pods are given the GPU, and fail one after the other"
	fix := "add a rule of type permanent, with a condition and a pattern that fits the line"
}

lines := object.get(review.parameters, "lines", [
	"NVRM: Xid (PCI:0000:3b:00): 48, pid=1234, name=python, An uncorrectable double bit error (DBE) has been detected",
	"NVRM: Xid (PCI:0000:3b:00): 64, pid=1234, Failed to retire a page",
	"NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, GPU has fallen off the bus.",
])

seen(line) if {
	some monitor in monitors
	some rule in monitor.value.rules
	rule.type == "permanent"
	is_string(rule.pattern)
	regex.is_valid(rule.pattern)
	regex.match(rule.pattern, line)
}

watchers := [monitor |
	some monitor in monitors
	watches(monitor)
]

watches(monitor) if {
	monitor.how == "text"
	monitor.value.plugin == "kmsg"
	contains(lower(monitor.value.source), "kernel")
}

watches(monitor) if {
	is_string(monitor.value.source)
	regex.match(`(?i)gpu|nvidia|xid`, monitor.value.source)
	monitor.value.plugin in {"filelog", "journald", "kmsg"}
}

monitors := [document | some document in configurations.documents; document.kind == "NodeProblemDetectorConfig"]
