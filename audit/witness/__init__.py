"""Witnesses (C2SP tlog-witness): the client that asks for cosignatures, and a small witness of our own."""
