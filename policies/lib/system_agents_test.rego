package lib.lockgate.system_agents_test

import data.lib.lockgate.system_agents

container(image) := {"name": "c", "image": image}

spec(images) := {"containers": [container(image) | some image in images]}

agent(kind, namespace, images) := {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "a", "namespace": namespace}, "spec": {"template": {"spec": spec(images)}}}

pod(namespace, owners) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": namespace, "ownerReferences": owners}, "spec": spec(["x"])}

covered(judged, path, parameters) if system_agents.covers(path) with input as {"review": {"object": judged}, "parameters": parameters}

place := ["spec", "template", "spec", "hostPID"]

test_namespaces if {
	parameters := {"agentNamespaces": ["kube-system"]}
	covered(agent("DaemonSet", "kube-system", ["x"]), place, parameters)
	not covered(agent("DaemonSet", "kube-system", ["x"]), place, {})
	not covered(agent("DaemonSet", "kube-system-2", ["x"]), place, parameters)
	not covered(agent("DaemonSet", null, ["x"]), place, parameters)
	not covered(agent("Deployment", "kube-system", ["x"]), place, parameters)
	not covered(json.remove(agent("DaemonSet", "kube-system", ["x"]), ["metadata/namespace"]), place, parameters)
	system_agents.covers(place) with input as {
		"review": {"namespace": "kube-system", "object": json.remove(agent("DaemonSet", "", ["x"]), ["metadata/namespace"])},
		"parameters": parameters,
	}
}

test_pods_of_agents if {
	parameters := {"agentNamespaces": ["kube-system"]}
	every kind in ["DaemonSet", "Node"] {
		covered(pod("kube-system", [{"kind": kind, "controller": true}]), ["spec", "hostPID"], parameters)
		not covered(pod("team-a", [{"kind": kind, "controller": true}]), ["spec", "hostPID"], parameters)
		not covered(pod("kube-system", [{"kind": kind}]), ["spec", "hostPID"], parameters)
	}
	not covered(pod("kube-system", [{"kind": "Job", "controller": true}]), ["spec", "hostPID"], parameters)
	not covered(pod("kube-system", null), ["spec", "hostPID"], parameters)
}

test_what_is_embedded if {
	parameters := {"agentNamespaces": ["kube-system"]}
	wrapper := {
		"apiVersion": "workload.codeflare.dev/v1beta2", "kind": "AppWrapper", "metadata": {"namespace": "kube-system"},
		"spec": {"components": [{"template": agent("DaemonSet", "kube-system", ["x"])}]},
	}
	not covered(wrapper, array.concat(["spec", "components", 0, "template"], place), parameters)
}

test_images if {
	parameters := {"agentImages": ["registry.example.com/drivers"]}
	ours := "registry.example.com/drivers/gpu:1"
	covered(agent("Deployment", "team-a", [ours]), place, parameters)
	covered(agent("Deployment", "team-a", [ours, "registry.example.com/drivers/x@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]), place, parameters)
	not covered(agent("Deployment", "team-a", [ours, "registry.example.com/app"]), place, parameters)
	not covered(agent("Deployment", "team-a", [ours, null]), place, parameters)
	not covered(agent("Deployment", "team-a", ["registry.example.com/drivers-evil/gpu"]), place, parameters)
	not covered(agent("Deployment", "team-a", []), place, parameters)
	nameless := {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [container(ours), {"name": "d"}]}}
	not covered(nameless, ["spec", "hostPID"], parameters)
}
