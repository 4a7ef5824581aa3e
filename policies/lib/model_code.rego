# METADATA
# title: What lets a model bring code
# description: |
#   Flags, variables and calls by which a server runs what lies beside a model's weights, or loads them in a way that runs code.
package lib.lockgate.model_code

import data.lib.lockgate.images
import data.lib.lockgate.models
import data.lib.lockgate.workloads

# METADATA
# description: |
#   `{"flags"}`: all that is written, as it stands there, and what is known only when it runs; sorted. For who asks from outside.
told := {"flags": sort({place.shown | some place in places} | {sprintf("%s, told when it runs", [place.name]) | some place in undecided})}

# METADATA
# description: |
#   `{"path", "name", "shown", "why"}`.
places := array.concat(array.concat(spoken, variables), array.concat(in_code, ray))

remote := "code that lies beside the weights runs with the server's rights"

by_pickle := "a pickle runs code when it is loaded"

plugin := "the file that it names is run"

# By flag, `_` written as `-`: why, and the values at which it does no harm.
flags := {
	"--enable-model-code": {"why": remote, "harmless": off},
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
	"DIFFUSERS_TRUST_REMOTE_CODE": remote, "HF_ALLOW_CODE_EVAL": "code that a model writes is run", "HF_HUB_TRUST_REMOTE_CODE": remote,
	"HF_TRUST_REMOTE_CODE": remote, "HF_DATASETS_TRUST_REMOTE_CODE": remote, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": by_pickle,
	"NUMPY_ALLOW_PICKLE": by_pickle, "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": by_pickle, "TRUST_REMOTE_CODE": remote,
	"VLLM_ALLOW_INSECURE_SERIALIZATION": by_pickle, "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "adapters are fetched at a request's word",
	"VLLM_TRUST_REMOTE_CODE": remote, "SGLANG_ENABLE_REMOTE_CODE": remote,
}

spoken := array.concat(
	[place(said.path, name, said.word, flags[name].why) |
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

place(path, name, shown, why) := {"path": path, "name": name, "shown": shown, "why": why}

flag(word) := replace(split(word, "=")[0], "_", "-") if startswith(word, "--")

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
	names[upper(variable.name)]
]

variables := [place(set.path, set.name, sprintf("%s=%s", [set.name, value]), names[set.name]) |
	some set in settings
	value := set.variable.value
	is_string(value)
	not lower(value) in off
	value != ""
	not images.placeholder(value)
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

# Python on a command line, as `python -c "…"`: what is written as one word there.
in_code := [place(array.concat(container.path, [field, i]), name, name, remote) |
	some container in workloads.containers
	some field in ["command", "args"]
	some i, text in container.value[field]
	is_string(text)
	some name, pattern in {
		"trust_remote_code=True": `(^|[^A-Za-z0-9_-])trust_remote_code\s*=\s*(True|1)\b`,
		"safe_mode=False": `\bsafe_mode\s*=\s*(False|0)\b`,
		"weights_only=False": `\bweights_only\s*=\s*(False|0)\b`,
		"allow_pickle=True": `\ballow_pickle\s*=\s*(True|1)\b`,
		"enable_unsafe_deserialization": `\benable_unsafe_deserialization\s*\(`,
	}
	regex.match(pattern, text)
]

# Ray reads these as YAML; a runtime environment with a URL fetches code.
ray := array.concat(
	[place(path, name, shown(value), "code is fetched from there and run") |
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
