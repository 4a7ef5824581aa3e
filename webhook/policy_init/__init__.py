"""`lockgate policy init`: a configuration, constraints and exemptions for a repository that has none yet."""
