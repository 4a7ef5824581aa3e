"""The back end that the policy languages share: values, the Python writer, budgets, positions and the cache."""
