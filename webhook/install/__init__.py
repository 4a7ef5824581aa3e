"""What Lockgate is in a cluster: its manifests, as values and as YAML."""
