# METADATA
# title: Models that workloads load
# description: |
#   Where a workload says which model, adapter or data set it loads, and what that reference is worth: whether the same words may bring
#   other bytes tomorrow. Fields of KServe, Kubeflow, SageMaker and Ray, image volumes, and the arguments and variables that
#   model servers read; in a kind that is not listed, fields with the names that others give to such references.
#   https://kserve.github.io/website/docs/model-serving/storage/overview https://docs.vllm.ai/en/latest/cli/serve.html
package lib.lockgate.models

import data.lib.lockgate.images
import data.lib.lockgate.kubeflow_pipelines
import data.lib.lockgate.review
import data.lib.lockgate.texts
import data.lib.lockgate.workloads

# METADATA
# description: |
#   The references, as `{"path", "text", "use", "how", "scheme", "location", "version", "pin", "uri"}`.
#   `use` is `model`, `adapter`, `dataset` or `volume`; `how` is `field`, `argument`, `variable`, `annotation` or `text` (YAML in a string).
#   `pin` is `content` (the reference names its bytes), `version` (a store that keeps versions), `name` (a digest in the path, which the
#   store does not compare), `moving` (other bytes tomorrow), `unknown` (known only when it runs) or `unreadable`.
#   `uri` is the reference in one spelling, by which facts are found.
references := [object.union(place, read) |
	some place in places
	read := parse(place.text, object.get(place, "revision", ""))
]

# METADATA
# description: What the texts of the parameter `references` say, as `parse` does, for who asks from outside.
told := {"read": {given: parse(given, "") | some given in review.parameters.references}}

# The same words in two ways (an argument that names a variable) are one reference at one path.
places := array.concat(
	array.concat(array.concat(named_fields, components), array.concat(volumes, annotated)),
	array.concat(array.concat(arguments, variables), array.concat(positional, array.concat(in_texts, imported))),
)

# Fields by kind: what they are used for, as patterns of `workloads`.
field_patterns := {
	"sagemaker.services.k8s.aws/Model": [
		{"use": "model", "pattern": [["spec", "primaryContainer", "modelDataURL"]]},
		{"use": "model", "pattern": [["spec", "primaryContainer", "modelPackageName"]]},
		{"use": "model", "pattern": [["spec", "primaryContainer", "modelDataSource", "s3DataSource", "s3URI"]]},
		{"use": "model", "pattern": [["spec", "containers"], ["modelDataURL"]]},
		{"use": "model", "pattern": [["spec", "containers"], ["modelPackageName"]]},
		{"use": "model", "pattern": [["spec", "containers"], ["modelDataSource", "s3DataSource", "s3URI"]]},
	],
	"sagemaker.services.k8s.aws/ModelPackage": [{"use": "model", "pattern": [["spec", "inferenceSpecification", "containers"], ["modelDataURL"]]}],
	"serving.kserve.io/LocalModelCache": [{"use": "model", "pattern": [["spec", "sourceModelUri"]]}],
	"serving.kserve.io/LLMInferenceService": llm_fields,
	"serving.kserve.io/LLMInferenceServiceConfig": llm_fields,
	"serving.kserve.io/TrainedModel": [{"use": "model", "pattern": [["spec", "model", "storageUri"]]}],
	"trainer.kubeflow.org/TrainJob": [
		{"use": "model", "pattern": [["spec", "initializer", "model", "storageUri"]]},
		{"use": "dataset", "pattern": [["spec", "initializer", "dataset", "storageUri"]]},
	],
}

llm_fields := [
	{"use": "model", "pattern": [["spec", "model", "uri"]]},
	{"use": "adapter", "pattern": [["spec", "model", "lora", "adapters"], ["uri"]]},
]

# What other kinds call it.
usual_fields := {"modelDataURL", "modelURI", "modelUri", "model_uri", "storageURI", "storageUri", "storage_uri"}

named_fields := [{"path": path, "text": value, "use": field.use, "how": "field"} |
	some at in workloads.objects
	some field in object.get(field_patterns, at.name, [])
	some path in workloads.matches(at.path, field.pattern)
	value := workloads.value_at(path)
	not value in {null, ""}
]

