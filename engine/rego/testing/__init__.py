"""Unit tests of policies, as `opa test` has them: which there are, their outcome, and what they cover."""
