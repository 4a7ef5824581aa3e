"""Quotas: what objects are charged, and a ledger in a database in which limits hold under concurrent admission.

The values are in `amounts`, `windows`, `reservation` and `outcome`, and know nothing of a database; the ledger is in `store`.
"""
