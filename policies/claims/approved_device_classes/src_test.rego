package lockgate.claims.approved_device_classes_test

import data.lockgate.claims.approved_device_classes as rule

parameters := {"allowedDeviceClasses": ["gpu.nvidia.com", "mig.nvidia.com"]}

# Paths, as text, of the violations of an judged under these parameters.
paths(judged, given) := sort([path_of(violation) |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": given}
])

path_of(violation) := concat("/", [sprintf("%v", [element]) | some element in violation.details.path])

claim(version, spec) := {
	"apiVersion": sprintf("resource.k8s.io/%s", [version]),
	"kind": "ResourceClaim",
	"metadata": {"name": "claim"},
	"spec": spec,
}

template(version, spec) := {
	"apiVersion": sprintf("resource.k8s.io/%s", [version]),
	"kind": "ResourceClaimTemplate",
	"metadata": {"name": "template"},
	"spec": {"spec": spec},
}

requesting(requests) := {"devices": {"requests": requests}}

exactly(class) := {"name": "r", "exactly": {"deviceClassName": class}}

flat(class) := {"name": "r", "deviceClassName": class}

either(classes) := {"name": "r", "firstAvailable": [{"name": sprintf("a%d", [i]), "deviceClassName": class} | some i, class in classes]}

# Every version and shape, approved and not.
cases := {
	"v1 exactly": [claim("v1", requesting([exactly("gpu.nvidia.com")])), []],
	"v1 exactly, not approved": [
		claim("v1", requesting([exactly("gpu.nvidia.com"), exactly("other")])),
		["spec/devices/requests/1/exactly/deviceClassName"],
	],
	"v1beta2 exactly": [claim("v1beta2", requesting([exactly("mig.nvidia.com")])), []],
	"v1beta2 exactly, not approved": [
		claim("v1beta2", requesting([exactly("other")])),
		["spec/devices/requests/0/exactly/deviceClassName"],
	],
	"v1beta1 flat": [claim("v1beta1", requesting([flat("gpu.nvidia.com")])), []],
	"v1beta1 flat, not approved": [
		claim("v1beta1", requesting([flat("other")])),
		["spec/devices/requests/0/deviceClassName"],
	],
	"v1alpha3 flat": [claim("v1alpha3", requesting([flat("gpu.nvidia.com")])), []],
	"v1alpha3 flat, not approved": [
		claim("v1alpha3", requesting([flat("other")])),
		["spec/devices/requests/0/deviceClassName"],
	],
	"v1alpha2 class of the claim": [claim("v1alpha2", {"resourceClassName": "gpu.nvidia.com"}), []],
	"v1alpha2 class of the claim, not approved": [
		claim("v1alpha2", {"resourceClassName": "other"}),
		["spec/resourceClassName"],
	],
	"v1alpha2 template, not approved": [
		template("v1alpha2", {"resourceClassName": "other"}),
		["spec/spec/resourceClassName"],
	],
	"v1 template": [template("v1", requesting([exactly("gpu.nvidia.com")])), []],
	"v1 template, not approved": [
		template("v1", requesting([exactly("other")])),
		["spec/spec/devices/requests/0/exactly/deviceClassName"],
	],
	"v1beta1 template, not approved": [
		template("v1beta1", requesting([flat("other")])),
		["spec/spec/devices/requests/0/deviceClassName"],
	],
	"v1 alternatives": [claim("v1", requesting([either(["gpu.nvidia.com", "mig.nvidia.com"])])), []],
	"v1 last alternative not approved": [
		claim("v1", requesting([either(["gpu.nvidia.com", "mig.nvidia.com", "other"])])),
		["spec/devices/requests/0/firstAvailable/2/deviceClassName"],
	],
	"v1beta1 alternatives beside flat fields": [
		claim("v1beta1", requesting([{"name": "r", "firstAvailable": [{"name": "a", "deviceClassName": "other"}]}])),
		["spec/devices/requests/0/firstAvailable/0/deviceClassName"],
	],
	"template's alternatives": [
		template("v1beta2", requesting([either(["other", "gpu.nvidia.com"])])),
		["spec/spec/devices/requests/0/firstAvailable/0/deviceClassName"],
	],
	"flat shape in v1": [
		claim("v1", requesting([flat("other")])),
		["spec/devices/requests/0/deviceClassName"],
	],
	"exactly in v1beta1": [
		claim("v1beta1", requesting([object.union(flat("gpu.nvidia.com"), exactly("other"))])),
		["spec/devices/requests/0/exactly", "spec/devices/requests/0/exactly/deviceClassName"],
	],
	"both exactly and alternatives": [
		claim("v1", requesting([object.union(exactly("gpu.nvidia.com"), either(["other"]))])),
		["spec/devices/requests/0/firstAvailable/0/deviceClassName"],
	],
	"old field in v1": [
		claim("v1", {"resourceClassName": "other", "devices": {"requests": []}}),
		["spec/resourceClassName"],
	],
	"nothing requested": [claim("v1", {"devices": {}}), []],
	"no spec": [{"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim"}, []],
	"every known field": [
		claim("v1", requesting([{"name": "r", "exactly": {
			"deviceClassName": "gpu.nvidia.com",
			"selectors": [{"cel": {"expression": "true"}}],
			"allocationMode": "ExactCount",
			"count": 2,
			"adminAccess": false,
			"tolerations": [],
			"capacity": {},
		}}])),
		[],
	],
}

