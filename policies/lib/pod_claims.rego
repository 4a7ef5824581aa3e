# METADATA
# title: Claims of pods
# description: |
#   The claims that pods, Argo's templates, PodGroups and Workloads name, and what containers take of them. A claim that no container
#   takes is allocated all the same. https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
package lib.lockgate.pod_claims

import data.lib.lockgate.workloads

# Lists of claims of the scheduling group: one claim for a whole group of pods.
group_patterns := {
	"scheduling.k8s.io/PodGroup": [[["spec"]]],
	"scheduling.k8s.io/CompositePodGroup": [[["spec"]]],
	"scheduling.k8s.io/Workload": [
		[["spec", "podGroupTemplates"], []],
		[["spec", "compositePodGroupTemplates"], []],
		[["spec", "compositePodGroupTemplates"], ["podGroupTemplates"], []],
		[["spec", "compositePodGroupTemplates"], ["compositePodGroupTemplates"], []],
		[["spec", "compositePodGroupTemplates"], ["compositePodGroupTemplates"], ["podGroupTemplates"], []],
		[["spec", "compositePodGroupTemplates"], ["compositePodGroupTemplates"], ["compositePodGroupTemplates"], []],
	],
}

deep_composites := [path |
	some at in workloads.objects
	at.name == "scheduling.k8s.io/Workload"
	some composite in workloads.matches(at.path, group_patterns[at.name][5])
	some path in array.concat(
		workloads.below(array.concat(composite, ["podGroupTemplates"]), []),
		workloads.below(array.concat(composite, ["compositePodGroupTemplates"]), []),
	)
]

# Kubernetes nests composite groups four deep; the groups of the fourth stand one deeper still.
deepest_groups := [path |
	some composite in deep_composites
	some path in workloads.below(array.concat(composite, ["podGroupTemplates"]), [])
]

# METADATA
# description: Paths of composite groups nested deeper than Kubernetes allows.
too_deep := [path |
	some composite in deep_composites
	some path in workloads.below(array.concat(composite, ["compositePodGroupTemplates"]), [])
]

groups := array.concat(
	[path |
		some at in workloads.objects
		some pattern in group_patterns[at.name]
		some path in workloads.matches(at.path, pattern)
	],
	array.concat(deep_composites, deepest_groups),
)

holders := array.concat(
	[{"path": path, "pod": true} | some path in workloads.pod_paths],
	array.concat(
		[{"path": path, "pod": false} | some path in array.concat(workloads.workflow_paths, workloads.workflow_templates)],
		[{"path": path, "pod": false} | some path in groups],
	),
)

# METADATA
# description: |
#   The claims that are named, as `{"path", "name", "holder", "pod", "how", "reference", "reference_path", "used"}`; `how` is
#   `template`, `claim`, `source` or `nothing`.
pod_claims := [found |
	some holder in holders
	some i, entry in workloads.value_at(holder.path).resourceClaims
	is_object(entry)
	path := array.concat(holder.path, ["resourceClaims", i])
	name := object.get(entry, "name", "")
	reference := referred(entry)
	found := {
		"path": path,
		"name": name,
		"holder": holder.path,
		"pod": holder.pod,
		"how": reference.how,
		"reference": reference.name,
		"reference_path": array.concat(path, reference.field),
		"used": is_used(holder, name),
	}
]

referred(entry) := {"how": "template", "name": name, "field": ["resourceClaimTemplateName"]} if {
	name := entry.resourceClaimTemplateName
	name != null
} else := {"how": "claim", "name": name, "field": ["resourceClaimName"]} if {
	name := entry.resourceClaimName
	name != null
} else := {"how": "source", "name": name, "field": ["source", "resourceClaimTemplateName"]} if {
	name := entry.source.resourceClaimTemplateName
	name != null
} else := {"how": "source", "name": name, "field": ["source", "resourceClaimName"]} if {
	name := entry.source.resourceClaimName
	name != null
} else := {"how": "nothing", "name": "", "field": []}

# METADATA
# description: |
#   What containers take, as `{"path", "name", "request", "pod", "declared"}`; `request` is `""` for the whole claim, `declared` says
#   whether the claim is named by the pod.
uses := [{"path": use.path, "name": use.name, "request": use.request, "pod": use.pod, "declared": declared(use)} | some use in taken]

taken := [use |
	some container in workloads.containers
	some field in ["resources", "resourcesPerNode"]
	some i, entry in container.value[field].claims
	is_object(entry)
	use := {
		"path": array.concat(container.path, [field, "claims", i]),
		"name": object.get(entry, "name", ""),
		"request": object.get(entry, "request", ""),
		"pod": container.pod,
	}
]

# Claims of a group are named again by its pods, which are other objects.
is_used(holder, name) if {
	some use in taken
	use.name == name
	within(use.path, holder.path)
} else if {
	not holder.pod
	holder.path in groups
} else := false

declared(use) if {
	some holder in holders
	within(use.path, holder.path)
	some entry in workloads.value_at(holder.path).resourceClaims
	entry.name == use.name
} else := false

within(path, holder) if array.slice(path, 0, count(holder)) == holder
