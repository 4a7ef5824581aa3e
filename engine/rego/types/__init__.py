"""Static types of Rego: what OPA's compiler knows of every term, and what it refuses for it."""