# In parts, since opa gives each test five seconds. The lists have each path once, so two violations of one would be seen.
test_shapes_of_v1 if {
	every name, expected in cases {
		judged_right(name, "v1 ", expected, true)
	}
}

test_versions_and_shapes if {
	every name, expected in cases {
		judged_right(name, "v1 ", expected, false)
	}
}

judged_right(name, prefix, _, wanted) if startswith(name, prefix) != wanted

judged_right(name, prefix, expected, wanted) if {
	startswith(name, prefix) == wanted
	paths(expected[0], parameters) == expected[1]
}

# What cannot be read is refused.
unreadable := {
	"version unknown": [claim("v2", requesting([exactly("gpu.nvidia.com")])), ["apiVersion"]],
	"requests of an early draft": [
		claim("v1alpha2", {"requests": [{"deviceClassName": "gpu.nvidia.com"}]}),
		["spec/requests"],
	],
	"field of the spec unknown": [claim("v1", {"devices": {}, "more": []}), ["spec/more"]],
	"spec is a list": [claim("v1", ["devices"]), ["spec/0"]],
	"way of asking unknown": [
		claim("v1", requesting([{"name": "r", "cheapest": {"deviceClassName": "gpu.nvidia.com"}}])),
		["spec/devices/requests/0", "spec/devices/requests/0/cheapest"],
	],
	"field of exactly unknown": [
		claim("v1", requesting([{"name": "r", "exactly": {"deviceClassName": "gpu.nvidia.com", "orElse": "other"}}])),
		["spec/devices/requests/0/exactly/orElse"],
	],
	"field of alternative unknown": [
		claim("v1", requesting([{"name": "r", "firstAvailable": [{"deviceClassName": "gpu.nvidia.com", "x": 1}]}])),
		["spec/devices/requests/0/firstAvailable/0/x"],
	],
	"admin access in an alternative": [
		claim("v1", requesting([{"name": "r", "firstAvailable": [{"deviceClassName": "gpu.nvidia.com", "adminAccess": true}]}])),
		["spec/devices/requests/0/firstAvailable/0/adminAccess"],
	],
	"no class": [claim("v1", requesting([{"name": "r"}])), ["spec/devices/requests/0"]],
	"exactly without a class": [
		claim("v1", requesting([{"name": "r", "exactly": {"count": 1}}])),
		["spec/devices/requests/0"],
	],
	"exactly null": [claim("v1", requesting([{"name": "r", "exactly": null}])), ["spec/devices/requests/0"]],
	"no alternatives": [claim("v1", requesting([{"name": "r", "firstAvailable": []}])), ["spec/devices/requests/0"]],
	"alternative without a class": [
		claim("v1", requesting([{"name": "r", "firstAvailable": [{"name": "a"}]}])),
		["spec/devices/requests/0/firstAvailable/0"],
	],
	"alternative is text": [
		claim("v1", requesting([{"name": "r", "firstAvailable": ["gpu.nvidia.com"]}])),
		["spec/devices/requests/0/firstAvailable/0"],
	],
	"request is text": [claim("v1", requesting(["gpu.nvidia.com"])), ["spec/devices/requests/0"]],
	"request is null": [claim("v1", requesting([null])), ["spec/devices/requests/0"]],
	"requests are an object": [
		claim("v1", requesting({"r": exactly("gpu.nvidia.com")})),
		["spec/devices/requests"],
	],
	"requests are text": [claim("v1", requesting("all")), ["spec/devices/requests"]],
	"devices are a list": [claim("v1", {"devices": [exactly("other")]}), ["spec/devices"]],
	"class is no text": [
		claim("v1", requesting([exactly(["gpu.nvidia.com"])])),
		["spec/devices/requests/0/exactly/deviceClassName"],
	],
	"class is empty": [
		claim("v1", requesting([exactly("")])),
		["spec/devices/requests/0/exactly/deviceClassName"],
	],
	"class has another case": [
		claim("v1", requesting([exactly("GPU.nvidia.com")])),
		["spec/devices/requests/0/exactly/deviceClassName"],
	],
	"class begins like an approved one": [
		claim("v1", requesting([exactly("gpu.nvidia.com.example")])),
		["spec/devices/requests/0/exactly/deviceClassName"],
	],
}

