# METADATA
# title: Ray asks who calls, and keeps its secrets in Secrets
# description: |
#   Whoever reaches the dashboard, the API of jobs or the client port of a Ray cluster runs code in it. A RayCluster, and what RayJob, RayCronJob and
#   RayService make theirs of, must ask for a token: `authOptions.mode: token` (or the variable RAY_AUTH_MODE in the container of the head, as before
#   KubeRay 1.5.1), from Ray 2.52 on. With `requireTLS` there must be `tlsOptions` or RAY_USE_TLS, with `requireNetworkPolicy` a
#   `networkPolicy` that denies ingress.
#
#   A password of Redis or a token that is written out (`redisPassword.value`, the start parameter `redis-password`, RAY_AUTH_TOKEN, RAY_REDIS_PASSWORD)
#   is refused everywhere: it stands in Git and in the API server, where many can read it. A placeholder (`$REDIS_PASSWORD`) is none.
#
#   `requireAuth: false` leaves out the token. An update that leaves the spec as it was, but for what autoscalers and queues write (`replicas`, `scaleStrategy`, `suspend`), is not
#   judged.
#
#   Not covered: NetworkPolicies, proxies and meshes beside the cluster; who may read the Secret with the token; whether the image's Ray is
#   new enough for tokens (serving/ray_versions).
# related_resources:
#   - ref: https://docs.ray.io/en/latest/cluster/kubernetes/user-guides/kuberay-auth.html
#     description: Token authentication in KubeRay
#   - ref: https://docs.ray.io/en/latest/ray-security/index.html
#     description: Security of Ray
# custom:
#   id: LG-S004
#   severity: high
#   external: false
#   systems: [ray]
#   controls:
#     - NIST SP 800-53 AC-3 (access enforcement)
#     - NIST SP 800-53 IA-5 (authenticator management)
package lockgate.serving.ray_access

import data.lib.lockgate.ray
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.workloads

violation contains report.violation(path, "Ray takes jobs from anybody", settings.shown(workloads.value_at(path)), why, fix) if {
	not ray.unchanged
	not review.parameters.requireAuth == false
	some cluster in ray.clusters
	not ray.authenticated(cluster)
	path := auth_path(cluster)
	not settings.unknown(workloads.value_at(path))
	why := "whoever reaches the dashboard runs code with the rights of its pods"
	fix := "set authOptions.mode: token (KubeRay 1.5.1 and Ray 2.52 or newer)"
}

violation contains report.violation(path, "Ray talks in the clear", settings.shown(workloads.value_at(path)), why, fix) if {
	not ray.unchanged
	review.parameters.requireTLS == true
	some cluster in ray.clusters
	not encrypted(cluster)
	path := array.concat(cluster.path, ["tlsOptions"])
	why := "tokens and data can be read on the way, and any pod can join"
	fix := "set tlsOptions (KubeRay 1.7 with RayClusterMTLS), or RAY_USE_TLS with certificates in all containers of Ray"
}

violation contains report.violation(path, "Ray is open to every pod", settings.shown(workloads.value_at(path)), why, fix) if {
	not ray.unchanged
	review.parameters.requireNetworkPolicy == true
	some cluster in ray.clusters
	path := array.concat(cluster.path, ["networkPolicy", "mode"])
	not workloads.value_at(path) in {"DenyAll", "DenyAllIngress"}
	not settings.unknown(workloads.value_at(path))
	why := "its ports have no other guard inside of the cluster"
	fix := "set networkPolicy.mode: DenyAllIngress (KubeRay 1.7 with RayClusterNetworkPolicy)"
}

violation contains report.violation(path, "secret is written out", "not shown", why, fix) if {
	not ray.unchanged
	some path in secrets
	value := workloads.value_at(path)
	not value in {null, ""}
	not settings.unknown(value)
	why := "it stands in Git and in the API server for all who may read this object"
	fix := sprintf("put it into a Secret and name that with valueFrom.secretKeyRef in place of %s", [last(path)])
}

auth_path(cluster) := array.concat(cluster.path, ["authOptions", "mode"]) if {
	is_object(cluster.value)
	is_object(object.get(cluster.value, "authOptions", {}))
} else := array.concat(cluster.path, ["authOptions"]) if {
	is_object(cluster.value)
} else := cluster.path

encrypted(cluster) if is_object(cluster.value.tlsOptions)

encrypted(cluster) if ray.head_variable(cluster, "RAY_USE_TLS") in {"1", "true"}

last(path) := path[count(path) - 1]

secrets := array.concat(
	[array.concat(cluster.path, inner) |
		some cluster in ray.clusters
		some inner in [
			["gcsFaultToleranceOptions", "redisPassword", "value"],
			["headGroupSpec", "rayStartParams", "redis-password"],
		]
	],
	[array.concat(container.path, ["env", i, "value"]) |
		some container in ray.containers
		some i, variable in container.value.env
		variable.name in {"RAY_AUTH_TOKEN", "RAY_REDIS_PASSWORD", "REDIS_PASSWORD"}
	],
)
