"""Tests of `lockgate claims`."""