test_unreadable_is_refused if {
	every name, expected in unreadable {
		judged_right(name, "request", expected, false)
	}
}

test_unreadable_requests_are_refused if {
	every name, expected in unreadable {
		judged_right(name, "request", expected, true)
	}
}

test_accepted_fields if {
	judged := claim("v1", requesting([{"name": "r", "exactly": {"deviceClassName": "gpu.nvidia.com", "newField": 1}}]))
	count(paths(judged, parameters)) == 1
	paths(judged, object.union(parameters, {"acceptedRequestFields": ["newField"]})) == []
}

test_accepted_fields_do_not_approve_classes if {
	judged := claim("v1", requesting([{"name": "r", "exactly": {"deviceClassName": "other", "newField": 1}}]))
	given := object.union(parameters, {"acceptedRequestFields": ["newField", "deviceClassName", ""]})
	paths(judged, given) == ["spec/devices/requests/0/exactly/deviceClassName"]
}

# An empty name accepts no structural problem.
test_empty_accepted_field if {
	judged := claim("v2", requesting([exactly("gpu.nvidia.com")]))
	paths(judged, object.union(parameters, {"acceptedRequestFields": [""]})) == ["apiVersion"]
}

test_nothing_is_approved_without_parameters if {
	judged := claim("v1", requesting([exactly("gpu.nvidia.com")]))
	count(paths(judged, {})) == 1
	count(paths(judged, {"allowedDeviceClasses": []})) == 1
	count(rule.violation) == 1 with input as {"review": {"object": judged}}
}

pod(spec) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": spec}

asking(name) := {"name": "c", "resources": {"limits": {name: 1}}}

implicit := "deviceclass.resource.kubernetes.io/other"

test_implicit_extended_resource if {
	paths(pod({"containers": [asking(implicit)]}), parameters) == [sprintf("spec/containers/0/resources/limits/%s", [implicit])]
	paths(pod({"containers": [asking("deviceclass.resource.kubernetes.io/gpu.nvidia.com")]}), parameters) == []
}

test_implicit_extended_resource_everywhere if {
	spec := {
		"containers": [{"name": "c", "resources": {"requests": {implicit: "1"}}}],
		"initContainers": [asking(implicit)],
		"ephemeralContainers": [asking(implicit)],
		"resources": {"limits": {implicit: 1}},
	}
	count(paths(pod(spec), parameters)) == 4
}

test_implicit_extended_resource_in_workloads if {
	spec := {"containers": [asking(implicit)]}
	every judged in [
		{"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": spec}}},
		{"apiVersion": "ray.io/v1", "kind": "RayCluster", "spec": {"workerGroupSpecs": [{"template": {"spec": spec}}]}},
		{"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "spec": {"predictor": {"model": asking(implicit)}}},
		{"apiVersion": "trainer.kubeflow.org/v1alpha1", "kind": "TrainJob", "spec": {"trainer": {"resourcesPerNode": {"limits": {implicit: 1}}}}},
	] {
		count(paths(judged, parameters)) == 1
	}
}

test_extended_resources_are_judged_when_listed if {
	judged := pod({"containers": [asking("nvidia.com/gpu")]})
	paths(judged, parameters) == []
	paths(judged, object.union(parameters, {"allowedExtendedResources": ["nvidia.com/gpu"]})) == []
	paths(judged, object.union(parameters, {"allowedExtendedResources": []})) == ["spec/containers/0/resources/limits/nvidia.com/gpu"]
}

test_own_resources_of_kubernetes_are_no_extended_resources if {
	given := object.union(parameters, {"allowedExtendedResources": []})
	paths(pod({"containers": [{"resources": {"limits": {"cpu": 1, "hugepages-2Mi": "4Mi", "kubernetes.io/x": 1}}}]}), given) == []
	count(paths(pod({"containers": [asking("xkubernetes.io/y")]}), given)) == 1
}

