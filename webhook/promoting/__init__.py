"""The commands about promotions: asking, approving, rolling back, revoking, and what the log has of them."""
