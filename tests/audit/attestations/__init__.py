"""Tests of what others signed about artefacts."""
