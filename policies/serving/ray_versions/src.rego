# METADATA
# title: Ray is one version, and a new enough one
# description: |
#   KubeRay starts jobs and the autoscaler by `rayVersion`, and the processes of a cluster refuse each other unless Ray is the same in all of
#   them. In the images of Ray (repositories named `ray`, `ray-ml` or `ray-llm`, in any registry) the tag begins with the version: it must be that of
#   `rayVersion`, and where there is none, that of the head. No version may be below `minimumVersion`, 2.54.0 unless given, before which
#   a web page that somebody opens can delete jobs and applications of a cluster that is reached from there (CVE-2026-27482).
#
#   Placeholders are left for when they are filled in. An update that leaves the spec as it was, but for what autoscalers and queues write, is
#   not judged.
#
#   Not covered: images under other names, tags without a version (`nightly`), and what a digest holds.
# related_resources:
#   - ref: https://nvd.nist.gov/vuln/detail/CVE-2026-27482
#     description: What Ray 2.54.0 mends
#   - ref: https://docs.ray.io/en/latest/cluster/kubernetes/user-guides/config.html
#     description: Configuration of RayClusters
# custom:
#   id: LG-S006
#   severity: high
#   external: false
#   systems: [ray]
#   controls:
#     - NIST SP 800-53 SI-2 (flaw remediation)
#     - NIST SP 800-53 SA-22 (unsupported system components)
package lockgate.serving.ray_versions

import data.lib.lockgate.images
import data.lib.lockgate.ray
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings

violation contains report.violation(one.path, "image has another Ray than the cluster", one.image, why, fix) if {
	not ray.unchanged
	some one in versioned
	[expected, said_by] := expectation(one.cluster)
	one.version != expected
	why := sprintf("%s says %s, and processes of two versions refuse each other", [said_by, text(expected)])
	fix := sprintf("set %s and all images of Ray to one version", [said_by])
}

violation contains report.violation(place.path, "Ray is too old", place.shown, why, fix) if {
	not ray.unchanged
	some place in places
	place.version < minimum
	why := sprintf("versions below %s have known ways in", [text(minimum)])
	fix := sprintf("use Ray %s or newer", [text(minimum)])
}

violation contains report.violation(path, "rayVersion is no version", settings.shown(value), why, fix) if {
	not ray.unchanged
	some cluster in ray.clusters
	value := cluster.value.rayVersion
	not value in {null, ""}
	not settings.unknown(value)
	not read(value)
	path := array.concat(cluster.path, ["rayVersion"])
	why := "KubeRay takes it for an old version, or fails"
	fix := "write the version of Ray in the images, as rayVersion: \"2.55.0\""
}

minimum := read(object.get(review.parameters, "minimumVersion", "2.54.0"))

# The numbers at the start of a version, and nothing else that changes them.
read(value) := [to_number(part) | some part in split(matched[0][1], ".")] if {
	is_string(value)
	matched := regex.find_all_string_submatch_n(`^v?([0-9]{1,6}\.[0-9]{1,6}\.[0-9]{1,6})(?:[^0-9.].*|\.[^0-9].*)?$`, value, 1)
	count(matched) == 1
}

text(version) := concat(".", [sprintf("%d", [number]) | some number in version])

# Containers whose image says which Ray is in it.
versioned := [{"path": path, "image": container.value.image, "version": version, "cluster": container.cluster, "group": container.group} |
	some container in ray.containers
	reference := images.parse(container.value.image)
	parts := split(reference.repository, "/")
	parts[count(parts) - 1] in {"ray", "ray-llm", "ray-ml"}
	version := read(reference.tag)

	# RayLLM had versions of its own, all below 1.
	version[0] > 0
	path := array.concat(container.path, ["image"])
]

declared := {cluster.path: version |
	some cluster in ray.clusters
	version := read(cluster.value.rayVersion)
}

of_head := {one.cluster: one.version |
	some one in versioned
	one.group == "head"
}

expectation(cluster) := [declared[cluster], "rayVersion"]

expectation(cluster) := [of_head[cluster], "the image of the head"] if not declared[cluster]

# What says a version: rayVersion, and images that say another, each version once.
places := array.concat(
	[{"path": array.concat(cluster.path, ["rayVersion"]), "shown": cluster.value.rayVersion, "version": declared[cluster.path]} |
		some cluster in ray.clusters
	],
	[{"path": one.path, "shown": one.image, "version": one.version} |
		some one in versioned
		not told_elsewhere(one)
	],
)

told_elsewhere(one) if declared[one.cluster] == one.version

told_elsewhere(one) if {
	one.group == "worker"
	of_head[one.cluster] == one.version
}
