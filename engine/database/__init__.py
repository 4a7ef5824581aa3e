"""Databases that stores share: connections with full durability, and the versions of their tables."""
