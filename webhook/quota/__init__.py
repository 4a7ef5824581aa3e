"""Quotas of devices in CI and on the command line: snapshots, predictions, and what the ledger holds."""
