"""Keys that sign: in a PKCS#11 token, and through the signers of securesystemslib."""
