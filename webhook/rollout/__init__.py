"""Rollout: what policies would do to live objects and recent Decisions, before they are in force."""
