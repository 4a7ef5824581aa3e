# METADATA
# title: Model servers run no code that comes with a model
# description: |
#   A model is data until a server is told to run what lies beside it. Refused are the flags and variables that tell it so: remote code of
#   Hugging Face models (`--trust-remote-code`, `TRUST_REMOTE_CODE`), loading weights by pickle where the library would refuse (`TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD`,
#   vLLM's `--load-format pt`), objects over the wire by pickle (`VLLM_ALLOW_INSECURE_SERIALIZATION`), plugins by a path or a name
#   (`--tool-parser-plugin`, `--reasoning-parser-plugin`), Keras' `safe_mode=False`, and code
#   that Ray fetches for a deployment (`working_dir`, `py_modules` by URL).
#
#   Read are commands, arguments and variables of every container of every kind of workload, shell lines too, and YAML inside Ray's strings.
#   `exceptions` names flags or variables that a team may use.
#
#   What is known only when it runs (a variable from a ConfigMap, an argument by a placeholder) is a violation for these flags and variables alone;
#   `undecidable: allow` accepts it.
#
#   Not covered: code in the image, and defaults of servers that are compiled into it.
# related_resources:
#   - ref: https://docs.vllm.ai/en/latest/usage/security.html
#     description: Security of vLLM
#   - ref: https://pytorch.org/docs/stable/generated/torch.load.html
#     description: torch.load and weights_only
# custom:
#   id: LG-M002
#   severity: high
#   external: false
#   controls:
#     - NIST SP 800-53 CM-7 (least functionality)
#     - NIST SP 800-53 SI-7 (software integrity)
package lockgate.models.code_from_models

import data.lib.lockgate.images
import data.lib.lockgate.models
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.workloads

violation contains report.violation(place.path, what, place.shown, place.why, fix) if {
	some place in array.concat(array.concat(spoken, variables), array.concat(in_code, ray))
	not place.name in exceptions
	what := sprintf("%s lets a model bring code", [place.name])
	fix := sprintf("take %s away, and use a model whose weights need no code (safetensors)", [place.name])
}

violation contains report.violation(place.path, what, place.shown, why, fix) if {
	not review.parameters.undecidable == "allow"
	some place in undecided
	not place.name in exceptions
	what := sprintf("%s is known only when it runs", [place.name])
	why := "it may let a model bring code"
	fix := sprintf("write the value of %s itself", [place.name])
}

violation contains report.too_deep(path) if {
	some path in workloads.too_deep
}

exceptions := {name | some name in object.get(review.parameters, "exceptions", [])}

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
