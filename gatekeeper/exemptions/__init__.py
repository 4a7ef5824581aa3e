"""Exemptions: recorded, owned, expiring permissions to violate, and who may give them for how long."""
