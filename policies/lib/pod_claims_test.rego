package lib.lockgate.pod_claims_test

import data.lib.lockgate.pod_claims

named(object) := found if {
	found := pod_claims.pod_claims with input as {"review": {"object": object}}
}

taken(object) := found if {
	found := pod_claims.uses with input as {"review": {"object": object}}
}

pod(spec) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}

using(claims) := {"name": "c", "resources": {"claims": claims}}

test_ways_to_name_a_claim if {
	found := named(pod({"containers": [], "resourceClaims": [
		{"name": "a", "resourceClaimTemplateName": "t"},
		{"name": "b", "resourceClaimName": "c"},
		{"name": "c", "source": {"resourceClaimTemplateName": "t"}},
		{"name": "d", "source": {"resourceClaimName": "c"}},
		{"name": "e"},
		"text",
	]}))
	[[one.name, one.how, one.reference, one.pod] | some one in found] == [
		["a", "template", "t", true], ["b", "claim", "c", true], ["c", "source", "t", true],
		["d", "source", "c", true], ["e", "nothing", "", true],
	]
	found[0].path == ["spec", "resourceClaims", 0]
	found[0].reference_path == ["spec", "resourceClaims", 0, "resourceClaimTemplateName"]
	found[3].reference_path == ["spec", "resourceClaims", 3, "source", "resourceClaimName"]
}

test_used_and_unused if {
	judged := pod({
		"containers": [using([{"name": "a"}])],
		"initContainers": [using([{"name": "b", "request": "r"}, {"name": "elsewhere"}])],
		"resourceClaims": [
			{"name": "a", "resourceClaimName": "x"}, {"name": "b", "resourceClaimName": "x"},
			{"name": "c", "resourceClaimName": "x"},
		],
	})
	{one.name: one.used | some one in named(judged)} == {"a": true, "b": true, "c": false}
	{one.name: [one.request, one.declared] | some one in taken(judged)} == {
		"a": ["", true], "b": ["r", true], "elsewhere": ["", false],
	}
}

# A predictor's workers are other pods than the predictor.
test_uses_of_model_servers if {
	judged := {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "spec": {"predictor": {
		"resourceClaims": [{"name": "a", "resourceClaimName": "x"}], "model": using([{"name": "a"}]),
	}}}
	[one] := named(judged)
	[one.used, one.holder] == [true, ["spec", "predictor"]]
}

test_workflows if {
	judged := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {
		"resourceClaims": [{"name": "a", "resourceClaimTemplateName": "t"}],
		"templates": [{"container": using([{"name": "a"}]), "resourceClaims": [{"name": "b", "resourceClaimTemplateName": "t"}]}],
	}}
	{one.name: [one.used, one.pod] | some one in named(judged)} == {"a": [true, false], "b": [false, false]}
	{one.declared | some one in taken(judged)} == {true}
}

group(kind, spec) := {"apiVersion": "scheduling.k8s.io/v1alpha3", "kind": kind, "spec": spec}

claims := [{"name": "a", "resourceClaimTemplateName": "t"}]

test_groups if {
	[one] := named(group("PodGroup", {"resourceClaims": claims}))
	[one.path, one.used, one.pod] == [["spec", "resourceClaims", 0], true, false]
	[template] := named(group("Workload", {"podGroupTemplates": [{"resourceClaims": claims}]}))
	template.holder == ["spec", "podGroupTemplates", 0]
}

level1 := {"podGroupTemplates": [{"resourceClaims": claims}], "resourceClaims": claims}

nested(value) := {"compositePodGroupTemplates": [value], "podGroupTemplates": [{"resourceClaims": claims}]}

# Groups nest four deep; each level has its own.
test_nested_groups if {
	count(named(group("Workload", {"compositePodGroupTemplates": [level1]}))) == 2
	count(named(group("Workload", {"compositePodGroupTemplates": [nested(level1)]}))) == 3
	count(named(group("Workload", {"compositePodGroupTemplates": [nested(nested(level1))]}))) == 4
	count(named(group("Workload", {"compositePodGroupTemplates": [nested(nested(nested(level1)))]}))) == 5
	found := pod_claims.too_deep with input as {"review": {"object": group("Workload", {"compositePodGroupTemplates": [nested(nested(nested(nested(level1))))]})}}
	count(found) == 1
}

test_wrong_types if {
	every wrong in [null, 1, true, "text", [], {}, ["text"], [null], {"a": null}] {
		named(pod({"resourceClaims": wrong})) == []
		named(pod(wrong)) == []
		taken(pod({"containers": [{"resources": wrong}]})) == []
		taken(pod({"containers": [using(wrong)]})) == []
		named(group("Workload", {"podGroupTemplates": wrong, "compositePodGroupTemplates": wrong})) == []
	}
}
