# METADATA
# title: Who asks
# description: |
#   The account that makes the request. In CI it is not known unless it is given; Lockgate says then that a rule which reads it
#   is not evaluated, and other engines see nobody.
package lib.lockgate.requester

# METADATA
# description: The name of the user.
default user := "nobody that is known"

user := input.review.userInfo.username