service(annotations) := {
	"apiVersion": "serving.kserve.io/v1alpha2",
	"kind": "LLMInferenceService",
	"metadata": {"name": "llm", "annotations": annotations},
	"spec": {},
}

test_kserve_annotation if {
	key := "serving.kserve.io/exp-dra-device-class"
	paths(service({key: "gpu.nvidia.com"}), parameters) == []
	paths(service({key: "other"}), parameters) == [sprintf("metadata/annotations/%s", [key])]
	paths(service({"serving.kserve.io/exp-dra-device-count": "2"}), parameters) == []
}

wrapped(judged) := {
	"apiVersion": "workload.codeflare.dev/v1beta2",
	"kind": "AppWrapper",
	"spec": {"components": [{"template": judged}]},
}

test_embedded_claims if {
	inner := claim("v1", requesting([exactly("other")]))
	paths(wrapped(inner), parameters) == ["spec/components/0/template/spec/devices/requests/0/exactly/deviceClassName"]
	count(paths(wrapped(wrapped(inner)), parameters)) == 1
	paths(wrapped(wrapped(wrapped(inner))), parameters) == [
		"spec/components/0/template/spec/components/0/template/spec/components/0/template",
	]
}

test_other_kinds_are_not_judged if {
	paths({"apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass", "spec": {"selectors": []}}, parameters) == []
	paths({"apiVersion": "example.com/v1", "kind": "ResourceClaim", "spec": requesting([exactly("other")])}, parameters) == []
}

test_deletion_is_free if {
	judged := claim("v1", requesting([exactly("other")]))
	count(rule.violation) == 0 with input as {"review": {"object": judged, "operation": "DELETE"}, "parameters": parameters}
	count(rule.violation) == 1 with input as {"review": {"object": judged, "operation": "UPDATE"}, "parameters": parameters}
}

test_message if {
	judged := claim("v1", requesting([exactly("other")]))
	some violation in rule.violation with input as {
		"review": {"object": judged},
		"parameters": {"allowedDeviceClasses": ["gpu.nvidia.com"]},
	}
	violation.msg == concat("", [
		"DeviceClass is not approved at spec.devices.requests[0].exactly.deviceClassName (other); ",
		"approved are: gpu.nvidia.com; fix: set deviceClassName to gpu.nvidia.com",
	])
	violation.details == {
		"path": ["spec", "devices", "requests", 0, "exactly", "deviceClassName"],
		"value": "other",
		"fix": "set deviceClassName to gpu.nvidia.com",
	}
}

test_fixes if {
	given := {
		"none": [[], "set deviceClassName to an approved class"],
		"two": [["b", "a"], "set deviceClassName to one of a, b"],
		"five": [["a", "b", "c", "d", "e"], "set deviceClassName to an approved class"],
	}
	every expected in given {
		some violation in rule.violation with input as {
			"review": {"object": claim("v1", requesting([exactly("other")]))},
			"parameters": {"allowedDeviceClasses": expected[0]},
		}
		violation.details.fix == expected[1]
	}
}

test_fixes_of_resources if {
	given := {
		"one": [["a"], sprintf("replace %s by deviceclass.resource.kubernetes.io/a", [implicit])],
		"two": [["b", "a"], sprintf("remove %s, or name in it one of a, b", [implicit])],
	}
	every expected in given {
		some violation in rule.violation with input as {
			"review": {"object": pod({"containers": [asking(implicit)]})},
			"parameters": {"allowedDeviceClasses": expected[0]},
		}
		violation.details.fix == expected[1]
	}
}

test_the_annotation_of_kserve_means_nothing_elsewhere if {
	config := {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"annotations": {"serving.kserve.io/exp-dra-device-class": "x"}}}
	paths(config, parameters) == []
}

# A workflow's text is a pod only when it runs.
test_texts_are_undecidable if {
	workflow := {
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "w"},
		"spec": {"podSpecPatch": "{{inputs.parameters.patch}}", "templates": [{"name": "t", "resource": {"manifest": "kind: Pod"}}]},
	}
	paths_said(workflow, {"allowedDeviceClasses": []}) == set()
	paths_said(workflow, {"allowedDeviceClasses": [], "undecidable": "deny"}) == {"spec.podSpecPatch", "spec.templates[0].resource.manifest"}
}

paths_said(judged, parameters) := {split(split(violation.msg, " at ")[1], " (")[0] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}
