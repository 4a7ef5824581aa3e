"""Decides: documents, reviews, policies and the languages they are written in.

Knows nothing of HTTP, of Gatekeeper's kinds or of the tables of the trail.
"""
