# METADATA
# title: What tools of GitOps read
# description: |
#   The sources of Argo CD, Flux and Config Sync: where they are written, of which kind, and what a revision of git or a version of a chart is worth.
package lib.lockgate.gitops

import data.lib.lockgate.images
import data.lib.lockgate.workloads

# METADATA
# description: The objects of one group and kind, as `workloads.objects` has them, whatever the version of the API.
named(name) := [at | some at in workloads.objects; at.name == name]

# METADATA
# description: A path below that of an object.
below(at, path) := array.concat(at.path, path)

# METADATA
# description: A value as text. It is `""` for null, and JSON for what is no text.
text(value) := value if {
	is_string(value)
} else := "" if {
	value == null
} else := json.marshal(value)

# METADATA
# description: The text at a path of a value, `""` where there is nothing.
field(value, path) := text(object.get(value, path, ""))

# METADATA
# description: |
#   What a revision of git is worth: `content` (a whole commit, or a digest), `unknown` (a placeholder) or `moving` (a branch, a tag, a range).
revision_pin(version) := "content" if {
	regex.match(`^([0-9a-f]{40}|[0-9a-f]{64})$`, version)
} else := "content" if {
	startswith(version, "sha256:")
} else := "unknown" if {
	images.placeholder(version)
} else := "moving"

# METADATA
# description: |
#   Whether a revision reads like a tag of a release: `v1.2.3`, `refs/tags/…`, `chart-1.2.3`. Git itself does not tell it from a branch of that name.
names_release(version) if {
	regex.match(`^(refs/tags/.+|([A-Za-z0-9_.]+[-/])*v?[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?|v?[0-9]+\.[0-9]+)$`, version)
}

# METADATA
# description: What a version of a chart is worth. One version is one; a range of versions moves.
chart_pin(version) := "unknown" if {
	images.placeholder(version)
} else := "version" if {
	regex.match(`^v?[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$`, version)
} else := "moving"

# METADATA
# description: |
#   Specs of Argo CD's applications, as `{"path", "value"}`: those of Applications and of the template of an ApplicationSet.
application_specs := array.concat(
	[{"path": below(at, ["spec"]), "value": at.value.spec} |
		some at in named("argoproj.io/Application")
		is_object(at.value.spec)
	],
	[{"path": below(at, ["spec", "template", "spec"]), "value": at.value.spec.template.spec} |
		some at in named("argoproj.io/ApplicationSet")
		is_object(at.value.spec.template.spec)
	],
)

# METADATA
# description: |
#   The same for the templates of generators, at any depth: what they write goes before the template of the ApplicationSet, and what they
#   leave out is taken from there.
override_specs := [{"path": array.concat(below(at, ["spec", "generators"]), array.concat(inner, ["spec"])), "value": value.spec} |
	some at in named("argoproj.io/ApplicationSet")
	walk(at.value.spec.generators, [inner, value])
	inner[count(inner) - 1] == "template"
	is_object(value.spec)
]

# METADATA
# description: |
#   The sources of specs, as `{"path", "value"}`: the one, each of several, and the dry one of a hydrator.
sources_of(specs) := array.concat(
	array.concat(
		[{"path": array.concat(spec.path, ["source"]), "value": spec.value.source} |
			some spec in specs
			is_object(spec.value.source)
		],
		[{"path": array.concat(spec.path, ["sources", i]), "value": source} |
			some spec in specs
			some i, source in spec.value.sources
			is_object(source)
		],
	),
	[{"path": array.concat(spec.path, ["sourceHydrator", "drySource"]), "value": source} |
		some spec in specs
		source := spec.value.sourceHydrator.drySource
		is_object(source)
	],
)

# METADATA
# description: The sources of Argo CD's applications.
argo_sources := sources_of(application_specs)

# METADATA
# description: |
#   What generators of an ApplicationSet read from git, as `{"path", "value"}`, at any depth of generators.
git_generators := [{"path": array.concat(below(at, ["spec", "generators"]), inner), "value": value} |
	some at in named("argoproj.io/ApplicationSet")
	walk(at.value.spec.generators, [inner, value])
	inner[count(inner) - 1] == "git"
	is_object(value)
	is_string(value.repoURL)
]

# METADATA
# description: Config Sync's RootSyncs and RepoSyncs.
syncs := array.concat(named("configsync.gke.io/RootSync"), named("configsync.gke.io/RepoSync"))

# METADATA
# description: |
#   Whether an object is only a part of one, as patches of overlays are: it has not what every object of its kind has.
is_part(at, path) if object.get(at.value, path, null) == null
