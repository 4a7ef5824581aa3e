"""Facts about model artefacts, from their bytes alone: nothing of a model is ever loaded.

A file is told by its content, walked by the function of its format (scanners.py) and judged by what it names: what is
not known is not safe. Everything is bounded (budget.py), and what cannot be read to its end is "unreadable".
"""
