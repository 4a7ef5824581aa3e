"""The auditor's API over HTTP: what is asked and answered, who may ask, and the one place that knows the web framework."""
