package lockgate.claims.reachable_devices_test

import data.lib.lockgate.external
import data.lockgate.claims.reachable_devices as rule

# What the provider says in these tests: by class and by resource; it looks at no selectors but their number.
products := {
	"gpu": [product("gpu.nvidia.com", {"productName": "A100", "ecc": true}, "")],
	"wide": [product("gpu.nvidia.com", {"productName": "A100"}, ""), product("dra.net", {}, "")],
	"new": [product("gpu.nvidia.com", {"productName": "H200"}, "")],
	"old": [product("gpu.nvidia.com", {}, "")],
	"perhaps": [product("gpu.example.com", {}, "selector `x` fails: no such key: x")],
	"none": [],
	"many": [product(sprintf("d%d.example.com", [i]), {}, "") | some i in numbers.range(1, 5)],
}

product(driver, attributes, trouble) := {
	"driver": driver, "attributes": attributes, "devices": 2, "trouble": trouble,
}

answered(_, keys) := {"responses": pairs, "errors": errors, "status_code": 200, "system_error": ""} if {
	pairs := [[key, value(key)] | some key in keys; value(key)]
	errors := [[key, "not decidable: there is no DeviceClass"] | some key in keys; not value(key)]
}

value(key) := {"class": question.class, "devices": 2 * count(found), "products": found} if {
	question := json.unmarshal(key)
	found := products[question.class]
} else := {"class": null, "devices": 0, "products": []} if {
	json.unmarshal(key).resource == "plugin.example.com/gpu"
} else := {"class": "wide", "devices": 4, "products": products.wide} if {
	json.unmarshal(key).resource == "nvidia.com/gpu"
} else := {"class": null, "devices": 4, "products": products.wide} if {
	asked_alone(key) == []
} else := {"class": null, "devices": 0, "products": []} if {
	asked_alone(key) == ["false"]
}

# What a class selects by itself.
asked_alone(key) := question.selectors if {
	question := json.unmarshal(key)
	not question.class
}

silent(_, _) := {"responses": [], "errors": [], "status_code": 200, "system_error": ""}

odd(_, keys) := {"responses": [[key, true] | some key in keys], "errors": [], "status_code": 200, "system_error": ""}

down(_, _) := json.unmarshal(`{"responses": null, "errors": null, "status_code": 0, "system_error": "it is down"}`)

allowed := [{"driver": "gpu.nvidia.com", "attributes": {"productName": ["A*", "B200"]}}]

messages(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged, "namespace": "team-a"}, "parameters": parameters}
		with external.answers as answered
}

clean(judged, parameters) if count(messages(judged, parameters)) == 0

says(judged, parameters, text) if {
	[message] := [message | some message in messages(judged, parameters)]
	contains(message, text)
}

claim(class) := with_request({"name": "gpu", "exactly": {"deviceClassName": class}})

with_request(request) := {
	"apiVersion": "resource.k8s.io/v1",
	"kind": "ResourceClaim",
	"metadata": {"name": "c", "namespace": "other"},
	"spec": {"devices": {"requests": [request]}},
}

pod(name) := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "p"},
	"spec": {"containers": [{"name": "c", "image": "i", "resources": {"limits": {name: 1}}}]},
}

class(selectors) := {
	"apiVersion": "resource.k8s.io/v1",
	"kind": "DeviceClass",
	"metadata": {"name": "new"},
	"spec": {"selectors": [{"cel": {"expression": text}} | some text in selectors]},
}

test_what_is_approved_is_allowed if {
	clean(claim("gpu"), {"allowed": allowed})
	clean(claim("wide"), {"allowed": array.concat(allowed, [{"driver": "dra.net"}])})
}

