"""Gatekeeper's external data: providers, what they are asked and say, and what comes of their failures."""
