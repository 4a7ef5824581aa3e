"""Gatekeeper's kinds on the engine's Policy protocol: templates, constraints, match, target and suites."""
