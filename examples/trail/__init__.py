"""A trail of a made-up year, for demonstrations and tests: `python -m examples.trail FOLDER`."""
