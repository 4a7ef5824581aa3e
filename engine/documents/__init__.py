"""Documents: parsed YAML or JSON values with the position of every value."""
