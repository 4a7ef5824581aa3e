"""Promotions at the doors: objects read into what `lockgate.engine.promotions` compares."""