test_what_is_not_approved_is_told if {
	says(claim("wide"), {"allowed": allowed}, "exactly.deviceClassName (wide); it reaches 2 of dra.net; fix: add a selector")
	says(claim("new"), {"allowed": allowed}, "it reaches 2 of gpu.nvidia.com productName=H200")
	says(claim("gpu"), {}, "it reaches 2 of gpu.nvidia.com; fix")
	says(claim("many"), {"allowed": allowed}, "2 of d3.example.com and 2 kinds more; fix")
}

test_an_attribute_that_a_device_lacks_is_not_approved if says(claim("old"), {"allowed": allowed}, "2 of gpu.nvidia.com; fix")

test_attributes_that_are_no_text if {
	clean(claim("gpu"), {"allowed": [{"driver": "gpu.nvidia.com", "attributes": {"ecc": ["true"]}}]})
	says(claim("gpu"), {"allowed": [{"driver": "gpu.nvidia.com", "attributes": {"ecc": ["false"]}}]}, "ecc=true")
}

test_what_is_perhaps_reached_is_reached if says(
	claim("perhaps"), {"allowed": allowed},
	"it reaches 2 of gpu.example.com (perhaps: selector `x` fails: no such key: x)",
)

test_what_reaches_nothing if {
	says(claim("none"), {"allowed": allowed}, "request reaches no device that is known")
	clean(claim("none"), {"allowed": allowed, "unreached": "allow"})
}

test_what_cannot_be_decided_is_told if {
	says(claim("unknown"), {"allowed": allowed}, "what is reached cannot be told at spec.devices.requests[0].exactly.deviceClassName (unknown); not decidable: there is no DeviceClass; fix")
	says(claim("unknown"), {"allowed": allowed, "unreached": "allow"}, "what is reached cannot be told")
}

asking := [claim("gpu"), pod("nvidia.com/gpu"), class([])]

lenient := {"allowed": allowed, "unreached": "allow"}

test_a_provider_that_says_nothing_denies if {
	every judged in asking {
		some violation in rule.violation with input as {"review": {"object": judged}, "parameters": lenient}
			with external.answers as silent
		contains(violation.msg, "the provider said nothing of it")
	}
}

test_a_provider_that_says_something_else_denies if {
	every judged in asking {
		some violation in rule.violation with input as {"review": {"object": judged}, "parameters": lenient}
			with external.answers as odd
		contains(violation.msg, "the provider said nothing of it")
	}
}

test_a_provider_that_is_down_denies if {
	every judged in asking {
		some violation in rule.violation with input as {"review": {"object": judged}, "parameters": lenient}
			with external.answers as down
		contains(violation.msg, "; it is down; fix")
	}
}

test_where_nobody_answers_nothing_is_let_through if {
	some violation in rule.violation with input as {"review": {"object": claim("gpu")}, "parameters": {"allowed": allowed}}
	contains(violation.msg, "there is no external data here")
}

test_nothing_is_asked_about_what_asks_for_nothing if {
	plain := {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}}
	count(rule.violation) == 0 with input as {"review": {"object": plain}, "parameters": {}}
	not rule.answers with input as {"review": {"object": plain}, "parameters": {}}
}

test_the_end_of_an_object_is_let_through if {
	count(rule.violation) == 0 with input as {"review": {"object": claim("new"), "operation": "DELETE"}, "parameters": {}}
}

test_every_shape_is_asked_about if {
	every request in [
		{"name": "gpu", "deviceClassName": "new"},
		{"name": "gpu", "firstAvailable": [{"name": "a", "deviceClassName": "gpu"}, {"name": "b", "deviceClassName": "new"}]},
		{"name": "gpu", "exactly": {"deviceClassName": "new", "selectors": [{"cel": {"expression": "true"}}]}},
	] {
		some message in messages(with_request(request), {"allowed": allowed})
		contains(message, "productName=H200")
	}
	beta := object.union(with_request({"name": "gpu", "deviceClassName": "new"}), {"apiVersion": "resource.k8s.io/v1beta1"})
	says(beta, {"allowed": allowed}, "at spec.devices.requests[0].deviceClassName (new)")
}