# A component of an InferenceService, whose containers and whose own list say what is fetched for them; and foreign kinds.
components := array.concat(
	array.concat(
		[{"path": array.concat(container.path, ["storageUri"]), "text": value, "use": "model", "how": "field"} |
			some container in workloads.containers
			value := object.get(container.value, "storageUri", "")
			not value in {null, ""}
		],
		[{"path": array.concat(container.path, ["storage", "path"]), "text": stored(storage), "use": "model", "how": "field"} |
			some container in workloads.containers
			object.get(container.value, "storageUri", "") in {null, ""}
			storage := container.value.storage
			is_string(storage.path)
		],
	),
	array.concat(
		[{"path": array.concat(pod.path, ["storageUris", i, "uri"]), "text": one.uri, "use": "model", "how": "field"} |
			some pod in workloads.pods
			some i, one in pod.value.storageUris
			not one.uri in {null, ""}
		],
		[{"path": array.concat(part.path, [name]), "text": value, "use": "model", "how": "field"} |
			some part in workloads.foreign_values
			not field_patterns[part.object.name]
			some name, value in part.value
			name in usual_fields
			is_string(value)
			value != ""
			not part.path in container_paths
		],
	),
)

container_paths := {container.path | some container in workloads.containers}

# A path in a store that a secret of the namespace names.
stored(storage) := sprintf("storage://%s/%s", [object.get(storage, "key", "default"), trim_prefix(storage.path, "/")])

volumes := [{"path": path, "text": sprintf("oci://%s", [value]), "use": "volume", "how": "field"} |
	some path in workloads.volume_images
	value := workloads.value_at(path)
	is_string(value)
	value != ""
]

# What KServe's controller writes on the pods that it makes.
annotated := [{"path": array.concat(at.path, ["metadata", "annotations", name]), "text": value, "use": "model", "how": "annotation"} |
	some at in workloads.objects
	some name, value in at.value.metadata.annotations
	name == "internal.serving.kserve.io/storage-initializer-sourceuri"
	is_string(value)
	value != ""
]

# METADATA
# description: |
#   The command lines of containers, as `{"container", "words", "flags"}`. `words`: `{"path", "word"}` for each word of command and arguments; a line for
#   a shell is taken apart at its blanks, and `$(NAME)` is replaced by a variable that the container gives itself. `flags`: `{"path", "flag", "value"}` for each
#   `--flag` with what follows it, in either spelling, `_` written as `-`.
command_lines := [{"container": container, "words": words, "flags": flags_in(words)} |
	some container in workloads.containers
	words := words_of(container)
	words != []
]

words_of(container) := [{"path": array.concat(container.path, [field, i]), "word": replaced(word, literals)} |
	literals := {variable.name: variable.value |
		some variable in container.value.env
		is_string(variable.name)
		is_string(variable.value)
	}
	some field in ["command", "args"]
	some i, text in container.value[field]
	is_string(text)
	some word in regex.split(`[\s"'\\]+`, text)
	word != ""
]

replaced(word, literals) := literals[name] if {
	[[_, name]] := regex.find_all_string_submatch_n(`^\$\(([A-Za-z_][A-Za-z0-9_]*)\)$`, word, 1)
} else := concat("=", [flag, literals[name]]) if {
	[[_, flag, name]] := regex.find_all_string_submatch_n(`^(--[A-Za-z0-9_-]+)=\$\(([A-Za-z_][A-Za-z0-9_]*)\)$`, word, 1)
} else := word

# Flags of vLLM, SGLang, TGI, TEI, KServe's servers, llama.cpp and Triton's; `_` is written for `-` as well.
model_flags := {
	"--base-model": "model", "--draft-model": "model", "--draft-model-path": "model", "--hf-config-path": "model", "--hf-repo": "model",
	"--lora-paths": "adapter", "--lora-adapters": "adapter", "--model": "model", "--model-dir": "model", "--model-id": "model", "--model-name-or-path": "model",
	"--model-path": "model", "--model-repository": "model", "--model-uri": "model", "--pretrained-model-name-or-path": "model",
	"--qlora-adapter-name-or-path": "adapter", "--speculative-draft-model-path": "model", "--speculative-model": "model", "--tokenizer": "model",
	"--tokenizer-path": "model", "--lora-modules": "adapter",
}

revision_flags := {"--revision", "--model-revision", "--code-revision", "--tokenizer-revision"}

flags_in(words) := array.concat(
	[{"path": words[i + 1].path, "flag": replace(said.word, "_", "-"), "value": words[i + 1].word} |
		some i, said in words
		startswith(said.word, "--")
		not contains(said.word, "=")
		not startswith(words[i + 1].word, "--")
	],
	[{"path": said.path, "flag": replace(substring(said.word, 0, at), "_", "-"), "value": substring(said.word, at + 1, -1)} |
		some said in words
		startswith(said.word, "--")
		at := indexof(said.word, "=")
		at > 0
	],
)

