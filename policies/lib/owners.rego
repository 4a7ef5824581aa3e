# METADATA
# title: Owners
# description: Who made an object, by what it says of its owners.
package lib.lockgate.owners

# METADATA
# description: The owners that control an object; a server lets there be one.
controllers(value) := [owner |
	some owner in value.metadata.ownerReferences
	owner.controller == true
]

# METADATA
# description: Whether a controller made the object of another one, which is judged itself.
controlled(value) if count(controllers(value)) > 0
