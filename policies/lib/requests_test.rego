package lib.lockgate.requests_test

import data.lib.lockgate.claims
import data.lib.lockgate.requests

claim(version, devices) := {
	"apiVersion": sprintf("resource.k8s.io/%s", [version]), "kind": "ResourceClaim",
	"metadata": {"name": "c"}, "spec": {"devices": devices},
}

template(version, devices) := {
	"apiVersion": sprintf("resource.k8s.io/%s", [version]), "kind": "ResourceClaimTemplate",
	"metadata": {"name": "t"}, "spec": {"spec": {"devices": devices}},
}

asked(object) := found if {
	found := requests.requests with input as {"review": {"object": object}}
}

leaf := {
	"deviceClassName": "gpu", "allocationMode": "ExactCount", "count": 3, "adminAccess": true,
	"selectors": [{"cel": {"expression": "true"}}], "tolerations": [{"operator": "Exists"}],
	"capacity": {"requests": {"memory": "1Gi"}},
}

# What a request is, wherever it is written.
model := {
	"how": "request", "name": "r", "alternative": -1, "class": "gpu", "mode": "ExactCount", "count": 3, "admin": true,
	"selectors": [{"cel": {"expression": "true"}}], "tolerations": [{"operator": "Exists"}], "capacity": {"memory": "1Gi"},
}

same(found, expected) if {
	every field, value in expected {
		found[field] == value
	}
}

test_one_model_for_every_version if {
	every version in ["v1alpha3", "v1beta1"] {
		[found] := asked(claim(version, {"requests": [object.union({"name": "r"}, leaf)]}))
		same(found, object.union(model, {"version": version, "path": ["spec", "devices", "requests", 0]}))
	}
	every version in ["v1beta2", "v1"] {
		[found] := asked(template(version, {"requests": [{"name": "r", "exactly": leaf}]}))
		path := ["spec", "spec", "devices", "requests", 0, "exactly"]
		same(found, object.union(model, {"version": version, "path": path, "claim": ["spec", "spec"]}))
		found.class_path == array.concat(path, ["deviceClassName"])
	}
}

test_defaults if {
	[found] := asked(claim("v1", {"requests": [{"name": "r", "exactly": {"deviceClassName": "gpu", "count": null, "allocationMode": null}}]}))
	same(found, {"mode": "ExactCount", "count": 1, "admin": false, "selectors": [], "tolerations": [], "capacity": {}})
}

test_all_is_the_most_that_a_claim_can_have if {
	[found] := asked(claim("v1", {"requests": [{"name": "r", "exactly": {"deviceClassName": "gpu", "allocationMode": "All"}}]}))
	same(found, {"mode": "All", "count": 32})
}

test_alternatives if {
	[small, large] := asked(claim("v1", {"requests": [{"name": "r", "firstAvailable": [
		{"name": "small", "deviceClassName": "a", "count": 2},
		{"name": "large", "deviceClassName": "b"},
	]}]}))
	same(small, {"how": "alternative", "name": "r/small", "alternative": 0, "class": "a", "count": 2})
	same(large, {"how": "alternative", "name": "r/large", "alternative": 1, "class": "b", "count": 1})
}

test_both_shapes_are_read if {
	found := asked(claim("v1", {"requests": [{
		"name": "r", "deviceClassName": "flat", "exactly": {"deviceClassName": "exact"},
		"firstAvailable": [{"deviceClassName": "first"}],
	}]}))
	{request.class | some request in found} == {"flat", "exact", "first"}
}

test_the_class_of_a_whole_claim if {
	[found] := asked({
		"apiVersion": "resource.k8s.io/v1alpha2", "kind": "ResourceClaim",
		"spec": {"resourceClassName": "gpu", "allocationMode": "Immediate"},
	})
	same(found, {"how": "claim", "class": "gpu", "class_path": ["spec", "resourceClassName"], "mode": "ExactCount", "count": 1})
	requests.place(found, "count") == ["spec", "resourceClassName"]
}

service(annotations) := {
	"apiVersion": "serving.kserve.io/v1alpha1", "kind": "LLMInferenceService",
	"metadata": {"annotations": annotations}, "spec": {},
}

test_annotations_of_kserve if {
	[found] := asked(service({
		"serving.kserve.io/exp-dra-device-class": "gpu",
		"serving.kserve.io/exp-dra-device-count": "2",
		"serving.kserve.io/exp-dra-cel-selector": "true",
	}))
	same(found, {"how": "annotation", "class": "gpu", "count": 2, "selectors": [{"cel": {"expression": "true"}}]})
	requests.place(found, "count") == ["metadata", "annotations", "serving.kserve.io/exp-dra-device-count"]
	requests.place(found, "selectors") == ["metadata", "annotations", "serving.kserve.io/exp-dra-cel-selector"]
}

test_annotations_of_kserve_defaults if {
	[found] := asked(service({"serving.kserve.io/exp-dra-device-class": "gpu"}))
	same(found, {"count": 1, "selectors": []})
	[other] := asked(service({
		"serving.kserve.io/exp-dra-device-class": "gpu", "serving.kserve.io/exp-dra-device-count": "many",
	}))
	other.count == "many"
	asked(service({})) == []
}

test_places if {
	[found] := asked(claim("v1", {"requests": [{"exactly": {"deviceClassName": "gpu"}}]}))
	requests.place(found, "count") == ["spec", "devices", "requests", 0, "exactly", "count"]
	found.name == ""
}

test_items_of_a_list if {
	found := asked({"apiVersion": "v1", "kind": "List", "items": [
		claim("v1", {"requests": [{"name": "a", "exactly": {"deviceClassName": "gpu"}}]}),
		template("v1beta1", {"requests": [{"name": "b", "deviceClassName": "gpu"}]}),
	]})
	{request.path | some request in found} == {
		["items", 0, "spec", "devices", "requests", 0, "exactly"],
		["items", 1, "spec", "spec", "devices", "requests", 0],
	}
}

# Wrong types stop nothing and hide nothing beside them.
test_wrong_types if {
	every wrong in [null, 1, true, "text", [], {}, ["text"], [null], {"a": null}] {
		asked({"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "spec": wrong}) == []
		asked(claim("v1", wrong)) == []
		asked(claim("v1", {"requests": wrong})) == []
		[found] := asked(claim("v1", {"requests": [wrong, {"exactly": {"deviceClassName": "gpu", "capacity": wrong}}]}))
		found.class == "gpu"
	}
}

test_classes if {
	found := claims.classes with input as {"review": {"object": {
		"apiVersion": "v1", "kind": "Pod",
		"spec": {"containers": [{"resources": {"limits": {"deviceclass.resource.kubernetes.io/gpu": 1, "nvidia.com/gpu": 1}}}]},
	}}}
	found == [{
		"path": ["spec", "containers", 0, "resources", "limits", "deviceclass.resource.kubernetes.io/gpu"],
		"class": "gpu", "how": "resource",
	}]
}
