"""Replay: recorded Decisions are made again, under the policies of then and under others."""
