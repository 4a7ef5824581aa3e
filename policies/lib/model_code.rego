# METADATA
# title: What lets a model bring code
# description: |
#   Flags, variables and calls by which a server runs what lies beside a model's weights, or loads them in a way that runs code.
package lib.lockgate.model_code

import data.lib.lockgate.images
import data.lib.lockgate.models
import data.lib.lockgate.programs
import data.lib.lockgate.review
import data.lib.lockgate.workloads

# METADATA
# description: |
#   `{"flags"}`: all that is written, as it stands there, and what is known only when it runs; sorted. For who asks from outside.
told := {"flags": sort({place.shown | some place in places} | {sprintf("%s, told when it runs", [place.name]) | some place in undecided})}

# METADATA
# description: |
#   `{"path", "name", "shown", "why", "pinned"}`; `pinned` is whether the code is of one commit, which nobody can replace.
places := array.concat(array.concat(spoken, variables), array.concat(array.concat(in_code, unpickled), ray))

remote := "code that lies beside the weights runs with the server's rights"

by_pickle := "a pickle runs code when it is loaded"

plugin := "the file that it names is run"

# By flag, `_` written as `-`: why, and the values at which it does no harm.
flags := {
	"--enable-model-api": {"why": "models are registered at a request's word", "harmless": off},
	"--enable-model-code": {"why": remote, "harmless": off},
	"--enable-custom-logit-processor": {"why": "requests bring code that is run", "harmless": off},
	"--reasoning-parser-plugin": {"why": plugin, "harmless": {""}},
	"--tool-parser-plugin": {"why": plugin, "harmless": {""}},
	"--trust-remote-code": {"why": remote, "harmless": off},
}

off := {"0", "f", "false", "n", "no", "off"}

# Values of a flag that do harm.
values := {
	"--backend-config": {"python"},
	"--load-format": {"npcache", "pt"},
}

# By variable.
names := {
	"HF_ALLOW_CODE_EVAL": "code that a model writes is run", "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": by_pickle,
	"NUMPY_ALLOW_PICKLE": by_pickle, "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": by_pickle,
	"VLLM_ALLOW_INSECURE_SERIALIZATION": by_pickle, "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "adapters are fetched at a request's word",
	"SGLANG_ENABLE_REMOTE_CODE": remote, "TS_ENABLE_MODEL_API": "models are registered at a request's word",
	"TS_INSTALL_PY_DEP_PER_MODEL": "packages that a model names are installed",
	"VLLM_SERVER_DEV_MODE": "requests may call any function of the server",
}

why_of(name) := names[name]

# Model servers name it each in their own way (`OPTION_TRUST_REMOTE_CODE`, `HF_MODEL_TRUST_REMOTE_CODE`).
why_of(name) := remote if endswith(name, "TRUST_REMOTE_CODE")

spoken := array.concat(
	[object.union(place(said.path, name, said.word, flags[name].why), {"pinned": pins_code(name, line.flags)}) |
		some line in models.command_lines
		some i, said in line.words
		name := flag(said.word)
		flags[name]
		not harmless_flag(name, said.word, following(line.words, i))
		not images.placeholder(given(said.word))
	],
	[place(set.path, set.flag, sprintf("%s %s", [set.flag, set.value]), by_pickle) |
		some line in models.command_lines
		some set in line.flags
		some bad in values[set.flag]
		lower(split(set.value, ",")[0]) == bad
	],
)

place(path, name, shown, why) := {"path": path, "name": name, "shown": shown, "why": why, "pinned": false}

# `--revision` pins the weights alone: code may lie in another repository, of which the newest is taken.
pins_code(name, given_flags) if {
	name == "--trust-remote-code"
	revisions := [given.value | some given in given_flags; given.flag == "--code-revision"]
	count(revisions) > 0
	every revision in revisions {
		regex.match(`^[0-9a-f]{40}$`, revision)
	}
} else := false

# Tools put words of their own before it (`--hf-trust-remote-code`, `--model.trust_remote_code`).
flag(word) := known if {
	startswith(word, "--")
	known := named_flag(replace(split(word, "=")[0], "_", "-"))
}

named_flag(name) := "--trust-remote-code" if {
	regex.match(`^--([a-z0-9-]+[.-])?trust-remote-code$`, name)
	not startswith(name, "--no-")
} else := "--trust-remote-code" if {
	# Parsers take the beginning of a name for it.
	startswith(name, "--trust-r")
	startswith("--trust-remote-code", name)
} else := name

given(word) := substring(word, indexof(word, "=") + 1, -1) if {
	contains(word, "=")
} else := ""

# The word behind a flag is its value where it is no flag itself.
following(words, i) := words[i + 1].word if {
	not startswith(words[i + 1].word, "-")
} else := ""

