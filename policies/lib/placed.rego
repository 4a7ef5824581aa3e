# METADATA
# title: Where an object lies
# description: The namespace of the object under review, and whether it is an agent of nodes there.
package lib.lockgate.placed

import data.lib.lockgate.owners
import data.lib.lockgate.review
import data.lib.lockgate.workloads

# METADATA
# description: The namespace, which at admission the request says, and a file says in the object or nowhere; "" where nothing tells it.
default namespace := ""

namespace := input.review.namespace if {
	is_string(input.review.namespace)
	input.review.namespace != ""
} else := review.target.metadata.namespace if {
	is_string(review.target.metadata.namespace)
}

# METADATA
# description: |
#   Whether the object is an agent of nodes in one of these namespaces: a DaemonSet, or a pod that one controls. Drivers and monitors of nodes are
#   such, and whoever may make one in their namespaces is trusted with nodes already.
agent_in(namespaces) if {
	namespace in namespaces
	is_agent
}

is_agent if workloads.identity(review.target) in {"apps/DaemonSet", "extensions/DaemonSet"}

is_agent if {
	workloads.identity(review.target) == "/Pod"
	some owner in owners.controllers(review.target)
	owner.kind == "DaemonSet"
}
