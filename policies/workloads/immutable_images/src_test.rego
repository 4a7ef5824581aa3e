package lockgate.workloads.immutable_images_test

import data.lockgate.workloads.immutable_images as rule

parameters := {"allowedRepositories": ["registry.example.com/ml", "gcr.io/foo"]}

hash := "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

digest := sprintf("sha256:%s", [hash])

pinned(name) := sprintf("%s@%s", [name, digest])

pod(image) := {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "c", "image": image}]}}

messages(judged, given) := [violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": given}
]

# What is said of an image: the text before " at ".
said(image, given) := [split(message, " at ")[0] | some message in messages(pod(image), given)]

both := "image is from a repository that is not allowed and not pinned by digest"

place := "image is from a repository that is not allowed"

tag := "image is not pinned by digest"

invalid := "image reference is not valid"

images := {
	pinned("registry.example.com/ml/server"): [],
	pinned("registry.example.com/ml/server:v1"): [],
	pinned("registry.example.com/ml"): [],
	pinned("REGISTRY.example.com/ml/server"): [],
	sprintf("gcr.io/foo/bar@sha512:%s%s", [hash, hash]): [],
	"registry.example.com/ml/server:v1": [tag],
	"registry.example.com/ml/server": [tag],
	"registry.example.com/ml/server:latest": [tag],
	pinned("registry.example.com/mlops/server"): [place],
	pinned("gcr.io/foobar"): [place],
	pinned("gcr.io/foo-bar/x"): [place],
	pinned("gcr.io"): [place],
	pinned("eu.gcr.io/foo/x"): [place],
	pinned("registry.example.com.evil.example/ml/server"): [place],
	pinned("registry.example.com:5000/ml/server"): [place],
	pinned("evil.example/registry.example.com/ml/server"): [place],
	pinned("nginx"): [place],
	"nginx": [both],
	"rayproject/ray:2.52.0": [both],
	"registry.example.com/ml/server@sha256:abc": [invalid],
	sprintf("registry.example.com/ml/server@sha1:%s", [hash]): [invalid],
	"registry.example.com/ml/Server:v1": [invalid],
	"https://registry.example.com/ml/server": [invalid],
	"": [invalid],
	7: [invalid],
	{"repository": "registry.example.com/ml/server"}: [invalid],
	["registry.example.com/ml/server"]: [invalid],
	"${trialParameters.image}": ["image is a placeholder"],
	"registry.example.com/ml/server:{{inputs.parameters.tag}}": ["image is a placeholder"],
}

# In parts, since opa gives each test five seconds.
test_images_of_the_registry if judged_right(of_registry)

test_images_of_others if judged_right(object.remove(images, of_registry))

of_registry := {image: expected | some image, expected in images; startswith(sprintf("%v", [image]), "registry.example.com")}

judged_right(cases) if {
	every image, expected in cases {
		said(image, parameters) == expected
	}
}

test_nothing_is_allowed_without_parameters if {
	said(pinned("registry.example.com/ml/server"), {}) == [place]
	said(pinned("registry.example.com/ml/server"), {"allowedRepositories": []}) == [place]
	said("nginx", {}) == [both]
	count(rule.violation) == 1 with input as {"review": {"object": pod("nginx")}}
}

test_every_place if {
	said(pinned("nginx"), {"allowedRepositories": ["*"]}) == []
	said("nginx", {"allowedRepositories": ["*"]}) == [tag]
}

test_a_star_inside_a_name_is_no_wildcard if {
	said(pinned("gcr.io/foo/bar"), {"allowedRepositories": ["gcr.io/*", "*.io", "**"]}) == [place]
}

test_digest_not_required if {
	given := object.union(parameters, {"requireDigest": false})
	said("registry.example.com/ml/server:v1", given) == []
	said("nginx", given) == [place]
}

test_only_false_drops_the_digest if {
	every value in [null, 0, "", "false"] {
		said("registry.example.com/ml/server:v1", object.union(parameters, {"requireDigest": value})) == [tag]
	}
}

exemptions := [
	["nginx", "nginx", true],
	["nginx", "nginx:1.27", true],
	["nginx", pinned("docker.io/library/nginx"), true],
	["nginx", "nginx-extra", false],
	["nginx", "example/nginx", false],
	["nginx:1.27", "nginx:1.27", true],
	["nginx:1.27", pinned("nginx:1.27"), true],
	["nginx:1.27", "nginx:1.28", false],
	["nginx:1.27", "nginx", false],
	[pinned("nginx"), pinned("nginx:1.27"), true],
	[pinned("nginx"), "nginx:1.27", false],
	["gcr.io/x", "gcr.io/x/y", false],
	["not valid", "nginx", false],
	["", "nginx", false],
]

test_exemptions if {
	every case in exemptions {
		[exemption, image, expected] := case
		given := {"allowedRepositories": [], "exemptImages": [exemption]}
		messages(pod(image), given) == [] == expected
	}
}

test_an_exemption_does_not_cover_invalid_references if {
	said("nginx:", {"exemptImages": ["nginx:", "nginx"]}) == [invalid]
}

test_undecidable_allowed if {
	given := object.union(parameters, {"undecidable": "allow"})
	said("${trialParameters.image}", given) == []
	said("nginx", given) == [both]
	said("${trialParameters.image}", object.union(parameters, {"undecidable": "deny"})) == ["image is a placeholder"]
}

