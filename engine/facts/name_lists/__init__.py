"""What the names that pickles import may do: those that are known to be harmless, and those that are known to run code.

Only the lists of harmless names are a boundary: whatever is not on them is unvetted. The list of names that run code
(bad.py) gives better words for what is refused either way.
"""
