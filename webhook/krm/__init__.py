"""`lockgate fn`: the check as a KRM function, which takes a ResourceList and gives it back with what policies say."""
