"""Faults: a writer that is killed, and a disk that loses what was not synced."""