harmless_flag(name, word, _) if {
	contains(word, "=")
	lower(given(word)) in flags[name].harmless
}

harmless_flag(name, word, next) if {
	not contains(word, "=")
	next != ""
	lower(next) in flags[name].harmless
}

settings := [{"path": array.concat(container.path, ["env", i]), "name": upper(variable.name), "variable": variable} |
	some container in workloads.containers
	some i, variable in container.value.env
	is_string(variable.name)
	why_of(upper(variable.name))
]

variables := [place(set.path, name, sprintf("%s=%s", [name, set.value]), why_of(name)) |
	some set in programs.variables
	name := upper(set.name)
	why_of(name)
	not lower(set.value) in off
	set.value != ""
	not images.placeholder(set.value)
]

undecided := array.concat(
	[{"path": set.path, "name": set.name, "shown": "from elsewhere"} |
		some set in settings
		is_elsewhere(set.variable)
	],
	[{"path": said.path, "name": flag(said.word), "shown": said.word} |
		some line in models.command_lines
		some said in line.words
		flags[flag(said.word)]
		images.placeholder(given(said.word))
	],
)

is_elsewhere(variable) if is_object(variable.valueFrom)

is_elsewhere(variable) if images.placeholder(variable.value)

# Python on a command line, as `python -c "…"`: what is written as one word there, or in a script; and flags that are handed on.
in_code := array.concat(
	[place(said.path, name, name, remote) |
		some said in programs.texts
		some name, pattern in code_patterns
		regex.match(pattern, said.text)
	],
	array.concat(
		[place(said.path, "--trust-remote-code", said.text, remote) |
			some said in array.concat(programs.scripts, array.concat(programs.probes, programs.entrypoints))
			regex.match(handed_on, said.text)
		],
		[place(set.path, "--trust-remote-code", sprintf("%s=%s", [set.name, set.value]), remote) |
			some set in programs.variables
			regex.match(handed_on, set.value)
		],
	),
)

# What steps of a pipeline hand to each other by pickle is made in the same run.
unpickled := [place(said.path, "pickle", name, by_pickle) |
	not workloads.identity(review.target) in {"documents.lockgate.dev/KubeflowPipeline", "pipelines.kubeflow.org/PipelineVersion", "argoproj.io/Workflow"}
	some said in programs.words
	some name in regex.find_n(`\b(c?[pP]ickle|dill|cloudpickle|joblib)\.loads?\s*\(|\bread_pickle\s*\(`, said.text, 1)
]

handed_on := `(^|\s|["'])--trust[-_]remote[-_]code($|\s|["']|=([^0fFnNoO]|on))`

code_patterns := {
	"allow_pickle=True": `\ballow_pickle\s*=\s*(True|1)\b`,
	"enable_unsafe_deserialization": `\benable_unsafe_deserialization\s*\(`,
	"safe_mode=False": `\bsafe_mode\s*=\s*(False|0)\b`,
	"trust_remote_code=True": `(^|[^A-Za-z0-9_-])trust_remote_code\s*=\s*(True|1)\b`,
	"weights_only=False": `\bweights_only\s*=\s*(False|0)\b`,
}

# Ray reads these as YAML; a runtime environment with a URL fetches code.
ray := array.concat(
	[object.union(place(path, name, shown(value), "code is fetched from there and run"), {"pinned": pins_url(value)}) |
		some path in ray_texts
		some [name, value] in settings_in(models.yaml_at(path))
		name in {"working_dir", "py_modules"}
		contains(shown(value), "://")
	],
	[place(path, name, sprintf("%s: %s", [name, shown(value)]), remote) |
		some path in ray_texts
		some [name, value] in settings_in(models.yaml_at(path))
		name in {"trust_remote_code", "trust-remote-code"}
		not value in {false, null, ""}
	],
)

# An archive of one commit, over https.
pins_url(value) if {
	pins_url_text(value)
} else if {
	is_array(value)
	every one in value {
		pins_url_text(one)
	}
} else := false

pins_url_text(value) if {
	is_string(value)
	regex.match(`^https://[^\s?#]+/[0-9a-f]{40}(\.zip|\.tar\.gz)$`, value)
}

settings_in(config) := [[name, value] |
	walk(config, [inner, value])
	name := inner[count(inner) - 1]
	is_string(name)
]

shown(value) := value if {
	is_string(value)
} else := json.marshal(value)

ray_texts := array.concat(models.serve_config_paths, [path |
	some at in workloads.objects
	some inner in ray_environments[at.name]
	path := array.concat(at.path, inner)
	is_string(workloads.value_at(path))
])

ray_environments := {
	"ray.io/RayCronJob": [["spec", "jobTemplate", "runtimeEnvYAML"]],
	"ray.io/RayJob": [["spec", "runtimeEnvYAML"]],
}
