package lib.lockgate.placed_test

import data.lib.lockgate.placed

daemon_set := {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "d", "namespace": "kube-system"}}

test_namespace if {
	placed.namespace == "" with input as {"review": {"object": {"metadata": {"name": "x"}}}}
	placed.namespace == "" with input as {"review": {"object": {"metadata": {"namespace": 7}}, "namespace": ""}}
	placed.namespace == "kube-system" with input as {"review": {"object": daemon_set}}
	placed.namespace == "team" with input as {"review": {"object": daemon_set, "namespace": "team"}}
}

agent(judged) if placed.agent_in({"kube-system"}) with input as {"review": {"object": judged}}

controlled_by(kind) := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"namespace": "kube-system", "ownerReferences": [{"apiVersion": "apps/v1", "kind": kind, "name": "d", "controller": true}]},
}

test_agents if {
	agent(daemon_set)
	agent(controlled_by("DaemonSet"))
	not agent(controlled_by("ReplicaSet"))
	not agent(object.union(daemon_set, {"metadata": {"namespace": "team"}}))
	not agent(object.union(daemon_set, {"kind": "Deployment"}))
	not agent({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "d"}})
}
