# METADATA
# title: What Ray installs when it starts is pinned
# description: |
#   A runtime environment of Ray installs packages and fetches code when a job or a deployment starts, after any review of the image. Packages of
#   `pip`, `uv` and `conda` must have one version (`torch==2.9.0`), be a file of the image, or a URL with a digest or a commit; options that bring in other
#   indexes or files are refused. `image_uri` and `container.image` must be pinned by digest. Code by URL (`working_dir`, `py_modules`, `py_executable`) must come by
#   https and name a commit of 40 digits, or be of a place in `allowedSources`, where nothing moves.
#
#   `runtimeEnvYAML` of RayJob and RayCronJob and every `runtime_env` in RayService's `serveConfigV2` are read; what cannot be read is refused.
#   `urls: any` leaves code by URL to models/code_from_models, which refuses all of it. Placeholders are left for when they are filled in. An update
#   that leaves the spec as it was, but for what autoscalers and queues write, is not judged.
#
#   Not covered: what packages depend on, environments that code or `ray job submit` gives, and what the image holds.
# related_resources:
#   - ref: https://docs.ray.io/en/latest/ray-core/handling-dependencies.html
#     description: Runtime environments of Ray
# custom:
#   id: LG-S007
#   severity: medium
#   external: false
#   systems: [ray]
#   controls:
#     - NIST SP 800-53 SI-7 (software integrity)
#     - NIST SP 800-53 SR-3 (supply chain controls and processes)
package lockgate.serving.ray_code_sources

import data.lib.lockgate.images
import data.lib.lockgate.ray
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings

violation contains report.violation(environment.path, "runtime environment cannot be read", "its text", why, fix) if {
	not ray.unchanged
	some environment in ray.environments
	environment.value == null
	why := "what it installs cannot be told"
	fix := "write a mapping in YAML, as pip: [torch==2.9.0]"
}

violation contains report.violation(wanted.path, what, settings.shown(wanted.text), why, fix) if {
	not ray.unchanged
	some wanted in packages
	not settings.unknown(wanted.text)
	not pinned(wanted)
	what := sprintf("package of %s is not pinned", [wanted.tool])
	why := "other code is installed tomorrow, after the image was reviewed"
	fix := sprintf("write %s, or build it into the image", [example[wanted.tool]])
}

violation contains report.violation(one.path, "image of a runtime environment is not pinned", settings.shown(one.text), why, fix) if {
	not ray.unchanged
	some one in inner_images
	not settings.unknown(one.text)
	not digested(one.text)
	why := "its tag may move after review, and other rules do not see it"
	fix := "pin it by digest, as registry/repository@sha256:<64 hex digits>"
}

violation contains report.violation(one.path, "code by URL is not pinned", settings.shown(one.text), why, fix) if {
	not ray.unchanged
	not review.parameters.urls == "any"
	some one in sources
	not settings.unknown(one.text)
	not fixed(one.text)
	why := sprintf("other code may lie there tomorrow; allowed places are: %s", [report.names(allowed)])
	fix := sprintf("build %s into the image, or name a commit of 40 digits in an https URL", [one.field])
}

example := {
	"conda": "name=1.2.3",
	"pip": "name==1.2.3",
	"uv": "name==1.2.3",
}

# Lists of packages: plain, under `packages`, and for conda under `dependencies`, in which a list for pip may stand.
packages := array.concat(
	[{"path": environment.path, "tool": tool, "text": text} |
		some environment in ray.environments
		some tool in ["pip", "uv"]
		some text in listed(environment.value[tool], "packages")
	],
	array.concat(
		[{"path": environment.path, "tool": "conda", "text": text} |
			some environment in ray.environments
			some text in listed(environment.value.conda, "dependencies")
			not is_object(text)
		],
		[{"path": environment.path, "tool": "pip", "text": text} |
			some environment in ray.environments
			some inner in environment.value.conda.dependencies
			some text in inner.pip
		],
	),
)

listed(value, _) := value if is_array(value)

listed(value, field) := value[field] if is_array(value[field])

# A file of the image, a path to an environment in it, or its name.
listed(value, _) := [] if is_string(value)

pinned(wanted) if {
	wanted.tool in {"pip", "uv"}
	some pattern in [
		`^[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[A-Za-z0-9._, -]*\])?\s*===?\s*[A-Za-z0-9][A-Za-z0-9.!+_-]*\s*(;.*)?(\s--hash=\S+)*$`,
		`^[A-Za-z0-9._-]+\s*(\[[A-Za-z0-9._, -]*\])?\s*@\s*git\+https://\S+@[0-9a-f]{40}(#\S*)?$`,
		`^([A-Za-z0-9._-]+\s*(\[[A-Za-z0-9._, -]*\])?\s*@\s*)?https://\S+#(\S*&)?sha256=[0-9a-f]{64}(&\S*)?$`,
		`^(file:|/|\./)\S+$`,
		`^--hash=\S+$`,
		`^\s*(#.*)?$`,
	]
	is_string(wanted.text)
	regex.match(pattern, wanted.text)
}

pinned(wanted) if {
	wanted.tool == "conda"
	is_string(wanted.text)
	regex.match(`^([A-Za-z0-9_.-]+::)?[A-Za-z0-9_.-]+\s*==?\s*[A-Za-z0-9][A-Za-z0-9.!+_]*(=[A-Za-z0-9_.]+)?$`, wanted.text)
}

# What installs other packages: pip and conda themselves, whose version decides nothing here.
pinned(wanted) if {
	wanted.tool == "conda"
	wanted.text == "pip"
}

inner_images := [{"path": environment.path, "text": text} |
	some environment in ray.environments
	is_object(environment.value)
	some field in [["image_uri"], ["container", "image"]]
	text := object.get(environment.value, field, null)
	text != null
]

digested(text) if images.parse(text).digest != ""

sources := [{"path": environment.path, "field": field, "text": text} |
	some environment in ray.environments
	some field in ["working_dir", "py_modules", "py_executable"]
	some text in each(environment.value[field])
	is_remote(text)
]

each(value) := value if is_array(value)

each(value) := [value] if not is_array(value)

is_remote(text) if not is_string(text)

is_remote(text) if {
	is_string(text)
	contains(text, "://")
}

fixed(text) if {
	is_string(text)
	regex.match(`^https://[^\s?#]+$`, text)
	regex.match(`/[0-9a-f]{40}(\.zip|\.tar\.gz|/|$)`, text)
}

fixed(text) if {
	is_string(text)
	some place in allowed
	inside(text, place)
}

# Whole parts are compared: no other host begins like an allowed one, and nothing leads out again.
inside(text, place) if {
	startswith(text, concat("", [trim_suffix(place, "/"), "/"]))
	not contains(text, "..")
	not contains(text, "%")
	not contains(text, "\\")
}

allowed := {place | some place in object.get(review.parameters, "allowedSources", [])}