test_templates_and_workloads if {
	template := {
		"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaimTemplate", "metadata": {"name": "t"},
		"spec": {"spec": claim("new").spec},
	}
	says(template, {"allowed": allowed}, "at spec.spec.devices.requests[0].exactly.deviceClassName (new)")
	deployment := {
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
		"spec": {"template": {"spec": pod("deviceclass.resource.kubernetes.io/new").spec}},
	}
	says(deployment, {"allowed": allowed}, "productName=H200")
}

test_extended_resources if {
	says(pod("nvidia.com/gpu"), {"allowed": allowed}, "it reaches 2 of dra.net")
	says(pod("deviceclass.resource.kubernetes.io/new"), {"allowed": allowed}, "productName=H200")
	clean(pod("deviceclass.resource.kubernetes.io/gpu"), {"allowed": allowed})
	clean(pod("plugin.example.com/gpu"), {"allowed": allowed})
	says(pod("unknown.example.com/gpu"), {"allowed": allowed}, "what is reached cannot be told")
}

test_annotations if {
	server := {
		"apiVersion": "serving.kserve.io/v1alpha1", "kind": "LLMInferenceService",
		"metadata": {"name": "s", "annotations": {"serving.kserve.io/exp-dra-device-class": "new"}},
	}
	says(server, {"allowed": allowed}, "productName=H200")
}

test_classes_are_asked_what_they_select if {
	says(class([]), {"allowed": allowed}, "at spec (new); it reaches 2 of dra.net")
	clean(class([]), {"allowed": array.concat(allowed, [{"driver": "dra.net"}])})
	clean(class(["false"]), {"allowed": allowed})
	says(class(["what?"]), {"allowed": allowed}, "what is reached cannot be told at spec.selectors (new)")
}

test_namespaces_have_approvals_of_their_own if {
	mine := [{"names": ["team-*"], "allowed": [{"driver": "dra.net"}]}]
	clean(claim("wide"), {"allowed": allowed, "namespaces": mine})
	clean(class([]), {"allowed": allowed, "namespaces": mine})
	theirs := [{"names": ["other", "team-b"], "allowed": [{"driver": "dra.net"}]}]
	says(claim("wide"), {"allowed": allowed, "namespaces": theirs}, "it reaches 2 of dra.net")
	clean(class([]), {"allowed": allowed, "namespaces": theirs})
}

test_the_namespace_is_that_of_the_object_where_the_request_has_none if {
	parameters := {"namespaces": [{"names": ["other"], "allowed": [{"driver": "gpu.nvidia.com"}]}]}
	count(rule.violation) == 0 with input as {"review": {"object": claim("gpu")}, "parameters": parameters}
		with external.answers as answered
}

test_what_cannot_be_read_is_told if {
	some message in messages(with_request({"name": "gpu", "exactly": {"deviceClassName": "gpu", "selectors": [{"cel": null}]}}), {"allowed": allowed})
	contains(message, "the selector has no CEL expression")
}

test_a_new_field_may_be_accepted if {
	newer := with_request({"name": "gpu", "exactly": {"deviceClassName": "gpu", "novel": 1}})
	count(messages(newer, {"allowed": allowed})) == 1
	clean(newer, {"allowed": allowed, "acceptedRequestFields": ["novel"]})
}

update(old, new) := [violation |
	some violation in rule.violation with input as {
		"review": {"operation": "UPDATE", "object": new, "oldObject": old},
		"parameters": {"allowed": allowed},
	}
		with external.answers as answered
]

test_controllers_may_write_what_says_nothing_of_devices if {
	count(update(claim("new"), object.union(claim("new"), {"metadata": {"finalizers": ["x"]}}))) == 0
	count(update(claim("new"), object.union(claim("new"), {"status": {"reservedFor": []}}))) == 0
	count(update(claim("gpu"), claim("new"))) == 1
	count(update(class(["false"]), class([]))) == 1
}
