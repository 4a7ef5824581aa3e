"""How much of what they ask for workloads use: measurements read, summed up, and told to rules."""
