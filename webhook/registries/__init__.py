"""Model registries: which versions are asked for there, and which one they say is in an environment."""
