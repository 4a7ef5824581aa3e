"""What to do about a mistake in a policy: the last line of a compile error."""
