"""Memories of a log outside of its database, and what they make of it."""
