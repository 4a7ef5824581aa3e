"""CEL's functions, a module for each family, each with its `FUNCTIONS`; `catalogue` puts them together.

Errors' words, results and costs are those of cel-go 0.26 and k8s.io/apiserver 0.34 (pkg/cel/library).
"""
