"""OPA servers as a back end: the Rego of policies is pushed to them, and one query a review asks them."""
