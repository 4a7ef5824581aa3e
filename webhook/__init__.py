"""The doors: the command line, the check in CI, and configuration. The only place that builds things from it."""
