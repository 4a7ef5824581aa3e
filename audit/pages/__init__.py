"""The auditor's pages: what a trail answers, as HTML without scripts and, the same, as JSON. They know of no web framework."""