workflow(template) := {
	"apiVersion": "argoproj.io/v1alpha1",
	"kind": "Workflow",
	"spec": {"templates": [template]},
}

test_pods_written_as_text if {
	manifest := workflow({"resource": {"action": "create", "manifest": "kind: Pod\nspec: {containers: [{image: nginx}]}"}})
	patch := workflow({"podSpecPatch": `{"containers": [{"name": "main", "IMAGE": "nginx"}]}`})
	harmless := workflow({"resource": {"action": "create", "manifest": "kind: ConfigMap"}})
	every text in [
		`{"kind": "Pod", "spec": {"\u0063ontainers": [{"\u0069mage": "nginx"}]}}`,
		"{{inputs.parameters.manifest}}",
		"kind: Pod\nspec:\n  {{inputs.parameters.spec}}",
	] {
		count(messages(workflow({"resource": {"manifest": text}}), parameters)) == 1
		count(messages(workflow({"resource": {"manifestFrom": {"artifact": {"raw": {"data": text}}}}}), parameters)) == 1
	}
	count(messages(manifest, parameters)) == 1
	count(messages(patch, parameters)) == 1
	messages(harmless, parameters) == []
	count(messages(manifest, object.union(parameters, {"undecidable": "allow"}))) == 1
	unreadable := workflow({"resource": {"manifest": "{{inputs.parameters.manifest}}"}})
	messages(unreadable, object.union(parameters, {"undecidable": "allow"})) == []
	allowed := sprintf("kind: Pod\nspec: {containers: [{image: '%s'}]}", [pinned("registry.example.com/ml/a")])
	messages(workflow({"resource": {"manifest": allowed}}), parameters) == []
	replaced := workflow({"resource": {"manifest": concat("\n", [allowed, "metadata: {name: '{{inputs.parameters.name}}'}"])}})
	count(messages(replaced, parameters)) == 1
}

test_images_in_compiled_pipelines if {
	compiled := {"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "KubeflowPipeline", "spec": {"deploymentSpec": {"executors": {"exec-a": {"container": {"image": "nginx"}}}}}}
	some violation in rule.violation with input as {"review": {"object": compiled}, "parameters": parameters}
	violation.details.path == ["spec", "deploymentSpec", "executors", "exec-a", "container", "image"]
}

test_images_in_pieces if {
	kustomization := {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "images": [{"name": "nginx", "newTag": "1"}, {"name": "left"}]}
	[violation] := [violation | some violation in rule.violation] with input as {"review": {"object": kustomization}, "parameters": parameters}
	violation.details.path == ["images", 0]
	values := {"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "HelmValues", "spec": {"a": {"image": {"repository": "nginx", "tag": 1}}}}
	[told] := [violation | some violation in rule.violation] with input as {"review": {"object": values}, "parameters": parameters}
	told.details.value == "nginx:1"
}

test_one_violation_for_a_path if {
	judged := {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": {
		"containers": [{"image": "nginx"}, {"image": "nginx"}, {"image": pinned("registry.example.com/ml/a")}],
		"initContainers": [{"image": ""}],
		"volumes": [{"image": {"reference": "${X}"}}],
	}}}}
	found := [violation.details.path |
		some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
	]
	count(found) == 4
	count({path | some path in found}) == 4
}

test_embedded_objects if {
	trial := {
		"apiVersion": "kubeflow.org/v1beta1",
		"kind": "Experiment",
		"spec": {"trialTemplate": {"trialSpec": pod("nginx")}},
	}
	some violation in rule.violation with input as {"review": {"object": trial}, "parameters": parameters}
	violation.details.path == ["spec", "trialTemplate", "trialSpec", "spec", "containers", 0, "image"]
}

wrapped(judged) := {
	"apiVersion": "workload.codeflare.dev/v1beta2",
	"kind": "AppWrapper",
	"spec": {"components": [{"template": judged}]},
}

test_embedded_too_deep if {
	messages(wrapped(wrapped(wrapped(pod("nginx")))), parameters) == [concat("", [
		"objects are embedded too deep at spec.components[0].template.spec.components[0].template.spec.components[0].template ",
		"(an embedded object); only two levels of objects inside objects are read; fix: create the inner object by itself",
	])]
}

test_deletion_is_free if {
	count(rule.violation) == 0 with input as {"review": {"object": pod("nginx"), "operation": "DELETE"}}
	count(rule.violation) == 1 with input as {"review": {"object": pod("nginx"), "operation": "CREATE"}}
}

test_message_for_a_tag if {
	messages(pod("registry.example.com/ml/server:v1"), parameters) == [concat("", [
		"image is not pinned by digest at spec.containers[0].image (registry.example.com/ml/server:v1); a tag may move after review; ",
		"fix: set image to registry.example.com/ml/server@sha256:<64 hex digits> ",
		"(crane digest registry.example.com/ml/server:v1 prints the digest)",
	])]
}

test_message_for_a_place if {
	given := {"allowedRepositories": ["registry.example.com/ml"]}
	messages(pod(pinned("nginx")), given) == [concat("", [
		sprintf("image is from a repository that is not allowed at spec.containers[0].image (nginx@%s); ", [digest]),
		"allowed are: registry.example.com/ml; ",
		"fix: copy the image to registry.example.com/ml, and set image to the copy by its digest",
	])]
}
