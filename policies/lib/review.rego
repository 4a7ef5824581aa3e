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
