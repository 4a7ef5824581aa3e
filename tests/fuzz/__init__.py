"""Mutated policies and inputs: whatever they are, they end with a value or an error of the engine's own."""
