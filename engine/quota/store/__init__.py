"""The ledger of quotas in a database: SQLite, or PostgreSQL for many replicas."""
