# METADATA
# title: Image references
# description: |
#   Reads image references by the grammar of the distribution project, with Docker's normalisation:
#   `nginx` is `docker.io/library/nginx`, and a first part is a registry only if it holds a dot or a colon, has capitals or is
#   `localhost`. https://github.com/distribution/reference
package lib.lockgate.images

# METADATA
# description: |
#   `{"registry", "repository", "name", "tag", "digest"}`; `name` is registry and repository joined; `tag` and `digest` are
#   "" when absent. Undefined when the reference is not valid.
parse(text) := reference if {
	is_string(text)
	at := split(text, "@")
	count(at) <= 2
	located := at[0]
	slash := last_index(split(located, "/"))
	parts := split(located, "/")
	colon := split(parts[slash], ":")
	count(colon) <= 2
	plain := array.concat(array.slice(parts, 0, slash), [colon[0]])
	named := normalised(plain)
	valid_registry(named.registry)
	valid_repository(named.repository)
	tag := element(colon, 1)
	valid_tag(colon, tag)
	digest := element(at, 1)
	valid_digest(at, digest)
	name := concat("/", [named.registry, named.repository])
	count(name) <= 255
	reference := {
		"registry": named.registry,
		"repository": named.repository,
		"name": name,
		"tag": tag,
		"digest": digest,
	}
}

last_index(list) := count(list) - 1

element(list, index) := list[index]

element(list, index) := "" if count(list) <= index

normalised(parts) := {"registry": "docker.io", "repository": concat("/", ["library", parts[0]])} if {
	count(parts) == 1
	not regex.match(`^[0-9a-f]{64}$`, parts[0]) # an image ID, not a name
}

normalised(parts) := {"registry": "docker.io", "repository": concat("/", parts)} if {
	count(parts) > 1
	not is_registry(parts[0])
}

normalised(parts) := {"registry": registry, "repository": repository} if {
	count(parts) > 1
	is_registry(parts[0])
	registry := canonical_registry(lower(parts[0]))
	repository := canonical_repository(registry, array.slice(parts, 1, count(parts)))
}

is_registry(part) if contains(part, ".")

is_registry(part) if contains(part, ":")

is_registry(part) if part == "localhost"

is_registry(part) if lower(part) != part

canonical_registry(registry) := "docker.io" if registry in docker_registries

canonical_registry(registry) := registry if not registry in docker_registries

docker_registries := {"docker.io", "index.docker.io"}

canonical_repository("docker.io", parts) := concat("/", ["library", parts[0]]) if count(parts) == 1

canonical_repository("docker.io", parts) := concat("/", parts) if count(parts) > 1

canonical_repository(registry, parts) := concat("/", parts) if registry != "docker.io"

valid_registry(registry) if {
	regex.match(`^([a-z0-9]+(-+[a-z0-9]+)*(\.[a-z0-9]+(-+[a-z0-9]+)*)*|\[[0-9a-f:]+\])(:[0-9]+)?$`, registry)
}

valid_repository(repository) if {
	regex.match(`^[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)*$`, repository)
}

valid_tag(colon, _) if count(colon) == 1

valid_tag(colon, tag) if {
	count(colon) == 2
	regex.match(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`, tag)
}

valid_digest(at, _) if count(at) == 1

valid_digest(at, digest) if {
	count(at) == 2
	regex.match(`^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$`, digest)
}

# METADATA
# description: |
#   Whether a reference lies in a place: a registry (`registry.example.com:5000`), or a repository or a folder of repositories
#   (`registry.example.com/ml`). Whole parts are compared, so `gcr.io/foo` is no place for `gcr.io/foobar`.
within(reference, place) if reference.name == place

within(reference, place) if startswith(reference.name, concat("", [place, "/"]))

# METADATA
# description: |
#   Whether text holds a placeholder that some tool fills in later: Katib's and Argo's parameters, Helm's and shell's variables.
placeholder(text) if contains(text, "{{")

placeholder(text) if {
	contains(text, "$")
	regex.match(`\$[A-Za-z_({]`, text)
}

# METADATA
# description: |
#   The reference that values of a chart have in pieces: `registry`, `repository`, `tag` and `digest`, of which the digest counts. A tag that is a
#   number is taken as it is written. Undefined without a repository.
of_pieces(value) := concat("", [place(value), "@", value.digest]) if {
	is_string(value.digest)
	value.digest != ""
} else := sprintf("%s:%s", [place(value), as_text(value.tag)]) if {
	not value.tag in {"", null}
} else := place(value)

place(value) := sprintf("%s/%s", [trim_right(value.registry, "/"), value.repository]) if {
	is_string(value.registry)
	value.registry != ""
} else := value.repository

# METADATA
# description: |
#   The reference that an entry of kustomize's `images` makes: `newName` or `name`, with `digest` or `newTag`. Undefined where it changes neither
#   tag nor digest nor name.
of_kustomize(image) := concat("", [kustomize_name(image), "@", image.digest]) if {
	is_string(image.digest)
	image.digest != ""
} else := sprintf("%s:%s", [kustomize_name(image), as_text(image.newTag)]) if {
	not object.get(image, "newTag", "") in {"", null}
} else := image.newName if {
	is_string(image.newName)
	image.newName != ""
}

kustomize_name(image) := image.newName if {
	is_string(image.newName)
	image.newName != ""
} else := image.name if is_string(image.name)

as_text(value) := value if {
	is_string(value)
} else := sprintf("%v", [value])
