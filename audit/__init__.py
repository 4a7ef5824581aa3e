"""Remembers and proves. Nothing is here yet: the signed log is built on the decisions of `lockgate.engine`."""
