package lockgate.workloads.container_rights_test

import data.lockgate.workloads.container_rights as rule

pod(spec) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": object.union({"containers": [{"name": "c", "image": "c"}]}, spec)}

container(context) := pod({"containers": [{"name": "c", "image": "c", "securityContext": context}]})

found(judged, parameters) := {violation.details.path |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

context := ["spec", "containers", 0, "securityContext"]

test_capabilities if {
	every name in ["SYS_ADMIN", "sys_admin", "CAP_SYS_ADMIN", "ALL", "NET_RAW", " SYS_PTRACE ", 7, null] {
		found(container({"capabilities": {"add": [name]}}), {}) == {array.concat(context, ["capabilities", "add", 0])}
	}
	every name in ["CHOWN", "CAP_IPC_LOCK", "net_bind_service"] {
		count(found(container({"capabilities": {"add": [name]}}), {})) == 0
	}
	count(found(container({"capabilities": {"drop": ["ALL"]}}), {})) == 0
	count(found(container({"capabilities": {"add": null}}), {})) == 0
	found(container({"capabilities": {"add": "SYS_ADMIN"}}), {}) == {array.concat(context, ["capabilities", "add"])}
}

test_a_list_in_place_of_the_default if {
	count(found(container({"capabilities": {"add": ["CHOWN"]}}), {"allowedCapabilities": []})) == 1
	count(found(container({"capabilities": {"add": ["NET_RAW"]}}), {"allowedCapabilities": ["cap_net_raw"]})) == 0
}

test_profiles_that_are_off if {
	every field in ["appArmorProfile", "seccompProfile"] {
		found(container({field: {"type": "Unconfined"}}), {}) == {array.concat(context, [field, "type"])}
		found(pod({"securityContext": {field: {"type": "unconfined"}}}), {}) == {["spec", "securityContext", field, "type"]}
		count(found(container({field: {"type": "RuntimeDefault"}}), {})) == 0
	}
}

test_annotations if {
	name := "container.apparmor.security.beta.kubernetes.io/c"
	annotations := {name: "unconfined", "other": "unconfined"}
	judged := object.union(pod({}), {"metadata": {"annotations": annotations}})
	found(judged, {}) == {["metadata", "annotations", name]}
	deployment := {
		"apiVersion": "apps/v1",
		"kind": "Deployment",
		"metadata": {"name": "d"},
		"spec": {"template": {"metadata": {"annotations": annotations}, "spec": {"containers": []}}},
	}
	found(deployment, {}) == {["spec", "template", "metadata", "annotations", name]}
}

test_proc if {
	found(container({"procMount": "Unmasked"}), {}) == {array.concat(context, ["procMount"])}
	count(found(container({"procMount": "Default"}), {})) == 0
}

test_sysctls if {
	found(pod({"securityContext": {"sysctls": [{"name": "kernel.shmmax", "value": "1"}, {"name": "net.ipv4.tcp_rmem", "value": "1"}, 7]}}), {}) == {
		["spec", "securityContext", "sysctls", 0, "name"],
		["spec", "securityContext", "sysctls", 2, "name"],
	}
}

test_root if {
	asked := {"requireNonRoot": true}
	found(pod({}), asked) == {array.concat(context, ["runAsNonRoot"])}
	count(found(pod({"securityContext": {"runAsNonRoot": true}}), asked)) == 0
	count(found(container({"runAsNonRoot": true}), asked)) == 0

	# A container's own word counts.
	count(found(
		pod({
			"securityContext": {"runAsNonRoot": true},
			"containers": [{"name": "c", "image": "c", "securityContext": {"runAsNonRoot": false}}],
		}),
		asked,
	)) == 1
	count(found(pod({}), {})) == 0
}

test_escalation if {
	asked := {"requireNoEscalation": true}
	found(pod({}), asked) == {array.concat(context, ["allowPrivilegeEscalation"])}
	count(found(container({"allowPrivilegeEscalation": false}), asked)) == 0
	count(found(container({"allowPrivilegeEscalation": "false"}), asked)) == 1
}

test_contexts_of_other_types if {
	every value in ["x", 7, null, ["x"]] {
		count(found(container(value), {})) == 0
	}
}

test_an_update_that_leaves_it if {
	judged := container({"capabilities": {"add": ["SYS_ADMIN"]}})
	count({1 |
		some _ in rule.violation with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}}
	}) == 0
}

test_placeholders if {
	count(found(container({"capabilities": {"add": ["${CAPABILITY}"]}, "procMount": "${PROC}", "allowPrivilegeEscalation": "${GAIN}"}), {})) == 0
}

test_escalation_that_is_asked_for if {
	every value in [true, "true", 1] {
		every parameters in [{}, {"requireNoEscalation": true}] {
			found(container({"allowPrivilegeEscalation": value}), parameters) == {array.concat(context, ["allowPrivilegeEscalation"])}
		}
	}
	every value in [false, null] { count(found(container({"allowPrivilegeEscalation": value}), {})) == 0 }
	outside := {"apiVersion": "serving.kserve.io/v1alpha1", "kind": "ClusterStorageContainer", "spec": {"container": {"securityContext": {"allowPrivilegeEscalation": true}}}}
	count(found(outside, {"requireNoEscalation": true})) == 1
}

test_dropped if {
	asked := {"requireDropAll": true}
	place := {array.concat(context, ["capabilities", "drop"])}
	count(found(container({"capabilities": {"drop": ["NET_RAW", "all"]}}), asked)) == 0
	every value in [null, "x", [], {}, {"capabilities": "x"}, {"capabilities": {"drop": "ALL"}}, {"capabilities": {"drop": ["NET_RAW", 7]}}] {
		found(container(value), asked) == place
	}
	predictor := {"predictor": {"containers": [{"name": "c"}]}}
	count(found({"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "spec": predictor}, asked)) == 0
}

test_agents if {
	parameters := {"agentNamespaces": ["gpu-operator"], "requireDropAll": true, "requireNoEscalation": true, "requireNonRoot": true}
	context_of_driver := {"capabilities": {"add": ["ALL"]}, "procMount": "Unmasked", "allowPrivilegeEscalation": true}
	annotations := {"container.apparmor.security.beta.kubernetes.io/c": "unconfined"}
	template := object.union(container(context_of_driver), {"metadata": {"annotations": annotations}})
	driver := {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"namespace": "gpu-operator", "annotations": annotations}, "spec": {"template": template}}
	count(found(driver, parameters)) == 0
	count(found(object.union(driver, {"metadata": {"namespace": "team-a"}}), parameters)) == 7
}

test_texts if {
	patch := json.marshal({"containers": [{"name": "main", "securityContext": {"privileged": true, "procMount": "Unmasked", "allowPrivilegeEscalation": true, "capabilities": {"add": ["SYS_ADMIN", "CHOWN"]}}}]})
	workflow := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "w"}, "spec": {"podSpecPatch": patch}}
	every parameters in [{}, {"requireNoEscalation": true}] {
		messages := {violation.msg | some violation in rule.violation with input as {"review": {"object": workflow}, "parameters": parameters}}
		count(messages) == 4
		every message in messages { contains(message, " at spec.podSpecPatch (") }
	}
	odd := object.union(workflow, {"spec": {"podSpecPatch": `{"containers": [{"securityContext": {"capabilities": {"add": "ALL"}}}, {"securityContext": 7}]}`}})
	count(found(odd, {})) == 1
}
