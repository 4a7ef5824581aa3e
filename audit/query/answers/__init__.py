"""Answers to auditors' questions, A1 to A15: typed lines, each with the entry that says it, and what of them is proven by whom."""
