# METADATA
# title: What runs was built before, and is not installed as it starts
# description: |
#   A step that begins with `pip install` runs what a package index serves that day, after its image was reviewed and scanned; Kubeflow's lightweight components do so unless they are told not to.
#   Commands, arguments and scripts of containers are read, those of compiled pipelines and Argo's templates among them, for installations by pip, uv, conda and mamba.
#
#   With `installs: none`, which is so unless given, none may be there, nor any by the system's packages (`apt-get install`). With `installs: pinned` each package
#   must have one version (`torch==2.9.0`; for conda `name=1.2`), name a commit of 40 digits or a digest, or be a file. Either way no index may be spoken to
#   unverified (`--trusted-host`, `http://` outside of the cluster).
#
#   Packages in a file (`-r requirements.txt`), those of a variable, pip, setuptools and wheel themselves, and `typing-extensions` as Kubeflow's compiler writes it into each component
#   are accepted as pinned. Comments are left out. An update that changes nothing but metadata and status is not judged.
#
#   Not covered: what packages depend on, what programs install by themselves, and Ray's runtime environments (`serving/ray_code_sources`).
# related_resources:
#   - ref: https://www.kubeflow.org/docs/components/pipelines/user-guides/components/lightweight-python-components/
#     description: Packages of lightweight components
# custom:
#   id: LG-P016
#   severity: medium
#   external: false
#   controls:
#     - NIST SP 800-53 SR-3 (supply chain controls and processes)
#     - NIST SP 800-53 SI-7 (software integrity)
#     - SLSA Build L2 (provenance)
#   systems: [argo-workflows, kubeflow-pipelines, kubeflow-trainer, kubernetes, ray]
package lockgate.pipelines.runtime_installs

import data.lib.lockgate.hosts
import data.lib.lockgate.kubeflow_pipelines
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "packages are installed as it starts", shown, why, fix) if {
	not updates.unchanged
	not pinned_allowed
	some path in {found.path | some found in installs}
	shown := concat("; ", sort({sprintf("%s install %s", [found.tool, found.rest]) | some found in installs; found.path == path}))
	why := "what is installed was neither reviewed nor scanned, and is another thing tomorrow"
	fix := "build the packages into the image (base_image, packages_to_install=[])"
}

violation contains report.violation(path, what, concat(", ", shown), why, fix) if {
	not updates.unchanged
	pinned_allowed
	some path in {found.path | some found in installs}
	problems := array.concat(loose(path), astray(path))
	count(problems) > 0
	what := concat(", and ", [problem.what | some problem in problems])
	shown := [name | some problem in problems; some name in problem.names]
	why := concat(", and ", [problem.why | some problem in problems])
	fix := problems[0].fix
}

loose(path) := [{
	"what": "packages that are installed as it starts are not pinned", "names": names, "why": "another version is installed tomorrow",
	"fix": sprintf("write %s==VERSION, or build it into the image", [names[0]]),
}] if {
	names := sort({wanted | some found in installs; found.path == path; some wanted in packages(found); not pinned(found.tool, wanted)})
	count(names) > 0
} else := []

astray(path) := [{
	"what": "packages come from an index that is not verified", "names": names, "why": "whoever stands between decides what is installed",
	"fix": "use an index with HTTPS and a certificate that is known",
}] if {
	names := sort({word | some found in installs; found.path == path; some word in unverified(found)})
	count(names) > 0
} else := []

pinned_allowed if review.parameters.installs == "pinned"

# Each word of a command by itself, and all of them together, where a list is run without a shell.
words := array.concat(
	array.concat(
		[{"path": array.concat(container.path, [field, i]), "text": text} |
			some container in workloads.containers
			some field in ["command", "args"]
			list := container.value[field]
			is_array(list)
			some i, text in list
			is_string(text)
		],
		[{"path": array.concat(container.path, ["source"]), "text": container.value.source} |
			some container in workloads.containers
			is_string(container.value.source)
		],
	),
	array.concat(
		[{"path": array.concat(container.path, [field]), "text": concat(" ", strings(list))} |
			some container in workloads.containers
			some field in ["command", "args"]
			list := container.value[field]
			is_array(list)
			"install" in list
		],
		[{"path": executor.path, "text": text} |
			some executor in kubeflow_pipelines.executors
			executor.how == "text"
			some field in ["command", "args"]
			list := executor.container[field]
			is_array(list)
			some text in array.concat(strings(list), [concat(" ", strings(list))])
		],
	),
)

strings(list) := [text | some text in list; is_string(text)]

# Lines that go on are one, and comments say nothing.
plain(text) := regex.replace(regex.replace(text, `\\\r?\n`, " "), `(?m)^\s*#.*$`, "")

installs := [{"path": word.path, "tool": found[1], "rest": trim_space(found[2])} |
	some word in words
	contains(word.text, "install")
	some found in regex.find_all_string_submatch_n(
		`(?:^|[\s;&|(/"'])((?:pip|conda|mamba|micromamba)[0-9.]*|apt|apt-get|dnf|microdnf|yum)(?:\s+-[^\s;&|]+)*\s+install\s+([^;&|\n]*)`,
		plain(word.text), -1,
	)
	judged(found[1])
]

system := {"apt", "apt-get", "dnf", "microdnf", "yum"}

judged(tool) if not tool in system

judged(_) if not pinned_allowed

tokens(found) := [trim(token, "\"'`\\()") |
	some token in regex.split(`\s+`, found.rest)
	trim(token, "\"'`\\()") != ""
]

# Options that take the next word.
taking := {
	"--build", "--cache-dir", "--channel", "--constraint", "--extra-index-url", "--find-links", "--index-url", "--name", "--platform", "--prefix", "--progress-bar",
	"--python", "--python-version", "--requirement", "--retries", "--root", "--root-user-action", "--target", "--timeout", "--trusted-host", "-c", "-f", "-i", "-n", "-p", "-r",
	"-t",
}

packages(found) := [token |
	list := tokens(found)
	some i, token in list
	not startswith(token, "-")
	not regex.match(`^[0-9]*[<>]`, token)
	not follows_option(list, i)
]

follows_option(list, i) if list[i - 1] in taking

pinned(_, wanted) if {
	some pattern in [
		`===?[0-9A-Za-z]`,
		`@[0-9a-f]{40}(#.*)?$`,
		`#(.*&)?sha256=[0-9a-f]{64}`,
		`^(\.|/|~|file:)`,
		`[$]`,
		`\{\{`,
		`^(pip|setuptools|wheel)(\[.*\])?([<>=!~].*)?$`,
		`^typing-extensions>=3\.7\.4,<5$`, # Kubeflow's compiler writes it into each component, for Python before 3.9
	]
	regex.match(pattern, wanted)
}

pinned(tool, wanted) if {
	regex.match(`conda|mamba`, tool)
	regex.match(`^[^=<>]+=[0-9]`, wanted)
}

unverified(found) := {token |
	list := tokens(found)
	some i, token in list
	token_unverified(list, i)
}

token_unverified(list, i) if startswith(list[i], "--trusted-host")

token_unverified(list, i) if hosts.plain(regex.replace(list[i], `^--[a-z-]+=`, ""))