arguments := [{"path": given.path, "text": text, "use": use, "how": "argument", "revision": revision} |
	some line in spoken
	some given in line.flags
	use := model_flags[given.flag]
	text := last_part(given.flag, given.value)
	is_reference(text)
	revision := revision_of(line.container, line.flags)
]

spoken := [line | some line in command_lines; speaks(line.container.value)]

# `--lora-modules name=path`.
last_part(flag, value) := text if {
	flag in {"--lora-modules", "--lora-paths"}
	at := indexof(value, "=")
	at > 0
	text := substring(value, at + 1, -1)
} else := value

# Containers that have a command, arguments or variables, which few kinds leave out.
speaking := [container | some container in workloads.containers; speaks(container.value)]

speaks(value) if {
	some field in ["command", "args", "env"]
	is_array(value[field])
}

revision_of(container, given_flags) := revision if {
	[revision] := array.slice([given.value | some given in given_flags; given.flag in {"--revision", "--model-revision"}], 0, 1)
} else := revision if {
	[revision] := array.slice(
		[variable.value |
			some variable in container.value.env
			variable.name in {"REVISION", "HF_MODEL_REVISION", "HF_REVISION", "MODEL_REVISION"}
			is_string(variable.value)
		],
		0, 1,
	)
} else := ""

# What a model server is told by position: `vllm serve NAME`, and what KServe's storage initializer fetches.
positional := array.concat(
	[{"path": line.words[i + 1].path, "text": line.words[i + 1].word, "use": "model", "how": "argument", "revision": revision} |
		some line in spoken
		some i, said in line.words
		said.word == "serve"
		some before in array.slice(line.words, 0, i)
		endswith(before.word, "vllm")
		is_reference(line.words[i + 1].word)
		revision := revision_of(line.container, line.flags)
	],
	[{"path": said.path, "text": said.word, "use": "model", "how": "argument"} |
		some line in spoken
		some said in line.words
		fetches(line.container, said.word)
	],
)

fetches(_, word) if regex.match(`^(hf|modelscope|model-registry|oci|oci\+native|oci\+fetch)://`, word)

fetches(_, word) if regex.match(`^(models|runs):/`, word)

fetches(container, word) if {
	container.value.name == "storage-initializer"
	regex.match(`^[a-z][a-z0-9+.-]*://`, word)
}

variables := [{"path": array.concat(container.path, ["env", i, "value"]), "text": variable.value, "use": "model", "how": "variable", "revision": revision} |
	some container in speaking
	some i, variable in container.value.env
	is_string(variable.value)
	names_model(variable.name, variable.value)
	revision := revision_of(container, [])
]

names_model(_, value) if regex.match(`^(hf|modelscope|model-registry|oci\+native|oci\+fetch)://`, value)

names_model(_, value) if regex.match(`^(models|runs):/`, value)

# A name with MODEL in it may hold anything; what it holds must look like a reference.
names_model(name, value) if {
	regex.match(`(^|_)(MODEL|MODELS|STORAGE|CHECKPOINT|ADAPTER|LORA)(_|$)`, name)
	regex.match(`^[a-z][a-z0-9+.-]*://`, value)
	not contains(name, "ENDPOINT")
	not contains(name, "SERVER")
	not regex.match(`_(HOST|HEALTH|API|BASE)(_|$)`, name)
}

names_model(name, value) if {
	name in {"BASE_MODEL", "HF_MODEL", "HF_MODEL_ID", "LLM_MODEL", "MODEL", "MODEL_ID", "MODEL_NAME", "MODEL_NAME_OR_PATH"}
	is_hub_name(value)
}

# YAML in strings, Ray's and Argo's; a path ends at the string.
in_texts := array.concat(
	[{"path": path, "text": text, "use": "model", "how": "text"} |
		some path in serve_config_paths
		walk(yaml_at(path), [inner, text])
		inner[count(inner) - 1] in {"model_id", "model_source", "model_uri", "model", "bucket_uri"}
		is_string(text)
		is_reference(text)
	],
	array.concat(
		[{"path": found.path, "text": text, "use": "model", "how": "text"} |
			some found in texts.texts
			walk(found.value, [inner, text])
			inner[count(inner) - 1] in usual_fields
			is_string(text)
			text != ""
		],
		[{"path": found.path, "text": text, "use": "model", "how": "text"} |
			some found in texts.texts
			walk(found.value, [inner, variables_given])
			inner[count(inner) - 1] == "env_vars"
			some name, text in variables_given
			is_string(text)
			names_model(name, text)
		],
	),
)

