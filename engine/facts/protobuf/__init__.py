"""Formats that are messages of Protocol Buffers: read by the wire, with tables of their fields."""
