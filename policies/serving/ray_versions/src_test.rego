package lockgate.serving.ray_versions_test

import data.lockgate.serving.ray_versions as rule

pod(image) := {"template": {"spec": {"containers": [{"name": "ray", "image": image}]}}}

cluster(version, head, worker) := {
	"apiVersion": "ray.io/v1",
	"kind": "RayCluster",
	"metadata": {"name": "r"},
	"spec": {"rayVersion": version, "headGroupSpec": pod(head), "workerGroupSpecs": [pod(worker)]},
}

said(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

# rayVersion, image of the head, image of a worker.
agreed := [
	["2.55.0", "rayproject/ray:2.55.0", "rayproject/ray:2.55.0-py311-gpu"],
	["2.55.0", "registry.example.com/ml/ray-llm:2.55.0-py311-cu128", "registry.example.com/ml/ray-ml:2.55.0.0e19ea-py39"],
	["2.55.0", "rayproject/ray:nightly", "rayproject/ray"],
	["2.55.0", "registry.example.com/ml/train:1.0.0", "registry.example.com/x-ray:1.0.0"],
	["", "rayproject/ray:2.55.0", "rayproject/ray:2.55.0"],
	[null, "rayproject/ray:2.55.0", "rayproject/ray:2.55.0"],
	["${RAY_VERSION}", "rayproject/ray:2.55.0", "rayproject/ray:2.55.0"],
	["3.0.0.dev0", "rayproject/ray:3.0.0.abcdef", "rayproject/ray:3.0.0"],
	["2.100.0", "rayproject/ray:2.100.0", null],
	["2.55.0rc1", 7, "not valid@x"],
	["2.55.0", "anyscale/ray-llm:0.5.0", null],
]

test_agreed if {
	every row in agreed {
		said(cluster(row[0], row[1], row[2]), {}) == set()
	}
	said({"apiVersion": "ray.io/v1", "kind": "RayCluster", "spec": "x"}, {}) == set()
}

test_disagreed if {
	found := said(cluster("2.55.0", "rayproject/ray:2.55.0", "rayproject/ray:2.56.0"), {})
	found == {concat("", [
		"image has another Ray than the cluster at spec.workerGroupSpecs[0].template.spec.containers[0].image (rayproject/ray:2.56.0); ",
		"rayVersion says 2.55.0, and processes of two versions refuse each other; fix: set rayVersion and all images of Ray to one version",
	])}
	some message in said(cluster(null, "rayproject/ray:2.55.0", "rayproject/ray:2.56.0"), {})
	contains(message, "; the image of the head says 2.55.0, ")
	count(said(cluster("2.55.0", "rayproject/ray:2.56.0", "rayproject/ray:2.56.0"), {})) == 2
}

# rayVersion, image of head and workers, where the message is.
old := [
	["2.9.0", "rayproject/ray:2.9.0", "spec.rayVersion (2.9.0)"],
	["2.53.1", "registry.example.com/train:1", "spec.rayVersion (2.53.1)"],
	[null, "rayproject/ray:2.9.0", "image (rayproject/ray:2.9.0)"],
]

test_old if {
	every row in old {
		found := said(cluster(row[0], row[1], "x"), {})
		count(found) == 1
		some message in found
		startswith(message, "Ray is too old at spec.")
		contains(message, row[2])
		endswith(message, "use Ray 2.54.0 or newer")
	}
	count(said(cluster(null, "rayproject/ray:2.9.0", "rayproject/ray:2.9.0"), {})) == 1
	said(cluster("2.9.0", "x", "x"), {"minimumVersion": "2.9.0"}) == set()
	count(said(cluster("2.55.0", "x", "x"), {"minimumVersion": "2.56.0"})) == 1
	count(said(cluster("2.55.0", "rayproject/ray:2.9.0", "x"), {})) == 2
}

test_no_version if {
	every value in ["nightly", "2.53", "2.55.0.1", 2.53, ["2.55.0"], "latest"] {
		found := said(cluster(value, "x", "x"), {})
		count(found) == 1
		some message in found
		startswith(message, "rayVersion is no version at spec.rayVersion (")
	}
}

test_updates if {
	before := cluster("2.9.0", "x", "y")
	more := object.union(before, {"spec": {"workerGroupSpecs": [object.union(pod("y"), {"replicas": 4})]}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": more, "oldObject": before}}
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": cluster("2.9.1", "x", "y"), "oldObject": before}}
}
