# METADATA
# title: What a rule judges
# description: |
#   The object under review. It is undefined on DELETE, where Gatekeeper copies the old object into place:
#   a rule about contents must not keep anybody from deleting what breaks it.
package lib.lockgate.review

target := input.review.object if not deletion

deletion if input.review.operation == "DELETE"

# METADATA
# description: The parameters of the constraint, `{}` when it has none.
parameters := object.get(input, "parameters", {})

# METADATA
# description: The object as it was before the request; `{}` when there was none.
former := input.review.oldObject if {
	is_object(input.review.oldObject)
} else := {}