# What a compiled pipeline takes in from a place that it names itself; a parameter's only a run knows.
imported := [{"path": importer.uri_path, "text": importer.uri, "use": use, "how": "field"} |
	some importer in kubeflow_pipelines.importers
	importer.how == "constant"
	title := object.get(importer.importer, ["typeSchema", "schemaTitle"], "")
	use := {true: "model", false: "dataset"}[contains(workloads.text(title), "Model")]
]

# METADATA
# description: What a string holds as YAML; undefined where it is none.
yaml_at(path) := config if {
	text := workloads.value_at(path)
	yaml.is_valid(text)
	config := yaml.unmarshal(text)
}

# METADATA
# description: Paths of strings in which Ray is told what to serve, as YAML.
serve_config_paths := [path |
	some at in workloads.objects
	field := {"ray.io/RayService": "serveConfigV2"}[at.name]
	path := array.concat(at.path, ["spec", field])
	is_string(workloads.value_at(path))
]

# Not a folder of the container, and not a name that the server gives to what it serves.
is_reference(text) if regex.match(`^[A-Za-z][A-Za-z0-9+.-]*:/`, text)

is_reference(text) if is_hub_name(text)

is_reference(text) if {
	images.placeholder(text)
	not regex.match(`^[./]`, text)
}

is_hub_name(text) if {
	regex.match(`^[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*$`, text)
	not regex.match(`^(models?|data|mnt|opt|srv|var|home|tmp|app|workspace)/`, text)
}

# METADATA
# description: |
#   What a reference says: `{"scheme", "location", "version", "pin", "uri"}`. `revision` is one that is given beside it.
parse(text, revision) := unread("", "unreadable") if {
	not is_string(text)
} else := unread(text, "unreadable") if {
	regex.match(`[\s<>\x00-\x1f]`, text)
} else := unread(text, "unknown") if {
	images.placeholder(text)
} else := named(scheme, after(text, "://"), revision) if {
	scheme := lower(before(text, "://"))
} else := registered(scheme, after(text, ":/")) if {
	scheme := lower(before(text, ":/"))
} else := hub("hf", text, "", revision) if {
	is_hub_name(text)
} else := read("arn", text, split(text, "/")[2], "version", text) if {
	regex.match(`^arn:aws[a-z-]*:sagemaker:[^/]+:model-package/[^/]+/[0-9]+$`, text)
} else := read("wandb-artifact", text, "", "moving", sprintf("wandb-artifact://%s", [text])) if {
	# By the words alone it may be an image's name too, so it pins nothing.
	regex.match(`^[A-Za-z0-9_-]+/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+$`, text)
} else := read("name", text, "", "moving", text)

read(scheme, location, version, pin, uri) := {
	"scheme": scheme, "location": location, "version": version, "pin": pin, "uri": uri,
}

unread(text, pin) := read(scheme, text, "", pin, text) if {
	scheme := lower(before(text, "://"))
} else := read("", text, "", pin, text)

before(text, mark) := start if {
	at := indexof(text, mark)
	at > 0
	start := substring(text, 0, at)
	regex.match(`^[A-Za-z][A-Za-z0-9+.-]*$`, start)
}

after(text, mark) := substring(text, indexof(text, mark) + count(mark), -1)

image_schemes := {"docker", "oci", "oci+fetch", "oci+native"}

hubs := {"hf", "modelscope"}

named(scheme, rest, _) := image(images.parse(rest)) if {
	scheme in image_schemes
	images.parse(rest)
} else := unread(sprintf("%s://%s", [scheme, rest]), "unreadable") if {
	scheme in image_schemes
}

named(scheme, rest, revision) := hub(scheme, name, version, revision) if {
	scheme in hubs
	[[_, name, _, version]] := regex.find_all_string_submatch_n(`^([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+)([:@]([^:@]+))?/?$`, rest, 1)
} else := unread(sprintf("%s://%s", [scheme, rest]), "unreadable") if {
	scheme in hubs
}

named(scheme, rest, _) := stored_at(scheme, tidy(location), version) if {
	scheme in {"s3", "s3a", "s3n"}
	[location, version] := parted(rest, `[?&]versionId=([^&#]+)`)
}

named("gs", rest, _) := stored_at("gs", tidy(location), version) if {
	[location, version] := parted(rest, `#([0-9]+)$`)
}

named(scheme, rest, _) := web(scheme, rest) if scheme in {"http", "https"}

