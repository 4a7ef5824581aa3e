package lockgate.workloads.host_access_test

import data.lockgate.workloads.host_access as rule

pod(spec) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": object.union({"containers": [{"name": "c", "image": "c"}]}, spec)}

mounting(path) := pod({"volumes": [{"name": "v", "hostPath": {"path": path}}]})

found(judged, parameters) := {violation.details.path: violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

test_shared_namespaces if {
	every field in ["hostIPC", "hostNetwork", "hostPID"] {
		found(pod({field: true}), {})[["spec", field]]

		# What is neither is not known to be off.
		found(pod({field: "true"}), {})[["spec", field]]
		found(pod({field: {}}), {})[["spec", field]]
		count(found(pod({field: false}), {})) == 0
		count(found(pod({field: null}), {})) == 0
		count(found(pod({field: true}), {"allowed": [field]})) == 0
	}
	count(found(pod({"hostNetwork": true, "hostPID": true}), {"allowed": ["hostNetwork"]})) == 1
}

test_host_processes if {
	found(pod({"securityContext": {"windowsOptions": {"hostProcess": true}}}), {})[["spec", "securityContext", "windowsOptions", "hostProcess"]]
	some path, _ in found(
		pod({"containers": [{"name": "c", "image": "c", "securityContext": {"windowsOptions": {"hostProcess": true}}}]}),
		{},
	)
	path == ["spec", "containers", 0, "securityContext", "windowsOptions", "hostProcess"]
	count(found(pod({"securityContext": {"windowsOptions": {"hostProcess": false}}}), {})) == 0
}

test_folders if {
	every path in ["/home", "/mnt/models", "/var/log", "relative", 7, null] {
		found(mounting(path), {})[["spec", "volumes", 0, "hostPath", "path"]]
	}
	count(found(pod({"volumes": [{"name": "v", "hostPath": {}}]}), {})) == 1
	count(found(pod({"volumes": [{"name": "v", "emptyDir": {}}]}), {})) == 0
}

test_folders_of_devices_are_for_another_rule if {
	every path in ["/dev/nvidia0", "/", "/etc", "/var/run/docker.sock", "/mnt/../dev"] {
		count(found(mounting(path), {})) == 0
	}
}

test_allowed_folders if {
	allowing := {"allowedPaths": ["/mnt/models/"]}
	every path in ["/mnt/models", "/mnt//models/", "/mnt/models/fraud/1"] {
		count(found(mounting(path), allowing)) == 0
	}
	every path in ["/mnt", "/mnt/models2", "/mnt/other"] {
		count(found(mounting(path), allowing)) == 1
	}

	# A list that names the root allows nothing by it.
	count(found(mounting("/home"), {"allowedPaths": ["/"]})) == 1
	count(found(mounting("/home"), {"allowed": ["hostPath"]})) == 0
}

test_volumes_and_workflows if {
	found({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"}, "spec": {"hostPath": {"path": "/data"}}}, {})[["spec", "hostPath", "path"]]

	# A local volume is given to a node's pods by the scheduler.
	count(found({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"}, "spec": {"local": {"path": "/data"}}}, {})) == 0
	found(
		{"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "w"}, "spec": {"hostNetwork": true, "templates": []}},
		{},
	)[["spec", "hostNetwork"]]
}

test_other_kinds if {
	some path, _ in found(
		{
			"apiVersion": "ray.io/v1",
			"kind": "RayCluster",
			"metadata": {"name": "r"},
			"spec": {"workerGroupSpecs": [{"template": {"spec": {"hostNetwork": true, "containers": [{"name": "w", "image": "w"}]}}}]},
		},
		{},
	)
	path == ["spec", "workerGroupSpecs", 0, "template", "spec", "hostNetwork"]
}

test_an_update_that_leaves_it if {
	judged := pod({"hostNetwork": true})
	count({1 |
		some _ in rule.violation with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}}
	}) == 0
}

test_placeholders if {
	every field in ["hostIPC", "hostNetwork", "hostPID"] { count(found(pod({field: "${HOST}"}), {})) == 0 }
	count(found(mounting("${FOLDER}"), {})) == 0
}

test_dangerous_folders_alone if {
	dangerous := {"refuse": "dangerous"}
	every path in ["/home", "/var/log", "/usr/bin", "/root/.ssh", "/var/lib/kubelet/pki", "/srv/x.sock", 7, null] {
		count(found(mounting(path), dangerous)) == 1
	}
	every path in ["/mnt/models", "/etc/localtime", "/home/kubernetes/bin/nvidia", "/var/lib/kubelet/pod-resources"] {
		count(found(mounting(path), dangerous)) == 0
		count(found(mounting(path), {})) == 1
	}
	count(found(mounting("/var/log/app"), {"refuse": "dangerous", "allowedPaths": ["/var/log/app"]})) == 0
}

test_agents if {
	parameters := {"agentNamespaces": ["kube-system"]}
	reaching := pod({"hostPID": true, "securityContext": {"windowsOptions": {"hostProcess": true}}, "volumes": [{"name": "v", "hostPath": {"path": "/var/log"}}]})
	agent := {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"namespace": "kube-system"}, "spec": {"template": reaching}}
	count(found(agent, parameters)) == 0
	count(found(agent, {})) == 3
	count(found(object.union(agent, {"kind": "Deployment"}), parameters)) == 3
}

test_texts if {
	manifest := yaml.marshal(pod({"hostPID": true, "volumes": [{"name": "v", "hostPath": {"path": "/"}}]}))
	workflow := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "w"}, "spec": {"templates": [{"name": "a", "resource": {"manifest": manifest}}]}}
	messages := {violation.msg | some violation in rule.violation with input as {"review": {"object": workflow}, "parameters": {"refuse": "dangerous"}}}
	count(messages) == 2
	every message in messages { contains(message, " at spec.templates[0].resource.manifest (") }
	some message in messages
	endswith(message, "fix: remove hostPID in the text of manifest")
}
