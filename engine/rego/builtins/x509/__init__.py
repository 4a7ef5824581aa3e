"""Certificates, certificate requests and private keys, read and shown as Go's `crypto/x509` does."""
