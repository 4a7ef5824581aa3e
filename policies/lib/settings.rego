# METADATA
# title: Settings
# description: |
#   What a field that turns something on says. A placeholder that a later step fills (`${ISOLATED}`) is known only then, and says neither.
package lib.lockgate.settings

import data.lib.lockgate.images

# METADATA
# description: Whether a setting is on; only `true` itself is, and what is unknown may be.
on(value) if value == true

on(value) if unknown(value)

# METADATA
# description: Whether a value is known only when a later step fills it in.
unknown(value) if {
	is_string(value)
	images.placeholder(value)
}

# METADATA
# description: A text that says something.
text(value) if {
	is_string(value)
	trim_space(value) != ""
}

# METADATA
# description: |
#   A text that is the value itself: it says something, and neither a later step nor a person (`<TOKEN>`) is to fill it in.
literal(value) if {
	text(value)
	not unknown(value)
	not regex.match(`^\s*<.*>\s*$`, value)
}

# METADATA
# description: The fields of an object; none where a value is no object.
fields(value) := value if {
	is_object(value)
} else := {}

# METADATA
# description: A value as a message shows it; `not set` where there is none. Lists and objects are left to `report`.
shown(null) := "not set"

shown(value) := sprintf("%v", [value]) if type_name(value) in {"boolean", "number"}

shown(value) := value if type_name(value) in {"array", "object", "string"}
