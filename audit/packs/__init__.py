"""Evidence packs: one promotion, or one period, as a folder that an auditor takes away."""
