"""Generated and mutated programs with their inputs, judged beside a running OPA."""
