"""Long runs: `python -m tests.soak differential|fuzz`."""
