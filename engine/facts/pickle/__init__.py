"""Pickles: a machine that walks them with stand-ins for values, and runs nothing."""
