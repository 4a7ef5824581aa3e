# METADATA
# title: Notebooks stay where people work, and off the node
# description: |
#   A notebook is a shell in the cluster: whoever reaches its page runs code in its pod, and nothing that it does is reviewed. Its pod may not be privileged, share
#   namespaces of the node, mount the node's files (`hostPath`), add capabilities or run as user 0 where it says so.
#
#   With `allowedNamespaces` notebooks may be there only, and with an empty list nowhere (in production). With `allowedImages` their images must lie in one of
#   these repositories. With `maxDevices` one notebook may ask for so many devices at most, as resources with a domain (`nvidia.com/gpu`); a number that
#   is none, or that an unfilled placeholder hides, is too many.
#
#   An update that changes nothing but metadata and status is not judged, so that what was made before can be stopped.
#
#   Not covered: whether idle notebooks end (`pipelines/notebook_culling`), Workspaces of Notebooks v2, and what a PodDefault adds.
# related_resources:
#   - ref: https://www.kubeflow.org/docs/components/notebooks/overview/
#     description: Kubeflow Notebooks
# custom:
#   id: LG-P006
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 CM-7 (least functionality)
#     - NIST SP 800-53 SC-6 (resource availability)
#     - NIST SP 800-190 4.4.3 (insecure container runtime configurations)
#   systems: [kubeflow-notebooks]
package lockgate.pipelines.notebook_places

import data.lib.lockgate.amounts
import data.lib.lockgate.charges
import data.lib.lockgate.images
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "notebook is where none may be", shown, why, fix) if {
	not updates.unchanged
	some notebook in notebooks
	is_array(review.parameters.allowedNamespaces)
	allowed := {name | some name in review.parameters.allowedNamespaces}
	not namespace(notebook) in allowed
	path := array.concat(notebook.path, ["metadata", "namespace"])
	shown := display(namespace(notebook))
	why := sprintf("whoever reaches it runs code there; notebooks may be in: %s", [report.names(allowed)])
	fix := "start it in a namespace for development, and bring what it made here by a pipeline"
}

violation contains report.violation(path, "notebook reaches the node", found, why, fix) if {
	not updates.unchanged
	some [path, found] in openings
	why := "whoever reaches its page runs code on the node"
	fix := "leave it out, and run what needs the node as a workload that is reviewed"
}

violation contains report.violation(path, "image of a notebook is not approved", image, why, fix) if {
	not updates.unchanged
	is_array(review.parameters.allowedImages)
	places := {place | some place in review.parameters.allowedImages}
	some notebook in notebooks
	some i, container in workloads.children(array.concat(pod_of(notebook), ["containers"]))
	is_object(container)
	image := object.get(container, "image", null)
	not approved(image, places)
	path := array.concat(pod_of(notebook), ["containers", i, "image"])
	why := sprintf("approved are images from: %s", [report.names(places)])
	fix := "choose one of the approved images"
}

violation contains report.violation(path, "notebook takes more devices than allowed", shown, why, fix) if {
	not updates.unchanged
	some notebook in notebooks
	own := [charge | some charge in charges.charges; charge.how == "resource"; inside(charge.path, notebook.path)]
	taken := amounts.total([charge.total | some charge in own])
	too_many(taken, review.parameters.maxDevices)
	path := own[0].path
	shown := sprintf("%v", [taken])
	why := sprintf("it holds them while nobody works; at most %d are allowed", [review.parameters.maxDevices])
	fix := "ask for fewer, and train in a job"
}

too_many(taken, most) if taken > most # text, which is what an amount that is not known is, is more than any number

inside(path, holder) if array.slice(path, 0, count(holder)) == holder

notebooks := [at | some at in workloads.objects; at.name == "kubeflow.org/Notebook"]

pod_of(notebook) := array.concat(notebook.path, ["spec", "template", "spec"])

# What the object says, or what the request says of it; files may say neither.
namespace(notebook) := name if {
	name := object.get(notebook.value, ["metadata", "namespace"], null)
	is_string(name)
} else := input.review.namespace if {
	is_string(input.review.namespace)
} else := ""

display("") := "no namespace is named"

display(name) := name if name != ""

approved(image, places) if {
	reference := images.parse(image)
	some place in places
	images.within(reference, place)
}

openings := array.concat(
	[[path, sprintf("%s is on", [field])] |
		some notebook in notebooks
		some field in ["hostIPC", "hostNetwork", "hostPID"]
		path := array.concat(pod_of(notebook), [field])
		not workloads.value_at(path) in {null, false}
	],
	array.concat(
		[[path, shown_path(workloads.value_at(path))] |
			some notebook in notebooks
			some i, _ in workloads.children(array.concat(pod_of(notebook), ["volumes"]))
			path := array.concat(pod_of(notebook), ["volumes", i, "hostPath"])
			workloads.value_at(path) != null
		],
		[[path, what] |
			some holder in security_contexts
			some [rest, what] in opened(holder.value)
			path := array.concat(holder.path, rest)
		],
	),
)

shown_path(value) := value.path if {
	is_string(value.path)
} else := "a folder of the node"

security_contexts := [{"path": path, "value": value} |
	some notebook in notebooks
	some path in array.concat([array.concat(pod_of(notebook), ["securityContext"])], [array.concat(pod_of(notebook), [field, i, "securityContext"]) |
		some field in ["containers", "initContainers"]
		some i, _ in workloads.children(array.concat(pod_of(notebook), [field]))
	])
	value := workloads.value_at(path)
	is_object(value)
]

opened(value) := array.concat(
	[[["privileged"], "privileged"] | not object.get(value, "privileged", null) in {null, false}],
	array.concat(
		[[["runAsUser"], "user 0"] | value.runAsUser == 0],
		[[["capabilities", "add"], "added capabilities"] | added := value.capabilities.add; not added in {null, []}],
	),
)
