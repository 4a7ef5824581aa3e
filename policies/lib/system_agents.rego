# METADATA
# title: Agents of the system
# description: |
#   What must reach the node to do its work: drivers of devices, networks and storage, and monitors. A constraint names them by two parameters. `agentNamespaces`:
#   DaemonSets in these namespaces are agents, and the pods that a DaemonSet controls or that a kubelet shows of its static ones; nothing else in them is.
#   `agentImages`: a pod is an agent's when all of its images are from these repositories. Without parameters nothing is.
package lib.lockgate.system_agents

import data.lib.lockgate.images
import data.lib.lockgate.owners
import data.lib.lockgate.placed
import data.lib.lockgate.review
import data.lib.lockgate.workloads

# METADATA
# description: Whether what stands at a path is part of an agent.
covers(_) if placed.agent_in(namespaces)

covers(_) if {
	placed.namespace in namespaces
	static_pod
}

covers(path) if {
	some pod in workloads.pods
	array.slice(path, 0, count(pod.path)) == pod.path
	of_images(pod.value)
}

namespaces := {name | some name in object.get(review.parameters, "agentNamespaces", [])}

repositories := {place | some place in object.get(review.parameters, "agentImages", [])}

# A kubelet shows the pods that it reads from files of its node; to refuse them hides them and stops nothing.
static_pod if {
	workloads.identity(review.target) == "/Pod"
	some owner in owners.controllers(review.target)
	owner.kind == "Node"
}

of_images(pod) if {
	count(repositories) > 0
	containers := [container |
		some field in ["containers", "initContainers", "ephemeralContainers"]
		some container in pod[field]
	]
	count(containers) > 0
	every container in containers { from_repository(object.get({"at": container}, ["at", "image"], "")) }
}

from_repository(text) if {
	some place in repositories
	images.within(images.parse(text), place)
}
