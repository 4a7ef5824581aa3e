"""Archives and compressed files: strictly, so that every reader finds in them what was walked here."""
