# METADATA
# title: Containers take no ports of their node
# description: |
#   A port of the node (`hostPort`) is open on every address of it, past Services, gateways and most network policies, and there is one of it a node: the second pod waits. Every
#   container's ports are judged, in every kind of workload and in pods that are written as text; a `hostPort` of 0 asks for none.
#
#   `allowedPorts` are numbers that may be taken. Agents of the node are let through: DaemonSets in `agentNamespaces`, with their pods and static pods there, and pods all of whose
#   images are from `agentImages`. Placeholders are left for when they are filled in. A value that is no number is refused.
#
#   Not covered: pods in the node's network (`workloads/host_access`), whose every port is the node's, and Services with node ports (`serving/public_exposure`).
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
#     description: Pod Security Standards
# custom:
#   id: LG-W013
#   severity: medium
#   external: false
#   controls:
#     - NIST SP 800-190 4.3.3 (network segmentation)
#     - NIST SP 800-53 SC-7 (boundary protection)
#   systems: [argo-workflows, kserve, kubeflow-notebooks, kubeflow-trainer, kubernetes, ray]
package lockgate.workloads.host_ports

import data.lib.lockgate.paths
import data.lib.lockgate.pod_settings
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.system_agents
import data.lib.lockgate.updates

violation contains report.violation(port.path, "container takes a port of its node", settings.shown(port.value), why, fix) if {
	not updates.unchanged
	some port in taken
	not port.value in {0, null}
	not port.value in allowed
	not settings.unknown(port.value)
	not system_agents.covers(port.path)
	why := "it is open on every address of the node, past Services and gateways"
	fix := sprintf("remove hostPort%s, and reach the pod by a Service", [where(port)])
}

taken := array.concat(
	[{"path": array.concat(ports.path, [i, "hostPort"]), "value": port.hostPort, "text": false} |
		some ports in written
		not ports.text
		some i, port in ports.value
	],
	[{"path": ports.path, "value": port.hostPort, "text": true} |
		some ports in written
		ports.text
		some port in ports.value
	],
)

written := pod_settings.of_containers(["ports"])

where(port) := sprintf(" in the text of %s", [paths.field(port.path)]) if {
	port.text
} else := ""

allowed := {number | some number in object.get(review.parameters, "allowedPorts", [])}
