# METADATA
# title: Projects of Argo CD have bounds
# description: |
#   An AppProject is what keeps one team's Applications away from the others. One that takes any repository, and puts what is there into any
#   namespace of any cluster, bounds nothing: whoever may create an Application in it owns every cluster that Argo CD knows.
#
#   Refused are `sourceRepos` that take every repository (`*`, `https://*`), destinations that are any cluster, destinations that are any namespace
#   (unless `anyNamespace: allow`), `clusterResourceWhitelist` of all groups and kinds, by which an Application makes ClusterRoleBindings, and
#   `sourceNamespaces` that let any namespace bring Applications. A refusal beside (`!https://…`) does not narrow them enough.
#   `exemptProjects` names projects of the platform's own, by name.
#
#   Not covered: roles of projects, patterns that are wide and yet name something (`https://github.com/*`), the projects that Applications name
#   (`gitops/default_project`), and what Argo CD's own account may do.
# related_resources:
#   - ref: https://argo-cd.readthedocs.io/en/stable/user-guide/projects/
#     description: Projects of Argo CD
# custom:
#   id: LG-G004
#   severity: high
#   external: false
#   systems: [argo-cd]
#   controls:
#     - NIST SP 800-53 AC-6 (least privilege)
package lockgate.gitops.argo_projects

import data.lib.lockgate.gitops
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates

violation contains report.violation(found.path, found.what, found.value, found.why, found.fix) if {
	not updates.unchanged
	some project in projects
	some found in wide(project)
}

projects := [at |
	some at in gitops.named("argoproj.io/AppProject")
	is_object(at.value.spec)
	not gitops.field(at.value, ["metadata", "name"]) in object.get(review.parameters, "exemptProjects", [])
]

wide(project) := array.concat(
	array.concat(
		[{"path": path, "what": "project takes every repository", "value": pattern, "why": "whoever may create an Application in it brings manifests from anywhere", "fix": "list the team's repositories in sourceRepos"} |
			some i, pattern in list(project, "sourceRepos")
			anything(pattern)
			path := gitops.below(project, ["spec", "sourceRepos", i])
		],
		[{"path": path, "what": "any namespace may bring Applications to the project", "value": pattern, "why": "a tenant's Application then has the project's rights", "fix": "list the team's namespaces in sourceNamespaces"} |
			some i, pattern in list(project, "sourceNamespaces")
			anything(pattern)
			path := gitops.below(project, ["spec", "sourceNamespaces", i])
		],
	),
	array.concat(
		[found |
			some i, destination in list(project, "destinations")
			some found in wide_destination(gitops.below(project, ["spec", "destinations", i]), destination)
		],
		[{"path": path, "what": "project may create every kind of cluster-wide object", "value": "*/*", "why": "an Application in it can bind its account to cluster-admin", "fix": "list the kinds that the team needs, or none, in clusterResourceWhitelist"} |
			some i, entry in list(project, "clusterResourceWhitelist")
			anything(object.get(settings.fields(entry), "group", "*"))
			anything(object.get(settings.fields(entry), "kind", "*"))
			path := gitops.below(project, ["spec", "clusterResourceWhitelist", i])
		],
	),
)

list(project, name) := value if {
	value := project.value.spec[name]
	is_array(value)
} else := [project.value.spec[name]] if {
	not object.get(project.value.spec, name, null) == null # is no list, and is told by its own value
} else := []

# A pattern of stars alone, with or without a scheme; what is no text is not known to be less.
anything(pattern) if not is_string(pattern)

anything(pattern) if {
	is_string(pattern)
	regex.match(`^\s*([a-z*]+://)?[*/]*\*[*/.]*\s*$`, pattern)
}

wide_destination(path, destination) := array.concat(
	[{"path": array.concat(path, [name]), "what": "destination is any cluster", "value": pattern, "why": "the project reaches every cluster that Argo CD knows, production too", "fix": sprintf("name the cluster in %s", [name])} |
		some [name, pattern] in cluster_of(settings.fields(destination))
		anything(pattern)
	],
	[{"path": array.concat(path, ["namespace"]), "what": "destination is any namespace", "value": pattern, "why": "kube-system and Argo CD's own are among them", "fix": "name the team's namespaces, or a pattern of theirs such as team-a-*"} |
		object.get(review.parameters, "anyNamespace", "refuse") != "allow"
		pattern := object.get(settings.fields(destination), "namespace", "")
		anything(pattern)
	],
)

cluster_of(destination) := [[name, destination[name]] |
	some name in ["server", "name"]
	not object.get(destination, name, null) in {null, ""}
] if {
	some name in ["server", "name"]
	not object.get(destination, name, null) in {null, ""}
} else := []
