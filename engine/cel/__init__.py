"""CEL, the Common Expression Language, as Kubernetes 1.34 speaks it: parsed, checked, compiled to Python."""
