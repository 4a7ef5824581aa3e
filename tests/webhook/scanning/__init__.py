"""Tests of `lockgate scan`."""
