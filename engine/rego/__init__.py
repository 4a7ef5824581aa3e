"""Rego, compiled to Python in process."""
