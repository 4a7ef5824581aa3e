# METADATA
# title: What a rule says
# description: Every rule reports in one form, which people read and tools take apart.
package lib.lockgate.report

import data.lib.lockgate.paths

# METADATA
# description: |
#   A violation: what is wrong at which path with which value, why that matters, and one edit that mends it. A value that is not a
#   string is shown by its type, and a long one is cut.
violation(path, what, value, why, fix) := {
	"msg": concat("", [what, " at ", paths.text(path), " (", shown(value), "); ", why, "; fix: ", fix]),
	"details": {"path": path, "value": shown(value), "fix": fix},
}

# METADATA
# description: That an object stands deeper inside of others than objects are read (`workloads.too_deep`).
too_deep(path) := violation(path, "objects are embedded too deep", "an embedded object", why, fix) if {
	why := "only two levels of objects inside objects are read"
	fix := "create the inner object by itself"
}

longest := 200

shown(value) := value if {
	is_string(value)
	count(value) <= longest
}

shown(value) := sprintf("%s…", [substring(value, 0, longest)]) if {
	is_string(value)
	count(value) > longest
}

shown(value) := sprintf("a value of type %s", [type_name(value)]) if not is_string(value)

# METADATA
# description: The names in a set, for a message.
names(set) := concat(", ", sort(set)) if count(set) > 0

names(set) := "none" if count(set) == 0