named("model-registry", rest, _) := read("model-registry", name, version, "version", sprintf("model-registry://%s", [rest])) if {
	[[_, name, version]] := regex.find_all_string_submatch_n(`^([^/@]+)/([^/@]+)$`, rest, 1)

	# HOST/NAME is the newest version of a model in the registry that KServe's storage initializer is configured for.
	not regex.match(`:|\.[A-Za-z]{2,}$`, name)
} else := read("model-registry", rest, "", "moving", sprintf("model-registry://%s", [rest]))

named("wandb-artifact", rest, _) := read("wandb-artifact", name, version, "version", sprintf("wandb-artifact://%s", [rest])) if {
	[[_, name, version]] := regex.find_all_string_submatch_n(`^/?(.+):(v[0-9]+)$`, rest, 1)
} else := read("wandb-artifact", rest, "", "moving", sprintf("wandb-artifact://%s", [rest]))

named(scheme, rest, _) := stored_at(scheme, tidy(rest), "") if not scheme in special_schemes

special_schemes := (image_schemes | hubs) | {
	"gs", "http", "https", "model-registry", "s3", "s3a", "s3n", "wandb-artifact",
}

image(reference) := read("oci", reference.name, reference.digest, "content", sprintf("oci://%s@%s", [reference.name, reference.digest])) if {
	reference.digest != ""
} else := read("oci", reference.name, tag, "moving", sprintf("oci://%s:%s", [reference.name, tag])) if {
	tag := {true: "latest", false: reference.tag}[reference.tag == ""]
}

# What is written in the reference is what is fetched; a revision beside it counts where it names none.
hub(scheme, name, version, revision) := read(scheme, name, chosen, hub_pin(chosen), sprintf("%s://%s:%s", [scheme, name, chosen])) if {
	chosen := [one | some one in [version, revision]; one != ""][0]
} else := read(scheme, name, "", "moving", sprintf("%s://%s", [scheme, name]))

# A commit names its bytes; a branch or a tag may be moved.
hub_pin(version) := "content" if {
	regex.match(`^[0-9a-f]{40}$`, version)
} else := "moving"

parted(rest, pattern) := [located, found[0][1]] if {
	found := regex.find_all_string_submatch_n(pattern, rest, 1)
	count(found) == 1
	located := split(split(rest, "?")[0], "#")[0]
} else := [rest, ""]

tidy(location) := trim_right(location, "/")

stored_at(scheme, location, version) := read(scheme, location, version, "version", sprintf("%s://%s@%s", [scheme, location, version])) if {
	version != ""
} else := read(scheme, location, digest, "name", sprintf("%s://%s", [scheme, location])) if {
	digest := digest_in(location)
} else := read(scheme, location, "", "moving", sprintf("%s://%s", [scheme, location]))

# A part of the path that is a sha256 digest.
digest_in(location) := sprintf("sha256:%s", [digest]) if {
	digest := [hex |
		some part in split(location, "/")
		[[_, _, hex]] := regex.find_all_string_submatch_n(`^(sha256[:_-])?([0-9a-f]{64})$`, part, 1)
	][0]
}

web(scheme, rest) := hub("hf", sprintf("%s/%s", [owner, name]), version, "") if {
	[[_, _, owner, name, version]] := regex.find_all_string_submatch_n(`^(www\.)?huggingface\.co/([A-Za-z0-9_.-]+)/([A-Za-z0-9_.-]+)/(?:resolve|blob|raw|tree)/([^/?#]+)`, rest, 1)
} else := stored_at(scheme, tidy(location), version) if {
	[location, version] := parted(rest, `[?&]versionid=([^&#]+)`)
	regex.match(`^[a-z0-9-]+\.blob\.core\.windows\.net/`, location)
} else := stored_at(scheme, tidy(rest), "")

registered("models", rest) := read("models", name, version, "version", sprintf("models:/%s", [rest])) if {
	[[_, name, version]] := regex.find_all_string_submatch_n(`^([^/@]+)/([0-9]+)$`, rest, 1)
} else := read("models", split(split(rest, "@")[0], "/")[0], "", "moving", sprintf("models:/%s", [rest]))

registered("runs", rest) := read("runs", rest, split(rest, "/")[0], "version", sprintf("runs:/%s", [rest])) if {
	regex.match(`^[0-9a-f]{32}(/|$)`, rest)
} else := read("runs", rest, "", "moving", sprintf("runs:/%s", [rest]))

registered(scheme, rest) := read(scheme, rest, "", "moving", sprintf("%s:/%s", [scheme, rest])) if {
	not scheme in {"models", "runs"}
}
