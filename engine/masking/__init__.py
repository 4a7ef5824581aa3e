"""Masking: what must never be shown, logged, hashed or stored."""
