"""Defects planted in real manifests: what the profiles must deny."""
