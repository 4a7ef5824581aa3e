"""Verifying a trail from its bytes, with no trust in who keeps them."""
