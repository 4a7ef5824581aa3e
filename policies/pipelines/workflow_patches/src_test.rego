package lockgate.pipelines.workflow_patches_test

import data.lockgate.pipelines.workflow_patches as rule

workflow(patch) := {
	"apiVersion": "argoproj.io/v1alpha1",
	"kind": "Workflow",
	"spec": {"podSpecPatch": patch, "templates": [{"name": "a", "container": {"image": "x"}}]},
}

said(patch, parameters) := [split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {"review": {"object": workflow(patch)}, "parameters": parameters}
]

unknown := "patch of pods is known only when it runs"

unreadable := "patch of pods cannot be read"

patches := {
	"": [],
	`{"containers": [{"name": "main", "resources": {"limits": {"memory": "4Gi"}}}], "nodeSelector": {"a": "b"}}`: [],
	"securityContext: {runAsUser: 1000, runAsNonRoot: true}": [],
	"containers: [{name: main, securityContext: {privileged: false, capabilities: {add: [], drop: [ALL]}}}]": [],
	"containers: [{name: main, image: evil}]": ["patch of pods sets image"],
	`{"Containers": [{"name": "main", "IMAGE": "evil"}]}`: ["patch of pods sets IMAGE"],
	"hostNetwork: true\nhostPID: true": ["patch of pods sets hostNetwork, hostPID"],
	"volumes: [{name: a, hostPath: {path: /}}]": ["patch of pods sets hostPath"],
	"containers: [{name: main, securityContext: {privileged: true}}]": ["patch of pods sets privileged"],
	"containers: [{name: main, securityContext: {capabilities: {add: [SYS_ADMIN]}}}]": ["patch of pods sets add"],
	"containers: [{name: main, securityContext: {procMount: Unmasked}}]": ["patch of pods sets procMount"],
	"securityContext: {runAsUser: 0}": ["patch of pods sets runAsUser"],
	"securityContext: {runAsUser: null}": ["patch of pods sets runAsUser"],
	"securityContext: {runAsNonRoot: false}": ["patch of pods sets runAsNonRoot"],
	"serviceAccountName: admin": ["patch of pods sets serviceAccountName"],
	"initContainers: [{$patch: delete, name: wait}]": ["patch of pods sets $patch"],
	"privileged: {{x}}": ["patch of pods sets privileged"],
	"{{inputs.parameters.pod-spec-patch}}": [unknown],
	`{"containers": [{"name": "main", "resources": {"limits": {"memory": "{{inputs.parameters.memory}}"}}}]}`: [unknown],
	"a: [1": [unreadable],
	"words": [unreadable],
	7: [unreadable],
	["a"]: [unreadable],
}

test_patches if {
	every patch, expected in patches {
		said(patch, {}) == expected
	}
}

test_undecidable_allowed if {
	given := {"undecidable": "allow"}
	said("{{inputs.parameters.pod-spec-patch}}", given) == []
	said("{{x}}: [", given) == []
	said("image: {{x}}", given) == ["patch of pods sets image"]
	said("a: [1", given) == [unreadable]
}

test_allowed_fields if {
	said("serviceAccountName: a\nhostIPC: true", {"allowedFields": ["SERVICEACCOUNTNAME"]}) == ["patch of pods sets hostIPC"]
}

test_templates_and_embedded_workflows if {
	template := {
		"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate",
		"spec": {"templateDefaults": {"podSpecPatch": "hostPID: true"}, "templates": [{"podSpecPatch": "hostIPC: true"}]},
	}
	sensor := {
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Sensor",
		"spec": {"triggers": [{"template": {"argoWorkflow": {"source": {"resource": template}}}}]},
	}
	count(rule.violation) == 2 with input as {"review": {"object": template}}
	count(rule.violation) == 2 with input as {"review": {"object": sensor}}
}

test_updates if {
	judged := workflow("hostPID: true")
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(judged, {"status": {"phase": "Running"}}), "oldObject": judged}}
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": workflow("")}}
	count(rule.violation) == 0 with input as {"review": {"operation": "DELETE", "object": judged}}
}

test_embedded_too_deep if {
	wrapped := {"apiVersion": "workload.codeflare.dev/v1beta2", "kind": "AppWrapper", "spec": {"components": [{"template": workflow("")}]}}
	twice := object.union(wrapped, {"spec": {"components": [{"template": object.union(wrapped, {"spec": {"components": [{"template": wrapped}]}})}]}})
	some violation in rule.violation with input as {"review": {"object": twice}}
	startswith(violation.msg, "objects are embedded too deep")
}
