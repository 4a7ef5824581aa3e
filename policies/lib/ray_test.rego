package lib.lockgate.ray_test

import data.lib.lockgate.ray

cluster := {
	"headGroupSpec": {"template": {"spec": {"containers": [{"image": "head"}, {"image": "side"}]}}},
	"workerGroupSpecs": [{"template": {"spec": {"containers": [{"image": "worker"}]}}}, {"template": null}],
}

made(kind, spec) := {"apiVersion": "ray.io/v1", "kind": kind, "metadata": {"name": "r"}, "spec": spec}

holders := [
	["RayCluster", cluster, ["spec"]],
	["RayJob", {"rayClusterSpec": cluster}, ["spec", "rayClusterSpec"]],
	["RayCronJob", {"jobTemplate": {"rayClusterSpec": cluster}}, ["spec", "jobTemplate", "rayClusterSpec"]],
	["RayService", {"rayClusterConfig": cluster}, ["spec", "rayClusterConfig"]],
]

test_clusters if {
	every row in holders {
		found := ray.clusters with input as {"review": {"object": made(row[0], row[1])}}
		found == [{"path": row[2], "value": cluster, "kind": row[0]}]
		ran := ray.containers with input as {"review": {"object": made(row[0], row[1])}}
		[[one.group, one.value.image] | some one in ran] == [["head", "head"], ["worker", "worker"]]
	}
	ray.clusters == [] with input as {"review": {"object": made("RayJob", {"clusterSelector": {"ray.io/cluster": "x"}})}}
	[one.value | some one in ray.clusters] == [null] with input as {"review": {"object": made("RayJob", {"rayClusterSpec": "x"})}}
	[one.value | some one in ray.clusters] == [null] with input as {"review": {"object": made("RayCluster", [])}}
}

test_jobs if {
	[one.path | some one in ray.jobs] == [["spec"]] with input as {"review": {"object": made("RayJob", {})}}
	[one.path | some one in ray.jobs] == [["spec", "jobTemplate"]] with input as {"review": {"object": made("RayCronJob", {"jobTemplate": {}})}}
	ray.jobs == [] with input as {"review": {"object": made("RayJob", "x")}}
}

with_head(fields, env) := made("RayCluster", object.union(
	{"headGroupSpec": {"template": {"spec": {"containers": [{"env": env}]}}}},
	fields,
))

asks(judged) if {
	some one in ray.clusters with input as {"review": {"object": judged}}
	ray.authenticated(one) with input as {"review": {"object": judged}}
}

test_authenticated if {
	asks(with_head({"authOptions": {"mode": "token"}}, []))
	asks(with_head({}, [{"name": "RAY_AUTH_MODE", "value": "token"}]))
	not asks(with_head({"authOptions": {"mode": "disabled"}}, [{"name": "RAY_AUTH_MODE", "value": "token"}]))
	not asks(with_head({}, [{"name": "RAY_AUTH_MODE", "value": "token"}, {"name": "RAY_AUTH_MODE", "value": "disabled"}]))
	every fields in [{}, {"authOptions": {}}, {"authOptions": null}, {"authOptions": "token"}, {"authOptions": {"mode": ["token"]}}] {
		not asks(with_head(fields, [{"name": "RAY_AUTH_MODE", "valueFrom": {}}]))
		not asks(with_head(fields, "x"))
	}
}

environments(judged) := {one.value | some one in ray.environments with input as {"review": {"object": judged}}}

test_environments_of_jobs if {
	environments(made("RayJob", {"runtimeEnvYAML": "pip: [a]"})) == {{"pip": ["a"]}}
	environments(made("RayCronJob", {"jobTemplate": {"runtimeEnvYAML": "pip: [a]"}})) == {{"pip": ["a"]}}
	every text in ["[", "a", "- a", 7, {"pip": []}] {
		environments(made("RayJob", {"runtimeEnvYAML": text})) == {null}
	}
	environments(made("RayJob", {"runtimeEnvYAML": ""})) == set()
}

test_environments_of_services if {
	text := `applications:
- name: a
  runtime_env: {pip: [a]}
  deployments:
  - ray_actor_options: {runtime_env: {pip: [b]}}
  - ray_actor_options: {runtime_env: x}
`
	environments(made("RayService", {"serveConfigV2": text})) == {{"pip": ["a"]}, {"pip": ["b"]}, null}
	environments(made("RayService", {"serveConfigV2": "a: ["})) == set()
}

updated(old, new) := {"review": {"operation": "UPDATE", "object": new, "oldObject": old}}

group(replicas, image) := made("RayCluster", {"workerGroupSpecs": [{
	"replicas": replicas,
	"scaleStrategy": {"workersToDelete": []},
	"template": {"spec": {"containers": [{"image": image}]}},
}]})

test_autoscalers_go_on if {
	old := group(1, "a")
	ray.unchanged with input as updated(old, old)
	ray.unchanged with input as updated(old, group(4, "a"))
	ray.unchanged with input as updated(old, object.union(group(4, "a"), {"spec": {"suspend": true}}))
	not ray.unchanged with input as updated(old, group(4, "b"))
	not ray.unchanged with input as updated(old, object.union(old, {"spec": {"authOptions": {"mode": "disabled"}}}))
	not ray.unchanged with input as {"review": {"operation": "CREATE", "object": old}}
}
