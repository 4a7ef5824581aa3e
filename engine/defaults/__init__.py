"""What the API server makes of an object before policies see it: its defaults, for core workloads of Kubernetes 1.34."""
