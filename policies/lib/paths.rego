# METADATA
# title: Paths, as people write them
# description: A path is an array of strings and integers from the root of the object.
package lib.lockgate.paths

# METADATA
# description: |
#   `["spec", "containers", 0, "image"]` as `spec.containers[0].image`; a key that is not a plain word is quoted,
#   as in `metadata.annotations["example.com/key"]`.
text(path) := trim_prefix(concat("", [step(element) | some element in path]), ".")

step(element) := sprintf("[%d]", [element]) if {
	is_number(element)
} else := concat("", [".", element]) if {
	regex.match(`^[A-Za-z_][A-Za-z0-9_-]*$`, element)
} else := sprintf("[%q]", [element])

# METADATA
# description: The name of the field at the end of a path, for a message that has told the whole path already.
field(path) := names[count(names) - 1] if {
	names := [element | some element in path; is_string(element)]
	count(names) > 0
} else := "it"

# METADATA
# description: The path of what holds the value at a path.
parent(path) := array.slice(path, 0, count(path) - 1)
