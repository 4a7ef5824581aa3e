"""Adversaries that know the format, and honest histories that nobody may call tampered."""
