# METADATA
# title: Updates
# description: |
#   An update that leaves as it was what an object asks for, or asks for less. Controllers write metadata (finalizers above all) and status of
#   objects that were made before a rule, and a rollout takes the old ReplicaSet down pod by pod: a rule that goes by what the cluster
#   has now must not keep them from it. What people change by an update is judged whole.
package lib.lockgate.updates

# METADATA
# description: Whether the request is such an update.
unchanged if {
	input.review.operation == "UPDATE"
	is_object(input.review.oldObject)
	marks(input.review.object) == marks(input.review.oldObject)
	no_more(input.review.object, input.review.oldObject)
}

# METADATA
# description: |
#   The same, where annotations are what a rule goes by: finalizers, labels and status may differ.
unchanged_annotated if {
	unchanged
	annotations(input.review.object) == annotations(input.review.oldObject)
}

annotations(value) := object.get(object.get(value, "metadata", {}), "annotations", {})

about := ["metadata", "status"]

no_more(new, old) if {
	object.remove(new, about) == object.remove(old, about)
} else if {
	new.apiVersion in {"apps/v1", "v1"}
	new.kind in {"Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"}
	is_number(new.spec.replicas)
	is_number(old.spec.replicas)
	new.spec.replicas >= 0
	new.spec.replicas <= old.spec.replicas
	object.remove(new, array.concat(about, ["spec"])) == object.remove(old, array.concat(about, ["spec"]))
	object.remove(new.spec, ["replicas"]) == object.remove(old.spec, ["replicas"])
}

# What is said about an object and yet asks for something: annotations of which KServe makes a claim, which runtimes give devices by, which
# say how many pods Knative makes, how Services are routed, where sets of jobs run, and Kueue's queues.
asking_words := [
	"/exp-dra-", "cdi.k8s.io/", "devices.nri.io", "devices.noderesource.dev", "autoscaling.knative.dev/",
	"service.kubernetes.io/topology-", "/exclusive-topology", "kueue.x-k8s.io/",
]

marks(value) := [found |
	some field in ["annotations", "labels"]
	found := {name: text |
		some name, text in object.get(object.get(value, "metadata", {}), field, {})
		some word in asking_words
		contains(name, word)
	}
]
