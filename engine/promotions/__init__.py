"""What enters a higher environment: subjects with their versions, environments in order, and what changed between two states."""
